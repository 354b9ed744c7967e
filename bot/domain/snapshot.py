"""Knows what an export holds and what a check of it found, as values. Knows nothing of ZIP files, plans or deployments.

A table is named as people name it: `users`, and inside a component `waitlist/entries` (component path, slash, name).
"""

from datetime import timedelta
from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict

REPORT_VERSION = 1
SAMPLES_KEPT = 20
DEFAULT_BYTE_BUDGET = 64_000_000_000


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Verdict(StrEnum):
    """The one line. A sound export has neither an error nor a warning; an unreadable one could not be looked into."""

    SOUND = "sound"
    FINDINGS = "findings"
    UNREADABLE = "unreadable"

    @property
    def exit_status(self) -> int:
        """What a command line that reports this verdict exits with: 0, 1, 2."""
        return list(Verdict).index(self)


class Severity(StrEnum):
    """Measured by one question: would a restore take it, whole? Worst first."""

    ERROR = "error"
    WARNING = "warning"
    INFORMATION = "information"

    @property
    def rank(self) -> int:
        """0 is the worst."""
        return list(Severity).index(self)


# What the caller expects


class ExpectedReference(_Value):
    """The ids in `field` of `table` must exist in `target`.

    `field` is a path: `authorId`, `meta.authorId`, `memberIds`, `members.userId`; arrays on the way are looked into.
    """

    table: str
    field: str
    target: str


class ProductionCounts(_Value):
    """Rows per table, read from the deployment at `read_at`. `exact`: at the snapshot's own timestamp."""

    rows: dict[str, int]
    read_at: AwareDatetime
    exact: bool = False


class Expectations(_Value):
    """Everything a check compares an export with. With none of it, the export is only checked against itself.

    `recency` is how old the newest document of a table may be, against the snapshot's own time. `sha256` is what the
    file had when it was stored. `byte_budget` bounds what is inflated. `every_line` reads all the exact, slow way.
    """

    tables: tuple[str, ...] = ()
    not_empty: tuple[str, ...] = ()
    references: tuple[ExpectedReference, ...] = ()
    recency: dict[str, timedelta] = {}
    production: ProductionCounts | None = None
    snapshot_ns: int | None = None
    sha256: str | None = None
    byte_budget: int = DEFAULT_BYTE_BUDGET
    every_line: bool = False


# What a check says


class Progress(_Value):
    """Where a running check stands; bytes are those of the inflated export."""

    table: str
    bytes_done: int
    bytes_total: int


class Sample(_Value):
    """One case of a finding: the line (from 1) and the id, where there are such, and what was seen there."""

    line: int | None = None
    id: str = ""
    detail: str = ""


class Finding(_Value):
    """One kind of thing that is wrong in one place. `samples` are at most 20 of `total`.

    `code` is a public name and never changes its sense. `table` is empty when the archive as a whole is meant;
    `field` is set for references. `meaning` tells a person what it means for a restore.
    """

    code: str
    severity: Severity
    table: str = ""
    field: str = ""
    total: int
    samples: tuple[Sample, ...] = ()
    meaning: str


class ReferenceReport(_Value):
    """What was found when following one field. `configured` False: found by decoding ids."""

    field: str
    targets: tuple[str, ...]
    configured: bool
    checked: int
    orphans: int


class TableReport(_Value):
    """One table of the export. `fingerprint` is the SHA-256 of its documents' bytes ('' when they cannot be read).

    `difference` is rows here minus rows in production; `explanation` says what it means. `worst` is None when
    nothing was found.
    """

    name: str
    component: str = ""
    table: str
    number: int | None = None
    rows: int
    bytes: int
    newest_at: AwareDatetime | None = None
    oldest_at: AwareDatetime | None = None
    ascending: bool = True
    production_rows: int | None = None
    difference: int | None = None
    explanation: str = ""
    references: tuple[ReferenceReport, ...] = ()
    orphans: int = 0
    fingerprint: str
    worst: Severity | None = None


class StoredFiles(_Value):
    """The stored files of an export. `included` False: it was taken without them."""

    included: bool
    rows: int = 0
    files: int = 0
    bytes: int = 0


class Report(_Value):
    """What a check of one export found; findings worst first. `size` and `sha256` are those of the ZIP itself.

    `snapshot_at` is the moment the data is consistent at (`snapshot_ns`: in nanoseconds), None when nobody knows.
    """

    version: int = REPORT_VERSION
    file: str
    size: int
    sha256: str
    snapshot_at: AwareDatetime | None
    snapshot_ns: int | None
    started_at: AwareDatetime
    finished_at: AwareDatetime
    duration: timedelta
    peak_memory: int | None = None
    verdict: Verdict
    worst: Severity | None
    rows: int
    bytes: int
    tables: tuple[TableReport, ...]
    storage: StoredFiles
    findings: tuple[Finding, ...]


def verdict_of(findings: tuple[Finding, ...], *, readable: bool) -> Verdict:
    """The verdict that these findings amount to; information alone leaves an export sound."""
    if not readable:
        return Verdict.UNREADABLE
    serious = any(finding.severity is not Severity.INFORMATION for finding in findings)
    return Verdict.FINDINGS if serious else Verdict.SOUND


def worst_of(findings: tuple[Finding, ...]) -> Severity | None:
    """The worst severity among the findings, None without any."""
    return min((finding.severity for finding in findings), key=lambda severity: severity.rank, default=None)
