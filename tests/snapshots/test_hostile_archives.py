import random
import struct
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from isal import isal_zlib

from bot.domain.document_ids import encode
from bot.domain.snapshot import Expectations, Severity, Verdict
from tests.snapshots.conftest import Check
from tests.snapshots.hostile import FIRST_CREATED, USERS, Member, archive, changed, ids, line, sound

POSTS_MEMBER = "posts/documents.jsonl"
MEMORY_LIMIT = 150_000_000


def truncated() -> bytes:
    whole = archive(sound().members())
    return whole[: len(whole) // 2]


def last_bytes_gone() -> bytes:
    return archive(sound().members())[:-10]


def byte_flipped() -> bytes:
    members = sound(posts=2000).members()
    packed = bytearray(next(member for member in members if member.name == POSTS_MEMBER).pack())
    packed[len(packed) // 2] ^= 0x55
    return archive(changed(members, POSTS_MEMBER, packed=bytes(packed)))


def with_changed(**changes: object) -> Callable[[], bytes]:
    return lambda: archive(changed(sound().members(), POSTS_MEMBER, **changes))


def with_extra(*members: Member) -> Callable[[], bytes]:
    return lambda: archive([*sound().members(), *members])


def two_entries_one_body() -> bytes:
    members = sound().members()
    whole = archive(members)
    first = whole.index(b"PK\3\4", 4)
    twin = Member("copy/documents.jsonl", members[1].content, packed=b"", offset=first)
    twin.compressed = len(members[1].pack())
    return archive([*members, twin])


@cache
def a_gigabyte_of_blanks() -> tuple[bytes, int]:
    """Packed, and its checksum."""
    engine = isal_zlib.compressobj(1, isal_zlib.DEFLATED, -15)
    blanks, packed, crc = b" " * (1 << 20), b"", 0
    for _ in range(1024):
        packed += engine.compress(blanks)
        crc = isal_zlib.crc32(blanks, crc)
    return packed + engine.flush(), crc


def a_bomb(name: str) -> bytes:
    packed, crc = a_gigabyte_of_blanks()
    bomb = Member(name, b"", packed=packed, crc=crc, size=1 << 30)
    return archive([*sound().members(), bomb])


def many_tables() -> bytes:
    return archive([Member(f"t{at}/documents.jsonl", b"", method=0, flags=0) for at in range(100_000)])


# What may be found, how serious it is, and the exit status; '' where nothing is wrong.
ROWS: dict[str, tuple[Callable[[], bytes], str, Verdict]] = {
    "truncated": (truncated, "truncated", Verdict.UNREADABLE),
    "last 10 bytes gone": (last_bytes_gone, "truncated", Verdict.UNREADABLE),
    "byte flipped in data": (byte_flipped, "damaged|wrong-crc|wrong-size", Verdict.FINDINGS),
    "CRC wrong in directory only": (with_changed(crc=12345), "wrong-crc", Verdict.FINDINGS),
    "declared size too large": (with_changed(size=10**6), "wrong-size", Verdict.FINDINGS),
    "declared size too small": (with_changed(size=100), "wrong-size", Verdict.FINDINGS),
    "declared packed size too small": (with_changed(compressed=100), "damaged", Verdict.FINDINGS),
    "local name differs": (with_changed(local_name=b"users/documents.jsonl"), "local-header", Verdict.FINDINGS),
    "two entries, one body": (two_entries_one_body, "overlap", Verdict.FINDINGS),
    "junk before": (lambda: archive(sound().members(), before=b"#!/bin/sh\n"), "junk-before", Verdict.FINDINGS),
    "junk after": (lambda: archive(sound().members(), after=b"\r\n<!-- -->"), "junk-after", Verdict.FINDINGS),
    "ZIP64 and data descriptors": (lambda: archive(sound().members()), "", Verdict.SOUND),
    "no ZIP64, no descriptors": (
        lambda: archive([Member(m.name, m.content, flags=0x800) for m in sound().members()], zip64=False),
        "",
        Verdict.SOUND,
    ),
    "not packed": (
        lambda: archive([Member(m.name, m.content, flags=0x800, method=0) for m in sound().members()]),
        "",
        Verdict.SOUND,
    ),
    "Unicode name": (with_extra(Member("_storage/köln ☃.txt", b"x")), "stored-file-unlisted", Verdict.FINDINGS),
    "a Unicode folder before the layout": (
        lambda: archive([Member(f"Sicherung ☃/{m.name!s}", m.content) for m in sound().members()]),
        "",
        Verdict.SOUND,
    ),
    "name with ..": (with_extra(Member("../../etc/documents.jsonl", b"")), "unsafe-name", Verdict.FINDINGS),
    "absolute name": (with_extra(Member("/etc/passwd", b"")), "unsafe-name", Verdict.FINDINGS),
    "backslash in name": (with_extra(Member("..\\posts\\documents.jsonl", b"")), "unsafe-name", Verdict.FINDINGS),
    "drive in name": (with_extra(Member("C:/documents.jsonl", b"")), "unsafe-name", Verdict.FINDINGS),
    "NUL in name": (with_extra(Member(b"posts\0/documents.jsonl", b"")), "unsafe-name", Verdict.FINDINGS),
    "name that is not UTF-8": (with_extra(Member(b"\xff\xfe/documents.jsonl")), "unsafe-name", Verdict.FINDINGS),
    "duplicate member names": (with_extra(Member(POSTS_MEMBER, b"")), "duplicate-member", Verdict.FINDINGS),
    "encrypted": (with_changed(flags=0x809), "encrypted", Verdict.FINDINGS),
    "method not 0 or 8": (with_changed(method=12), "unknown-method", Verdict.FINDINGS),
    "empty file": (lambda: b"", "not-a-zip", Verdict.UNREADABLE),
    "HTML error page": (lambda: b"<!DOCTYPE html><h1>502</h1>" * 20, "not-a-zip", Verdict.UNREADABLE),
    "JSON error": (lambda: b'{"code":"ExportNotFound"}', "not-a-zip", Verdict.UNREADABLE),
    "a ZIP of something else": (lambda: archive([Member("a.txt", b"hi")]), "not-an-export", Verdict.UNREADABLE),
    "100 k tables": (many_tables, "too-many-tables", Verdict.UNREADABLE),
}


@pytest.mark.parametrize("case", ROWS)
def test_every_broken_archive_gets_its_verdict(case: str, tmp_path: Path, check: Check) -> None:
    make, codes, verdict = ROWS[case]
    path = tmp_path / "export.zip"
    path.write_bytes(make())

    checked = check(path)

    assert checked.report.verdict is verdict, checked.report.findings
    assert checked.status == verdict.exit_status
    found = {finding.code: finding.severity for finding in checked.report.findings}
    if codes:
        (code,) = [code for code in codes.split("|") if code in found]
        warning = code.startswith("junk") or code == "stored-file-unlisted"
        assert found[code] is (Severity.WARNING if warning else Severity.ERROR)


@pytest.mark.parametrize("case", ["no ZIP64, no descriptors", "junk after", "100 k tables"])
def test_the_exit_status_is_that_of_the_verdict_and_memory_is_small(
    case: str, tmp_path: Path, check_in_child: Check
) -> None:
    make, _, verdict = ROWS[case]
    path = tmp_path / "export.zip"
    path.write_bytes(make())

    checked = check_in_child(path)

    assert (checked.report.verdict, checked.status) == (verdict, verdict.exit_status)
    assert checked.memory < MEMORY_LIMIT


@pytest.mark.parametrize(
    ("name", "severities"),
    [
        ("README.bin", {"bomb": Severity.WARNING}),
        ("posts2/documents.jsonl", {"bomb": Severity.WARNING, "line-too-long": Severity.ERROR}),
    ],
)
def test_a_bomb_of_one_gigabyte_leaves_memory_flat(
    name: str, severities: dict[str, Severity], tmp_path: Path, check_in_child: Check
) -> None:
    path = tmp_path / "bomb.zip"
    path.write_bytes(a_bomb(name))

    checked = check_in_child(path)

    assert checked.status == 1
    assert {code: checked.finding(code).severity for code in severities} == severities
    assert checked.memory < MEMORY_LIMIT


def test_a_bomb_beyond_the_byte_budget_is_not_inflated(tmp_path: Path, check: Check) -> None:
    path = tmp_path / "bomb.zip"
    path.write_bytes(a_bomb("README.bin"))

    checked = check(path, Expectations(byte_budget=1 << 29))

    assert (checked.status, checked.finding("over-budget").severity) == (2, Severity.ERROR)


def test_a_bomb_that_hides_its_size_is_cut_off_at_the_declared_size(tmp_path: Path, check: Check) -> None:
    members = changed(sound().members(), POSTS_MEMBER, content=b" " * 10_000_000, size=50_000)
    path = tmp_path / "bomb.zip"
    path.write_bytes(archive(members))

    checked = check(path)

    assert (checked.status, checked.finding("wrong-size").severity) == (1, Severity.ERROR)


def test_a_hundred_thousand_stored_files_stay_small_in_memory(tmp_path: Path, check_in_child: Check) -> None:
    bodies = [Member(f"_storage/{at:032d}.txt", b"x", method=0, flags=0x800) for at in range(100_000)]
    path = tmp_path / "many.zip"
    path.write_bytes(archive([*sound().members(), *bodies]))

    checked = check_in_child(path)

    assert checked.finding("stored-file-unlisted").total == 100_000
    assert len(checked.finding("stored-file-unlisted").samples) == 20
    assert checked.memory < MEMORY_LIMIT


def test_other_tables_are_still_read_when_one_is_damaged(tmp_path: Path, check: Check) -> None:
    path = tmp_path / "export.zip"
    path.write_bytes(byte_flipped())

    report = check(path).report

    users, posts = (next(t for t in report.tables if t.name == name) for name in ("users", "posts"))
    assert users.fingerprint and users.worst is None and users.rows == 30
    assert posts.fingerprint == "" and posts.worst is Severity.ERROR
    damage = next(f for f in report.findings if f.code in ("damaged", "wrong-crc", "wrong-size"))
    assert damage.table == "posts" and POSTS_MEMBER in damage.samples[0].detail


def test_a_damaged_table_does_not_make_orphans_of_what_points_at_it(tmp_path: Path, check: Check) -> None:
    path = tmp_path / "export.zip"
    path.write_bytes(archive(changed(sound().members(), "users/documents.jsonl", crc=1)))

    report = check(path).report

    assert {finding.code for finding in report.findings} == {"wrong-crc", "reference-unchecked"}


def test_a_missing_file_and_a_folder_are_unreadable(tmp_path: Path, check: Check) -> None:
    assert (check(tmp_path / "none.zip").status, check(tmp_path).status) == (2, 2)


def test_an_end_record_without_its_directory_is_unreadable(tmp_path: Path, check: Check) -> None:
    path = tmp_path / "export.zip"
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 5, 5, 500, 10**6, 0)
    path.write_bytes(random.Random(1).randbytes(2000) + end)

    checked = check(path)

    assert (checked.status, checked.report.findings[0].code) == (2, "directory-broken")


def test_a_changed_file_is_told_by_its_sha256(tmp_path: Path, check: Check) -> None:
    path = sound().write(tmp_path / "export.zip")
    digest = check(path).report.sha256

    assert check(path, Expectations(sha256=digest)).status == 0
    assert check(path, Expectations(sha256="0" * 64)).finding("file-changed").severity is Severity.ERROR


def test_as_many_tables_as_are_allowed_stay_small_in_memory(tmp_path: Path, check_in_child: Check) -> None:
    export = sound()
    for at in range(15_000):
        export.numbers[f"t{at}"] = 11_000 + at
        user = {"_id": encode(11_000 + at, bytes(16)), "_creationTime": FIRST_CREATED, "userId": ids(USERS, 1)[0]}
        export.tables[f"t{at}"] = [] if at % 10 else [line(user)]

    checked = check_in_child(export.write(tmp_path / "export.zip"))

    assert len(checked.report.tables) == 15_002
    assert len(checked.report.findings) <= 2001
    assert checked.memory < MEMORY_LIMIT
