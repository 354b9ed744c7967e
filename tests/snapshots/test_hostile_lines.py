import random
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.domain.snapshot import Expectations, Severity
from tests.snapshots.conftest import Check, Checked
from tests.snapshots.hostile import POSTS, USERS, ids, sound

E, W, N = Severity.ERROR, Severity.WARNING, Severity.INFORMATION
# Beyond the first 2,000 documents, so that the quick way of reading has to notice by itself.
LATE = 2500
SOUND = b'{"_creationTime":1760000000000.5,"_id":"%s","authorId":null,"extra":%s}\n'

Change = Callable[[list[bytes], int], None]


def replaced(content: bytes) -> Change:
    """The line itself is this."""

    def change(lines: list[bytes], at: int) -> None:
        lines[at] = content

    return change


def holding(value: bytes) -> Change:
    """The line gets a field that nobody asks for, holding this."""

    def change(lines: list[bytes], at: int) -> None:
        lines[at] = lines[at].removesuffix(b"}\n") + b',"zzz":' + value + b"}\n"

    return change


def edited(old: bytes, new: bytes) -> Change:
    def change(lines: list[bytes], at: int) -> None:
        assert old in lines[at]
        lines[at] = lines[at].replace(old, new, 1)

    return change


def joined(lines: list[bytes], at: int) -> None:
    lines[at] = lines[at].removesuffix(b"\n")


def split(lines: list[bytes], at: int) -> None:
    lines[at] = lines[at].replace(b',"body"', b',\n"body"', 1)


def joined_and_split(lines: list[bytes], at: int) -> None:
    joined(lines, at)
    split(lines, at + 2)


def cut(lines: list[bytes], at: int) -> None:
    lines[at] = lines[at][: len(lines[at]) // 2] + b"\n"


def without_id(lines: list[bytes], at: int) -> None:
    start = lines[at].index(b'"_id"')
    lines[at] = lines[at][:start] + lines[at][lines[at].index(b",", start) + 1 :]


def with_id(value: bytes) -> Change:
    def change(lines: list[bytes], at: int) -> None:
        start = lines[at].index(b'"_id":') + 6
        lines[at] = lines[at][:start] + value + lines[at][lines[at].index(b",", start) :]

    return change


def with_time(value: bytes) -> Change:
    def change(lines: list[bytes], at: int) -> None:
        start = lines[at].index(b'"_creationTime":') + 16
        lines[at] = lines[at][:start] + value + lines[at][lines[at].index(b",", start) :]

    return change


def doubled(lines: list[bytes], at: int) -> None:
    lines.insert(at, lines[at])


def swapped(lines: list[bytes], at: int) -> None:
    lines[at], lines[at + 1] = lines[at + 1], lines[at]


def unended(lines: list[bytes], at: int) -> None:
    lines[-1] = lines[-1].removesuffix(b"\n")


def long_line(length: int) -> Change:
    return holding(b'"' + random.Random(1).randbytes(length // 2).hex().encode() + b'"')


WRONG_SUM = ids(POSTS, 1, seed=9)[0]
WRONG_SUM = WRONG_SUM[:-1] + ("0" if WRONG_SUM[-1] != "0" else "1")

# (what is done to a line, finding, severity, noticed late too)
ROWS: dict[str, tuple[Change, str, Severity, bool]] = {
    "NaN": (holding(b"NaN"), "bad-json", E, True),
    "Infinity": (holding(b"-Infinity"), "bad-json", E, True),
    "1e999": (holding(b"1e999"), "number-too-large", E, False),
    "1e999 as creation time": (with_time(b"1e999"), "number-too-large", E, True),
    "an integer beyond 64 bits": (holding(b"9223372036854775808"), "number-too-large", E, False),
    "bad UTF-8": (holding(b'"\xff\xfe"'), "bad-utf8", E, True),
    "overlong UTF-8": (holding(b'"\xc0\xaf"'), "bad-utf8", E, True),
    "raw surrogate bytes": (holding(b'"\xed\xa0\x80"'), "bad-utf8", E, True),
    "lone surrogate escape": (holding(b'"\\ud800"'), "bad-json", E, True),
    "raw control character": (holding(b'"\x01"'), "bad-json", E, True),
    "cut line": (cut, "bad-json", E, True),
    "trailing comma": (holding(b"[1,2,]"), "bad-json", E, True),
    "duplicate key": (holding(b'1,"zzz":2'), "duplicate-key", W, False),
    "duplicate key deep inside": (holding(b'[{"a":{"b":1,"b":2}}]'), "duplicate-key", W, False),
    "BOM": (lambda lines, at: replaced(b"\xef\xbb\xbf" + lines[at])(lines, at), "bom", E, True),
    "CRLF": (lambda lines, at: replaced(lines[at][:-1] + b"\r\n")(lines, at), "crlf", W, True),
    "blank line": (lambda lines, at: lines.insert(at, b"\n"), "blank-line", E, True),
    "line of blanks": (lambda lines, at: lines.insert(at, b"  \t\n"), "blank-line", E, True),
    "two documents on a line": (joined, "bad-json", E, True),
    "one document over two lines": (split, "bad-json", E, True),
    "both, cancelling out": (joined_and_split, "bad-json", E, True),
    "an array": (replaced(b"[1]\n"), "not-an-object", E, True),
    "a string": (replaced(b'"users"\n'), "not-an-object", E, True),
    "missing _id": (without_id, "id-missing", E, True),
    "null _id": (with_id(b"null"), "id-missing", E, True),
    "_id a number": (with_id(b"7"), "id-missing", E, True),
    "empty _id": (with_id(b'""'), "id-missing|id-malformed", E, True),
    "_id with a bad checksum": (with_id(b'"%s"' % WRONG_SUM.encode()), "id-malformed", E, True),
    "_id too short": (with_id(b'"abc"'), "id-malformed", E, True),
    "_id of another table": (
        with_id(b'"%s"' % ids(USERS, 1, seed=9)[0].encode()),
        "id-of-another-table",
        E,
        True,
    ),
    "duplicate _id, neighbours": (doubled, "id-duplicate", E, True),
    "_creationTime null": (with_time(b"null"), "creation-time-missing", E, True),
    "_creationTime a string": (with_time(b'"2026"'), "creation-time-missing", E, True),
    "_creationTime in the future": (with_time(b"9999999999999.5"), "creation-time-future", W, True),
    "_creationTime an integer": (with_time(b"1760000000000"), "creation-time-integer", W, False),
    "nesting 1 000": (holding(b"[" * 1100 + b"]" * 1100), "too-deep", E, True),
    "nesting 70": (holding(b"[" * 70 + b"]" * 70), "too-deep", E, False),
    "no final newline": (unended, "no-final-newline", W, True),
    "not ascending": (swapped, "not-ascending", N, True),
    "line of 17 MiB": (long_line(17 << 20), "line-too-long", E, True),
    "line of 10 MiB": (long_line(10 << 20), "", N, True),
}


def checked_with(
    change: Change, at: int, tmp_path: Path, check: Check, expectations: Expectations | None = None
) -> Checked:
    export = sound(posts=max(90, at + 500))
    change(export.tables["posts"], at)
    return check(export.write(tmp_path / "export.zip"), expectations)


def assert_found(checked: Checked, codes: str, severity: Severity) -> None:
    found = {finding.code: finding for finding in checked.report.findings}
    if codes:
        finding = next(found[code] for code in codes.split("|") if code in found)
        assert (finding.severity, finding.table) == (severity, "posts")
    serious = bool(codes) and severity is not N
    assert checked.status == serious, checked.report.findings


@pytest.mark.parametrize("case", ROWS)
def test_every_broken_line_is_found_among_the_first_documents(case: str, tmp_path: Path, check: Check) -> None:
    change, codes, severity, _ = ROWS[case]

    checked = checked_with(change, 40, tmp_path, check)

    assert_found(checked, codes, severity)
    if codes and "ascending" not in codes and codes != "no-final-newline":
        finding = next(finding for finding in checked.report.findings if finding.code in codes.split("|"))
        assert finding.samples[0].line in (41, 42)


@pytest.mark.parametrize("case", [case for case, row in ROWS.items() if row[3]])
def test_broken_lines_are_found_wherever_they_stand(case: str, tmp_path: Path, check: Check) -> None:
    change, codes, severity, _ = ROWS[case]

    assert_found(checked_with(change, LATE, tmp_path, check), codes, severity)


@pytest.mark.parametrize("case", [case for case, row in ROWS.items() if not row[3]])
def test_reading_every_line_exactly_finds_the_rest(case: str, tmp_path: Path, check: Check) -> None:
    change, codes, severity, _ = ROWS[case]
    assert_found(checked_with(change, LATE, tmp_path, check, Expectations(every_line=True)), codes, severity)


@pytest.mark.parametrize("case", ["line of 17 MiB", "line of 10 MiB", "nesting 1 000", "CRLF"])
def test_odd_lines_leave_memory_flat(case: str, tmp_path: Path, check_in_child: Check) -> None:
    change, codes, severity, _ = ROWS[case]

    checked = checked_with(change, LATE, tmp_path, check_in_child)

    assert_found(checked, codes, severity)
    assert checked.memory < 150_000_000


def test_ids_out_of_order_are_searched_for_duplicates(tmp_path: Path, check: Check) -> None:
    export = sound(posts=3000)
    lines = export.tables["posts"]
    lines.append(lines[10])
    lines.append(lines[10])

    finding = check(export.write(tmp_path / "export.zip")).finding("id-duplicate")

    assert finding.total == 2
    assert [sample.line for sample in finding.samples] == [3001, 3002]


def test_shuffled_documents_without_duplicates_are_sound(tmp_path: Path, check: Check) -> None:
    export = sound(posts=3000)
    random.Random(1).shuffle(export.tables["posts"])

    checked = check(export.write(tmp_path / "export.zip"))

    assert checked.status == 0
    assert checked.finding("not-ascending").severity is N


def test_totals_are_exact_and_samples_at_most_twenty(tmp_path: Path, check: Check) -> None:
    export = sound(posts=5000)
    for at in range(0, 5000, 2):
        without_id(export.tables["posts"], at)

    finding = check(export.write(tmp_path / "export.zip")).finding("id-missing")

    assert (finding.total, len(finding.samples)) == (2500, 20)
