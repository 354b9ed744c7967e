"""Knows what Convex says of an import: its dry run, and how it stands. Knows no HTTP."""

import hashlib
import json
from enum import StrEnum

from pydantic import AwareDatetime

from bot.domain.backups import Record


class ImportMode(StrEnum):
    """What becomes of the rows that are there."""

    REPLACE_ALL = "replace-all"
    REPLACE = "replace"
    APPEND = "append"
    REQUIRE_EMPTY = "require-empty"

    @property
    def atomic(self) -> bool:
        """Whether an import that fails leaves everything as it was."""
        return self is not ImportMode.APPEND


class ImportStage(StrEnum):
    """How far an import is. `uploaded`: Convex looks into the file; `waiting`: its dry run is there."""

    UPLOADED = "uploaded"
    WAITING = "waiting"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    FAILED = "failed"


class TableChange(Record):
    """What an import would do to one table, in rows (in files: `_storage`)."""

    table: str
    create: int
    delete: int
    existing: int


class ImportPlan(Record):
    """Convex's own dry run of an import."""

    id: str
    mode: ImportMode
    changes: tuple[TableChange, ...]

    @property
    def digest(self) -> str:
        """What an agreement is bound to: SHA-256 over exactly this, in hex."""
        shown = self.model_dump(mode="json", include={"id", "mode", "changes"})
        return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()

    @property
    def create(self) -> int:
        """What would be written, over all tables."""
        return sum(change.create for change in self.changes)

    @property
    def delete(self) -> int:
        """What would be deleted, over all tables."""
        return sum(change.delete for change in self.changes)


class ImportState(Record):
    """How an import stands. `plan` is there once Convex has looked into the file.

    `message` is Convex's own text while it waits or goes on; when it has failed, why, in our words, and `mend` what
    to do about it. `rows_written` (without stored files) comes at the end.
    """

    id: str
    created_at: AwareDatetime
    state: ImportStage
    message: str = ""
    mend: str = ""
    progress: tuple[str, ...] = ()
    plan: ImportPlan | None = None
    rows_written: int | None = None

    @property
    def begun(self) -> bool:
        """Whether it was performed, to its end or not yet."""
        return self.state in (ImportStage.IN_PROGRESS, ImportStage.COMPLETED)

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in (ImportStage.COMPLETED, ImportStage.FAILED)
