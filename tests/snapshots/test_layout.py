from collections.abc import Callable
from pathlib import Path

import pytest

from bot.domain.snapshot import Severity
from tests.snapshots.conftest import Check
from tests.snapshots.hostile import FIRST_CREATED, POSTS, USERS, Export, Member, archive, ids, line, sound
from tests.snapshots.test_hostile_lines import with_id

E, W, N = Severity.ERROR, Severity.WARNING, Severity.INFORMATION


def listed(content: bytes) -> Callable[[Export], bytes]:
    def make(export: Export) -> bytes:
        members = [m for m in export.members() if not str(m.name).startswith("_tables")]
        return archive([*members, Member("_tables/documents.jsonl", content)])

    return make


BOTH = b'{"name":"users","id":10001}\n{"name":"posts","id":10002}\n'
LISTS: dict[str, tuple[bytes, str, Severity]] = {
    "table without member": (BOTH + b'{"name":"likes","id":10003}\n', "table-without-member", E),
    "member not listed": (b'{"name":"users","id":10001}\n', "table-not-listed", E),
    "listed with another number": (BOTH.replace(b"10002", b"10009"), "id-of-another-table", E),
    "listed twice": (BOTH + b'{"name":"posts","id":10004}\n', "tables-list-broken", E),
    "one number for two tables": (BOTH.replace(b"10002", b"10001"), "tables-list-broken", E),
    "a list that is no JSON": (BOTH + b"{]\n", "tables-list-broken", E),
    "a number that is text": (BOTH + b'{"name":"likes","id":"x"}\n', "tables-list-broken", E),
}


@pytest.mark.parametrize("case", LISTS)
def test_the_list_of_tables_must_match_the_folders(case: str, tmp_path: Path, check: Check) -> None:
    content, code, severity = LISTS[case]
    path = tmp_path / "export.zip"
    path.write_bytes(listed(content)(sound()))

    checked = check(path)

    assert (checked.status, checked.finding(code).severity) == (1, severity)


def test_without_a_list_of_tables_numbers_come_from_the_first_ids(tmp_path: Path, check: Check) -> None:
    path = tmp_path / "export.zip"
    export = sound()
    with_id(b'"%s"' % ids(USERS, 1, seed=9)[0].encode())(export.tables["posts"], 5)
    path.write_bytes(archive([m for m in export.members() if not str(m.name).startswith("_tables")]))

    checked = check(path)

    assert checked.finding("tables-list-missing").severity is W
    assert checked.finding("id-of-another-table").total == 1
    assert [table.number for table in checked.report.tables] == [POSTS, USERS]


def test_an_empty_table_is_only_worth_a_note(tmp_path: Path, check: Check) -> None:
    export = sound()
    export.tables["likes"], export.numbers["likes"] = [], 10003

    checked = check(export.write(tmp_path / "export.zip"))

    assert (checked.status, checked.finding("table-empty").severity) == (0, N)


@pytest.mark.parametrize(
    ("sidecar", "code"), [(None, "sidecar-missing"), (b"", "sidecar-broken"), (b"uniform\n", "sidecar-broken")]
)
def test_a_table_needs_its_sidecar(sidecar: bytes | None, code: str, tmp_path: Path, check: Check) -> None:
    export = sound()
    members = export.members()
    if sidecar is None:
        members = [member for member in members if member.name != "posts/generated_schema.jsonl"]
    else:
        export.sidecar = sidecar
        members = export.members()
    path = tmp_path / "export.zip"
    path.write_bytes(archive(members))

    assert (code, "posts") in {(finding.code, finding.table) for finding in check(path).report.findings}


def test_components_are_worlds_of_their_own(tmp_path: Path, check: Check) -> None:
    """The same table numbers mean other tables there, and the same ids other documents."""
    inner = sound(users=5, posts=10)
    inner.tables["posts"] = [
        line({"_id": post, "_creationTime": FIRST_CREATED, "authorId": ids(USERS, 30)[20]}) for post in ids(POSTS, 3)
    ]
    export = sound()
    for member in inner.members()[1:]:
        export.extra.append(Member(f"_components/waitlist/_components/mail/{member.name!s}", member.content))

    checked = check(export.write(tmp_path / "export.zip"))

    tables = {table.name: table for table in checked.report.tables}
    assert set(tables) == {"users", "posts", "waitlist/mail/users", "waitlist/mail/posts"}
    assert (tables["waitlist/mail/posts"].orphans, tables["posts"].orphans) == (3, 0)
    assert checked.finding("orphans").table == "waitlist/mail/posts"
