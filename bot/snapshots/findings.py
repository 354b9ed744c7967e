"""Knows every finding by its code: how serious it is, what it means for a restore. Knows nothing of how it is found."""

from typing import NamedTuple

from bot.domain.snapshot import SAMPLES_KEPT, Finding, Sample, Severity

# A hostile archive must not make a report of any length: beyond this many, findings of one kind are added up.
FINDINGS_KEPT = 2000

E, W, N = Severity.ERROR, Severity.WARNING, Severity.INFORMATION


class Kind(NamedTuple):
    """How serious a finding is, and what it means."""

    severity: Severity
    meaning: str


KINDS = {
    # the file
    "file-missing": Kind(E, "There is no file to check."),
    "file-unreadable": Kind(E, "The file could not be read; check its permissions and the disk."),
    "file-changed": Kind(E, "The file is not the one that was stored: its SHA-256 differs. Do not restore from it."),
    "not-a-zip": Kind(E, "This is not a ZIP archive, so nothing can be restored from it."),
    "truncated": Kind(E, "The end of the archive is missing. Download it again."),
    "directory-count": Kind(E, "The archive holds another number of members than it declares."),
    "directory-broken": Kind(E, "The archive's table of contents cannot be read. Download it again."),
    "not-an-export": Kind(E, "No table was found in this archive: it is not a Convex export."),
    "over-budget": Kind(E, "It would inflate beyond the allowed size, so it was not looked into."),
    "too-many-tables": Kind(E, "No deployment has this many tables, so it was not looked into."),
    # the archive
    "junk-before": Kind(W, "Something was put before the archive; some restores refuse such a file."),
    "junk-between": Kind(W, "Bytes between the members belong to none; the archive was put together by hand."),
    "junk-after": Kind(W, "Something follows the archive; some restores refuse such a file."),
    "overlap": Kind(E, "Two members share the same bytes: the archive was forged or is damaged."),
    "local-header": Kind(E, "A member and the table of contents disagree, so two tools would restore different data."),
    "outside-file": Kind(E, "A member's data lies outside the file: download it again."),
    "unsafe-name": Kind(E, "A member's name would leave the folder it is unpacked to; nothing here was unpacked."),
    "duplicate-member": Kind(E, "Two members have one name; a restore would read both."),
    "encrypted": Kind(E, "A member is encrypted; Convex never does that, and a restore cannot read it."),
    "unknown-method": Kind(E, "A member is packed in a way Convex never uses; a restore cannot read it."),
    "damaged": Kind(E, "The data of a member is damaged, and what follows in it is lost. Download it again."),
    "wrong-size": Kind(E, "A member is not as long as declared; a restore would take the wrong bytes or refuse."),
    "wrong-crc": Kind(E, "A member's content does not match its checksum: it was changed or damaged."),
    "bomb": Kind(W, "A member packs more than 200 to 1; real documents never do."),
    "unknown-member": Kind(N, "A member that a restore ignores."),
    # the lines
    "no-final-newline": Kind(W, "The last line does not end; a restore takes it, but it may have been cut."),
    "blank-line": Kind(E, "A restore stops at a blank line."),
    "crlf": Kind(W, "Lines end as on Windows: the file went through an editor or a transfer in text mode."),
    "bom": Kind(E, "A byte order mark stands before the first line; a restore refuses it."),
    "bad-utf8": Kind(E, "A line is not UTF-8, so a restore refuses it."),
    "bad-json": Kind(E, "A line is not one valid JSON document, so a restore refuses it."),
    "not-an-object": Kind(E, "A line holds something that is no document, so a restore refuses it."),
    "line-too-long": Kind(E, "A line is longer than any document can be, so a restore refuses it."),
    "too-deep": Kind(E, "A document nests deeper than the 64 levels Convex takes."),
    "number-too-large": Kind(E, "A number is beyond what Convex can hold, so a restore refuses it."),
    "duplicate-key": Kind(W, "A document has one field twice; a restore keeps one of the two values."),
    # the documents
    "id-missing": Kind(
        E, "A document has no usable `_id`; a restore would give it a new one and orphan its references."
    ),
    "id-malformed": Kind(E, "An `_id` is not a Convex id (length, alphabet or checksum), so a restore refuses it."),
    "id-of-another-table": Kind(E, "An `_id` belongs to another table, so a restore refuses the table."),
    "id-duplicate": Kind(E, "Two documents have one `_id`, so a restore refuses the table."),
    "not-ascending": Kind(N, "Documents are not in the order of their ids: the file was not written by Convex alone."),
    "creation-time-missing": Kind(E, "A document has no usable `_creationTime`; a restore would date it anew."),
    "creation-time-integer": Kind(
        W, "`_creationTime` is written without a decimal point, as no Convex export does; a restore reads an int64."
    ),
    "creation-time-future": Kind(W, "Documents are dated in the future: a clock was wrong, or the file was edited."),
    # the tables
    "tables-list-missing": Kind(W, "There is no list of tables, so ids could not be checked against their table."),
    "tables-list-broken": Kind(E, "The list of tables cannot be understood, so a restore refuses it."),
    "table-without-member": Kind(E, "Listed but without documents: a replacing restore would empty this table."),
    "table-not-listed": Kind(E, "Its documents are here, but the list of tables does not name it."),
    "sidecar-missing": Kind(W, "Without its `generated_schema.jsonl` a restore turns every int64 into a float64."),
    "sidecar-broken": Kind(E, "Its `generated_schema.jsonl` cannot be understood, so a restore refuses the table."),
    "table-empty": Kind(N, "The table has no documents."),
    # references
    "orphans": Kind(W, "References point at documents that are not in this export."),
    "reference-malformed": Kind(W, "References hold something that is not an id."),
    "reference-wrong-table": Kind(E, "References point into another table than expected."),
    "reference-unchecked": Kind(N, "References could not be followed, because their table could not be read whole."),
    "reference-elsewhere": Kind(N, "References point into tables where the first documents pointed at none."),
    "reference-unknown": Kind(E, "An expected reference names a table that is not in this export."),
    # stored files
    "stored-file-missing": Kind(E, "A stored file is listed, but its content is not in the export."),
    "stored-file-unlisted": Kind(
        W, "A stored file's content is here, but no row describes it; a restore leaves it out."
    ),
    "stored-file-size": Kind(E, "A stored file is not as long as its row says."),
    "stored-file-hash": Kind(E, "A stored file is not the one that was stored: its SHA-256 differs."),
    "stored-row-broken": Kind(E, "A row about a stored file lacks a usable size or SHA-256."),
    # what the caller expects
    "expected-table-missing": Kind(E, "A table that must be there is not in the export."),
    "expected-rows-missing": Kind(E, "A table that must have documents is empty."),
    "production-table-missing": Kind(E, "Production has this table, the export does not."),
    "production-has-rows": Kind(E, "The table is empty here, but has documents in production."),
    "production-differs": Kind(E, "At the snapshot's own moment production had another number of documents."),
    "production-far-off": Kind(W, "The number of documents is further from production's than writing since explains."),
    "stale": Kind(W, "The newest document is older than the plan expects: writes may have stopped before the export."),
}


class _Tally:
    def __init__(self, severity: Severity) -> None:
        self.severity = severity
        self.total = 0
        self.samples: list[Sample] = []


class Findings:
    """What has been found so far; at most 20 samples of each finding are kept, totals are exact."""

    def __init__(self) -> None:
        self._tallies: dict[tuple[str, str, str], _Tally] = {}

    def add(
        self,
        code: str,
        table: str = "",
        field: str = "",
        *,
        line: int | None = None,
        id: str = "",  # noqa: A002 - the sample's own word for it
        detail: str = "",
        count: int = 1,
        severity: Severity | None = None,
    ) -> None:
        """Count `count` cases of `code` and keep this one as a sample while there is room."""
        key = (code, table, field)
        if key not in self._tallies and len(self._tallies) >= FINDINGS_KEPT:
            key = (code, "", "")
        tally = self._tallies.get(key)
        if tally is None:
            tally = self._tallies[key] = _Tally(severity or KINDS[code].severity)
        tally.total += count
        if len(tally.samples) < SAMPLES_KEPT and (line or id or detail):
            tally.samples.append(Sample(line=line, id=id[:80], detail=detail[:200]))

    def all(self) -> tuple[Finding, ...]:
        """Every finding, worst first, then the most frequent."""
        found = [
            Finding(
                code=code,
                severity=tally.severity,
                table=table,
                field=field,
                total=tally.total,
                samples=tuple(tally.samples),
                meaning=KINDS[code].meaning,
            )
            for (code, table, field), tally in self._tallies.items()
        ]
        return tuple(sorted(found, key=lambda f: (f.severity.rank, f.table != "", -f.total, f.code, f.table, f.field)))
