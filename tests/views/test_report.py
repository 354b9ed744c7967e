"""What an auditor reads of one check: nothing that is not known, and every kind of orphan of the demo's disaster."""

from datetime import timedelta

from bot.chat.cards import Card
from bot.chat.markdown import to_markdown
from bot.domain.snapshot import Finding, Report, Sample, Severity, StoredFiles, TableReport, Verdict
from bot.views.report import file_card
from tests.domain.test_health import NOW, PLAN


def shown(verdict: Verdict, *findings: Finding, tables: tuple[TableReport, ...] = (), sha256: str = "ab") -> Card:
    report = Report(
        file="copy.zip",
        size=30,
        sha256=sha256,
        snapshot_at=None,
        snapshot_ns=None,
        started_at=NOW,
        finished_at=NOW,
        duration=timedelta(),
        verdict=verdict,
        worst=findings[0].severity if findings else None,
        rows=0,
        bytes=0,
        tables=tables,
        storage=StoredFiles(included=False),
        findings=findings,
    )
    return file_card(report, PLAN)


def orphans(field: str) -> Finding:
    meaning = "References point at documents that are not in this export."
    return Finding(code="orphans", severity=Severity.ERROR, table="posts", field=field, total=3, meaning=meaning)


def unreadable(detail: str) -> Finding:
    sample = Sample(detail=detail)
    meaning = "This is not a ZIP archive, so nothing can be restored from it."
    return Finding(code="not-a-zip", severity=Severity.ERROR, total=1, samples=(sample,), meaning=meaning)


def test_of_a_file_that_cannot_be_read_neither_rows_nor_checks_are_claimed() -> None:
    said = to_markdown(shown(Verdict.UNREADABLE, unreadable("It looks like HTML: '<html>'."), sha256=""))
    for claim in ("0 rows", "without stored files", "Verification checks", "SHA-256"):
        assert claim not in said


def test_what_was_found_instead_of_an_archive_is_a_sentence_of_its_own() -> None:
    said = to_markdown(shown(Verdict.UNREADABLE, unreadable("The file is empty (0 bytes).")))
    assert "restored from it. Found: The file is empty (0 bytes)." in said.replace("\\", "")
    assert ".." not in said


def test_nine_kinds_of_orphans_are_all_on_the_card() -> None:
    said = to_markdown(shown(Verdict.FINDINGS, *(orphans(f"field{number}") for number in range(9))))
    assert all(f"posts.field{number}: orphans" in said for number in range(9))


def test_how_production_was_counted_is_a_sentence() -> None:
    table = TableReport(
        name="users",
        table="users",
        rows=1,
        bytes=9,
        fingerprint="f",
        production_rows=1,
        explanation="counted at the snapshot's own moment",
    )
    said = to_markdown(shown(Verdict.SOUND, tables=(table,)))
    assert "counted at the snapshot's own moment." in said
    assert "Compared with production:" in said
