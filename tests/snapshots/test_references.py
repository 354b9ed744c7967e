import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.domain.document_ids import encode
from bot.domain.snapshot import Expectations, ExpectedReference, ReferenceReport, Severity, TableReport
from tests.snapshots.conftest import Check, Checked
from tests.snapshots.hostile import FIRST_CREATED, POSTS, USERS, Export, ids, line, sound, with_files

GONE = encode(USERS, b"\xaa" * 16)
PEOPLE = ids(USERS, 30)


def posts(count: int, fields: Callable[[int], dict[str, Any]]) -> Export:
    """A sound export whose posts have these fields."""
    export = sound()
    export.tables["posts"] = [
        line({"_id": post, "_creationTime": FIRST_CREATED + at} | fields(at))
        for at, post in enumerate(ids(POSTS, count))
    ]
    return export


def table(checked: Checked, name: str) -> TableReport:
    return next(table for table in checked.report.tables if table.name == name)


def reference(checked: Checked, name: str, field: str) -> ReferenceReport:
    return next(found for found in table(checked, name).references if found.field == field)


# How a field can hold the id of a user, and how its path is then called.
SHAPES: dict[str, tuple[str, Callable[[str, int], dict[str, Any]]]] = {
    "a field": ("authorId", lambda user, at: {"authorId": user}),
    "a field that is absent or null at times": (
        "authorId",
        lambda user, at: {"authorId": user} if at % 3 else ({"authorId": None} if at % 2 else {}),
    ),
    "an array": ("memberIds", lambda user, at: {"memberIds": [PEOPLE[at % 30], user]}),
    "an array that is absent at times": ("memberIds", lambda user, at: {"memberIds": [user]} if at % 3 else {}),
    "a nested field": ("meta.by.userId", lambda user, at: {"meta": {"by": {"userId": user}}}),
    "an array of objects": ("members.userId", lambda user, at: {"members": [{"userId": user, "role": "x"}]}),
    "an array of arrays": ("pairs", lambda user, at: {"pairs": [[user, PEOPLE[0]], [PEOPLE[1]]]}),
    "a field that is text at times": ("by", lambda user, at: {"by": user if at % 3 else "system"}),
    "a field that is a number at times": ("by", lambda user, at: {"by": user if at % 3 else 7.5}),
}


@pytest.mark.parametrize("configured", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("at", [7, 2501])
def test_orphans_are_found_in_every_shape_of_reference(
    shape: str, at: int, configured: bool, tmp_path: Path, check: Check
) -> None:
    field, make = SHAPES[shape]
    export = posts(3000, lambda each: make(GONE if each == at else PEOPLE[each % 30], each))
    wanted = (ExpectedReference(table="posts", field=field, target="users"),)

    checked = check(export.write(tmp_path / "export.zip"), Expectations(references=wanted if configured else ()))

    finding = checked.finding("orphans")
    assert (finding.table, finding.field, finding.total) == ("posts", field, 1)
    assert finding.severity is (Severity.ERROR if configured else Severity.WARNING)
    assert (finding.samples[0].line, finding.samples[0].id) == (at + 1, ids(POSTS, 3000)[at])
    assert GONE in finding.samples[0].detail
    assert reference(checked, "posts", field).configured is configured
    assert (checked.status, table(checked, "posts").orphans) == (1, 1)


def test_references_that_hold_are_silent(tmp_path: Path, check: Check) -> None:
    export = posts(3000, lambda at: {"authorId": PEOPLE[at % 30], "likerIds": [PEOPLE[at % 7], PEOPLE[at % 11]]})

    checked = check(export.write(tmp_path / "export.zip"))

    assert (checked.status, checked.report.findings) == (0, ())
    assert {(found.field, found.checked) for found in table(checked, "posts").references} == {
        ("authorId", 3000),
        ("likerIds", 6000),
    }


def test_a_field_may_point_at_several_tables(tmp_path: Path, check: Check) -> None:
    own = ids(POSTS, 3000)
    lost = encode(POSTS, b"\xbb" * 16)
    export = posts(3000, lambda at: {"subject": [PEOPLE[at % 30], own[at - 1], lost if at == 2702 else None][at % 3]})

    checked = check(export.write(tmp_path / "export.zip"))

    assert set(reference(checked, "posts", "subject").targets) == {"users", "posts"}
    assert checked.finding("orphans").samples[0].line == 2703


def test_tables_that_point_at_each_other_and_at_themselves_are_followed(tmp_path: Path, check: Check) -> None:
    own = ids(POSTS, 3000)
    lost = encode(POSTS, b"\xbb" * 16)
    export = posts(3000, lambda at: {"authorId": PEOPLE[at % 30], "parentId": lost if at in (1, 2600) else own[at - 1]})
    export.tables["users"] = [
        line({"_id": user, "_creationTime": FIRST_CREATED, "pinnedId": own[at] if at else lost})
        for at, user in enumerate(PEOPLE)
    ]

    checked = check(export.write(tmp_path / "export.zip"))

    orphans = {
        (finding.table, finding.field): [sample.line for sample in finding.samples]
        for finding in checked.report.findings
    }
    assert orphans == {("posts", "parentId"): [2, 2601], ("users", "pinnedId"): [1]}
    assert reference(checked, "posts", "parentId").checked == 3000


def test_totals_of_orphans_are_exact_and_samples_twenty(tmp_path: Path, check: Check) -> None:
    export = posts(40_000, lambda at: {"authorId": GONE if at % 2 else PEOPLE[at % 30]})

    checked = check(export.write(tmp_path / "export.zip"))

    finding = checked.finding("orphans")
    assert (finding.total, len(finding.samples)) == (20_000, 20)
    assert table(checked, "posts").orphans == 20_000


def test_a_malformed_id_is_told_from_a_missing_document(tmp_path: Path, check: Check) -> None:
    broken = PEOPLE[0][:-1] + ("0" if PEOPLE[0][-1] != "0" else "1")
    export = posts(100, lambda at: {"authorId": {3: broken, 4: GONE}.get(at, PEOPLE[at % 30])})

    checked = check(export.write(tmp_path / "export.zip"))

    assert (checked.finding("reference-malformed").total, checked.finding("orphans").total) == (1, 1)


@pytest.mark.parametrize("value", ["", "bob", 7, True, {"a": 1}, "x" * 32])
def test_an_expected_reference_must_hold_an_id(value: Any, tmp_path: Path, check: Check) -> None:
    export = posts(100, lambda at: {"authorId": value if at == 50 else PEOPLE[at % 30]})
    wanted = ExpectedReference(table="posts", field="authorId", target="users")

    checked = check(export.write(tmp_path / "export.zip"), Expectations(references=(wanted,)))

    finding = checked.finding("reference-malformed")
    assert (finding.severity, finding.total, finding.samples[0].line) == (Severity.ERROR, 1, 51)


def test_an_expected_reference_into_another_table_is_an_error(tmp_path: Path, check: Check) -> None:
    own = ids(POSTS, 100)
    export = posts(100, lambda at: {"authorId": own[0] if at == 50 else PEOPLE[at % 30]})
    wanted = ExpectedReference(table="posts", field="authorId", target="users")

    checked = check(export.write(tmp_path / "export.zip"), Expectations(references=(wanted,)))

    assert checked.finding("reference-wrong-table").severity is Severity.ERROR


def test_an_expected_reference_to_a_table_that_is_not_there_is_an_error(tmp_path: Path, check: Check) -> None:
    wanted = ExpectedReference(table="posts", field="authorId", target="people")

    checked = check(sound().write(tmp_path / "export.zip"), Expectations(references=(wanted,)))

    assert checked.finding("reference-unknown").table == "posts"


def test_references_to_stored_files_are_followed(tmp_path: Path, check: Check) -> None:
    export = with_files()
    files = [name.partition(".")[0] for name in export.stored]
    lost = encode(540, b"\xcc" * 16)
    export.tables["users"] = [
        line({"_id": user, "_creationTime": FIRST_CREATED, "avatar": lost if at == 9 else files[at % 4]})
        for at, user in enumerate(PEOPLE)
    ]

    checked = check(export.write(tmp_path / "export.zip"))

    assert reference(checked, "users", "avatar").targets == ("_storage",)
    assert checked.finding("orphans").samples[0].line == 10


def test_deleted_users_orphan_their_posts_without_any_configuration(tmp_path: Path, check: Check) -> None:
    export = sound(users=30, posts=300)
    chosen = random.Random(3).sample(range(30), 10)
    export.tables["users"] = [user for at, user in enumerate(export.tables["users"]) if at not in chosen]
    lost = {PEOPLE[at] for at in chosen}
    expected = sum(any(user.encode() in post for user in lost) for post in export.tables["posts"])

    checked = check(export.write(tmp_path / "export.zip"))

    assert checked.finding("orphans").total == expected


def test_large_arrays_of_ids_leave_memory_flat(tmp_path: Path, check_in_child: Check) -> None:
    export = posts(400, lambda at: {"likerIds": PEOPLE * 250})

    checked = check_in_child(export.write(tmp_path / "export.zip"))

    assert reference(checked, "posts", "likerIds").checked == 400 * 7500
    assert checked.memory < 150_000_000
