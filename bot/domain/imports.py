"""Knows what Convex says of an import: its dry run, and how it stands. Knows no HTTP."""

import hashlib
import json
from enum import StrEnum

from bot.domain.backups import Record


class ImportMode(StrEnum):
    """What becomes of the rows that are there."""

    REPLACE_ALL = "replace-all"
    REPLACE = "replace"
    APPEND = "append"
    REQUIRE_EMPTY = "require-empty"


class TableChange(Record):
    """What an import would do to one table, in rows."""

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
        return hashlib.sha256(json.dumps(self.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()


class ImportState(Record):
    """How an import stands. `plan` is there once Convex has looked into the file."""

    id: str
    state: str
    message: str = ""
    plan: ImportPlan | None = None
    rows_written: int | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in ("completed", "failed")
