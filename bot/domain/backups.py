"""Knows what a backup and the work on it are, as records. Knows nothing of where they are kept or shown."""

from datetime import datetime
from enum import StrEnum
from typing import NewType

from pydantic import AwareDatetime, BaseModel, ConfigDict

from bot.domain.people import PersonId
from bot.domain.snapshot import Severity, Verdict

EnvironmentName = NewType("EnvironmentName", str)
BackupId = NewType("BackupId", str)
OperationId = NewType("OperationId", str)


class Record(BaseModel):
    """A value as it is kept: frozen, with nothing unknown in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Backup(Record):
    """One copy of an environment's data in our own vault. Sizes are bytes, times aware and UTC.

    `snapshot_at` is the moment the data is consistent at (`snapshot_ns`: the same in nanoseconds since the epoch).
    `verdict` is None until it was verified (`worst`: its gravest finding), `purged_at` None while the file is there.
    `kept` means: never purged by retention. `convex_id` and `convex_expires_at` speak of Convex's own copy of the
    same export.
    """

    id: BackupId
    environment: EnvironmentName
    requested_at: AwareDatetime
    requested_by: PersonId
    snapshot_at: AwareDatetime
    snapshot_ns: int
    stored_at: AwareDatetime
    file: str
    size: int
    sha256: str
    with_files: bool
    kept: bool = False
    verdict: Verdict | None = None
    worst: Severity | None = None
    verified_at: AwareDatetime | None = None
    rows: int | None = None
    purged_at: AwareDatetime | None = None
    purge_reason: str = ""
    convex_id: str = ""
    convex_expires_at: AwareDatetime | None = None

    @property
    def restorable(self) -> bool:
        """Whether a check has shown that a restore would take this copy, whole, and the file is still there."""
        return (
            self.verdict in (Verdict.SOUND, Verdict.FINDINGS)
            and self.worst is not Severity.ERROR
            and not self.purged_at
        )


class OperationKind(StrEnum):
    """Kinds of long work."""

    EXPORT = "export"
    VERIFY = "verify"


class Phase(StrEnum):
    """Where a piece of long work stands; the last three are ends."""

    WAITING = "waiting"
    REQUESTED = "requested"
    EXPORTING = "exporting"
    DOWNLOADING = "downloading"
    VERIFYING = "verifying"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self in (Phase.DONE, Phase.FAILED, Phase.CANCELLED)


class Operation(Record):
    """One piece of long work, as people follow it.

    `done` of `total` counts what the phase counts (tables while exporting, bytes afterwards); `message` is the
    vendor's or our own word on it. `problem` and `hint` say why it failed. `cancel_by` is who asked to stop it.
    """

    id: OperationId
    kind: OperationKind
    environment: EnvironmentName
    phase: Phase
    started_at: AwareDatetime
    started_by: PersonId
    with_files: bool = False
    backup: BackupId | None = None
    done: float = 0
    total: float | None = None
    message: str = ""
    retry_at: datetime | None = None
    phase_at: AwareDatetime
    updated_at: AwareDatetime
    ended_at: AwareDatetime | None = None
    cancel_by: PersonId | None = None
    problem: str = ""
    hint: str = ""


class CloudBackup(Record):
    """Convex's own newest copy, as far as the key can see it."""

    id: str
    state: str
    snapshot_at: AwareDatetime | None
    expires_at: AwareDatetime | None
    size: int | None


class Observation(Record):
    """What the sweep last saw of an environment. `problem` is set when the last look failed; the rest then stays
    as it was at `seen_at`.

    `may` are the operations the key allows (empty: all). `rows` are production counts at one timestamp.
    `cloud_backup_visible` False means the key may not see Convex's own copies: say so, never "none".
    """

    # Another version may have looked last, on the same database, and kept more of what it saw.
    model_config = ConfigDict(extra="ignore")

    environment: EnvironmentName
    tried_at: AwareDatetime
    seen_at: AwareDatetime | None = None
    problem: str = ""
    hint: str = ""
    name: str = ""
    project_id: str = ""
    kind: str = ""
    state: str = ""
    read_only: bool = False
    may: tuple[str, ...] = ()
    rows: dict[str, int] = {}
    rows_at: AwareDatetime | None = None
    cloud_backup: CloudBackup | None = None
    cloud_backup_visible: bool = False


class ServiceStatus(Record):
    """What the vendor's status page says: indicator none, minor, major, critical, or unknown."""

    indicator: str
    description: str
    seen_at: datetime
