"""What was done to an archive of evidence is found, and named, also by somebody who mends what is easily mended."""

import hashlib
import json
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import evidence_chain
from bot.domain.drill_events import Checked, Result
from bot.domain.evidence_archive import (
    CONTROLS,
    DRILL,
    EVENTS,
    FORMAT,
    HTML,
    MANIFEST,
    MARKDOWN,
    MEMBERS,
    README,
    VERIFICATION,
    WORDED,
    WORDING,
    linked,
)
from bot.domain.evidence_chain import Row
from bot.domain.evidence_differences import figures_apart
from bot.domain.evidence_made import without_samples
from bot.domain.snapshot import Finding, Sample, Severity
from bot.operations.evidence_file import unpack
from tests.evidence_files import (
    Files,
    archive,
    chained,
    changed,
    checked,
    dumped,
    link,
    loaded,
    mended,
    problem,
    rewritten,
    rows_of,
)
from tests.views import drill_stages
from tests.views.drill_stages import Q4, STAGES, failed, passed, verification

GOLDEN = Path(__file__).parents[1] / "golden" / "evidence.json"
WHOLE = archive(failed())
ROWS = rows_of(failed().events)
LAST = len(ROWS)


def _without(number: int) -> list[Row]:
    return [one for one in ROWS if one.seq != number]


def _edited(number: int) -> str:
    """The text of an event in which somebody changed a word."""
    return ROWS[number - 1].event.replace("28 rows", "40 rows").replace('"ok":false', '"ok":true')


CHECKED = next(
    number for number, one in enumerate(failed().events, 1) if isinstance(one.body, Checked) and one.body.ok is False
)


@pytest.mark.parametrize("stage", STAGES)
def test_the_evidence_of_any_drill_holds(stage: str) -> None:
    found = checked(archive(STAGES[stage]()))
    assert found.problems == ()
    assert {one.of for one in found.points} == {*MEMBERS}


@pytest.mark.parametrize("stage", STAGES)
def test_the_same_drill_gives_the_same_bytes(stage: str) -> None:
    assert archive(STAGES[stage]()) == archive(STAGES[stage]())


def test_what_is_written_stays_as_it_is_for_good() -> None:
    """Where a change is meant, raise WORDING (once archives are out), delete the golden file and run this twice."""
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in WHOLE.items() if name != MANIFEST}
    if not GOLDEN.exists():
        GOLDEN.write_text(json.dumps(hashes, indent=2) + "\n")
        pytest.fail(f"{GOLDEN.name} was written: look at an archive, then keep it.")
    assert hashes == json.loads(GOLDEN.read_text()), "archives are compared to the byte: see WORDING"


# --- the events ------------------------------------------------------------------------------------------------------


def test_an_event_that_was_edited_is_named() -> None:
    rows = [*ROWS]
    rows[CHECKED - 1] = Row(CHECKED, ROWS[CHECKED - 1].prev, ROWS[CHECKED - 1].hash, _edited(CHECKED))
    assert problem(rewritten(WHOLE, rows)) == (
        f"events.jsonl: event {CHECKED} is not what was recorded: it has another hash"
    )


def test_an_event_that_was_edited_with_its_hash_is_named_by_the_next() -> None:
    rows, text = [*ROWS], _edited(CHECKED)
    prev = rows[CHECKED - 1].prev
    rows[CHECKED - 1] = Row(CHECKED, prev, evidence_chain.digest(prev, text), text)
    assert problem(rewritten(WHOLE, rows)) == (
        f"events.jsonl: event {CHECKED + 1} does not follow from event {CHECKED}"
    )


def test_an_edit_with_the_whole_chain_made_anew_is_named_by_every_figure() -> None:
    texts = [one.event for one in ROWS]
    texts[CHECKED - 1] = _edited(CHECKED)
    found = checked(rewritten(WHOLE, chained(texts))).problems
    assert any(one.startswith("drill.json: findings") for one in found)
    assert any(one.startswith("manifest.json: hash is") for one in found)


def test_an_event_that_was_deleted_is_named() -> None:
    assert problem(rewritten(WHOLE, _without(14))) == (
        "events.jsonl: event 14 is missing: event 15 stands in its place"
    )


def test_an_event_that_was_deleted_and_the_rest_renumbered_is_named() -> None:
    rows = [Row(number, one.prev, one.hash, one.event) for number, one in enumerate(_without(14), 1)]
    assert problem(rewritten(WHOLE, rows)) == "events.jsonl: event 14 does not follow from event 13"


def test_a_record_that_was_cut_off_is_named() -> None:
    found = checked(rewritten(WHOLE, ROWS[:-1])).problems
    assert found[0].startswith("drill.json: follow_ups[0].done_at is")
    assert any(one.startswith("manifest.json: generated_at is") for one in found)


def test_events_in_another_order_are_named() -> None:
    rows = [*ROWS]
    rows[13], rows[14] = rows[14], rows[13]
    assert problem(rewritten(WHOLE, rows)) == "events.jsonl: event 14 is missing: event 15 stands in its place"


def test_an_event_that_was_put_in_is_named() -> None:
    texts = [one.event for one in ROWS[:13]]
    new = chained([*texts, ROWS[12].event])[13]
    rows = [*ROWS[:13], new, *(Row(one.seq + 1, one.prev, one.hash, one.event) for one in ROWS[13:])]
    assert problem(rewritten(WHOLE, rows)) == (
        "events.jsonl: event 14 is event 13 of 2026-12-15-drill, and the record is that of 2026-12-15-drill"
    )


def test_the_events_of_another_drill_are_named() -> None:
    other = archive(passed(Q4 - timedelta(days=91), "2026-Q3"))
    swapped = mended({**WHOLE, EVENTS: other[EVENTS]})
    found = checked(swapped).problems
    assert found[0].startswith("verification.json: it is a report on another copy")
    assert 'drill.json: drill is "2026-12-15-drill", and by the events it is "2026-09-15-drill"' in found


def test_one_event_of_another_drill_is_named() -> None:
    other = rows_of(passed(Q4 - timedelta(days=91), "2026-Q3").events)
    texts = [*(one.event for one in ROWS[:5]), other[5].event]
    assert problem(rewritten(WHOLE, chained(texts))) == (
        "events.jsonl: event 6 is event 6 of 2026-09-15-drill, and the record is that of 2026-12-15-drill"
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "there is no event in it"),
        (b"{}\n", "line 1 is not written like an event"),
        (b"\xff\n", "line 1 is no text"),
        (WHOLE[EVENTS].replace(b'"seq":1,', b'"seq":01,', 1), "line 1 is not written like an event"),
        (WHOLE[EVENTS][:-1], "the last line has no end"),
        (evidence_chain.written(chained(['{"a":1}'])), "event 1 cannot be read as an event"),
        (evidence_chain.written(chained(["{" + '"a":[' * 100_000 + "}"])), "event 1 cannot be read as an event"),
    ],
)
def test_what_is_no_record_is_named(content: bytes, told: str) -> None:
    assert problem(mended({**WHOLE, EVENTS: content})) == f"events.jsonl: {told}"


def test_a_chain_that_nobody_could_have_lived_through_is_named() -> None:
    text = ROWS[1].event.replace('"seq":2', '"seq":1')
    assert problem(rewritten(WHOLE, chained([text]))) == "events.jsonl: its events do not add up to a drill"


# --- what is told of them --------------------------------------------------------------------------------------------


def test_a_result_that_was_changed_is_named_though_the_manifest_was_mended() -> None:
    better = loaded(WHOLE, DRILL)
    better["result"] = "pass"
    assert problem(mended({**WHOLE, DRILL: dumped(better)})) == (
        'drill.json: result is "pass", and by the events it is "fail"'
    )


def test_what_a_check_found_is_named_though_the_manifest_was_mended() -> None:
    better = loaded(WHOLE, DRILL)
    place = next(number for number, one in enumerate(better["checks"]) if not one["ok"])
    better["checks"][place] |= {"found": "40 rows", "ok": True}
    assert problem(mended({**WHOLE, DRILL: dumped(better)})) == (
        f'drill.json: checks[{place}].found is "40 rows", and by the events it is "28 rows"'
    )


def test_an_approval_that_was_never_given_is_named() -> None:
    better = loaded(WHOLE, DRILL)
    better["approvals"].append(better["approvals"][0])
    assert problem(mended({**WHOLE, DRILL: dumped(better)})).startswith("drill.json: approvals[3] is {")


@pytest.mark.parametrize("name", [HTML, MARKDOWN])
def test_a_report_that_was_changed_is_named_though_the_manifest_was_mended(name: str) -> None:
    better = changed(WHOLE, name, "28 rows", "40 rows")
    assert problem(mended(better)).startswith(f"{name}: line ")


@pytest.mark.parametrize("name", [CONTROLS, README])
def test_the_texts_are_those_of_lifeboat(name: str) -> None:
    assert problem(mended(changed(WHOLE, name, "Lifeboat" if name == README else "SOC 2", "Anybody"))).startswith(name)


def test_a_report_on_another_copy_is_named() -> None:
    other = verification(passed(Q4 - timedelta(days=91), "2026-Q3")).model_dump(mode="json")
    assert problem(mended({**WHOLE, VERIFICATION: dumped(other)})).startswith(
        "verification.json: it is a report on another copy, with the SHA-256 "
    )


def test_a_report_with_other_rows_or_another_verdict_is_named() -> None:
    report = loaded(WHOLE, VERIFICATION)
    report["tables"][0]["rows"] += 1
    assert problem(mended({**WHOLE, VERIFICATION: dumped(report)})) == (
        'verification.json: "users" has 41 rows in it, and 40 by the events'
    )
    report = loaded(WHOLE, VERIFICATION) | {"verdict": "findings"}
    assert problem(mended({**WHOLE, VERIFICATION: dumped(report)})) == (
        "verification.json: its verdict is findings, and sound by the events"
    )


def test_a_report_that_was_taken_out_is_named() -> None:
    assert problem(mended({**WHOLE, VERIFICATION: b"null\n"})).startswith("drill.json: copy_verified is true")
    assert problem(mended({**WHOLE, VERIFICATION: b"[]\n"})) == "verification.json: it is no report on a copy"


# --- the manifest, and what is there ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [one for one in MEMBERS if one != MANIFEST])
def test_a_hash_that_was_changed_in_the_manifest_is_named(name: str) -> None:
    manifest = loaded(WHOLE, MANIFEST)
    manifest["files"][name]["sha256"] = "0" * 64
    assert problem({**WHOLE, MANIFEST: dumped(manifest)}).startswith(f"{name}: it is not the file that manifest.json")


@pytest.mark.parametrize("name", MEMBERS)
def test_a_part_that_is_missing_is_named(name: str) -> None:
    left = {one: content for one, content in WHOLE.items() if one != name}
    assert problem(left) == f"{name}: it is missing"


@pytest.mark.parametrize("name", ["notes.txt", "../../etc/passwd", "drill.json ", "\x1b[2Jreport.html"])
def test_what_does_not_belong_there_is_named(name: str) -> None:
    found = problem({**WHOLE, name: b"x"})
    assert found.endswith(": it does not belong there")
    assert found.isprintable()


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b"[" * 100_000, b'{"format":1,"files":[]}', b"null"])
@pytest.mark.parametrize("name", [MANIFEST, DRILL, VERIFICATION])
def test_wrong_json_is_named_and_nothing_breaks(name: str, content: bytes) -> None:
    assert any(one.startswith(f"{name}: ") for one in checked({**WHOLE, name: content}).problems)


@pytest.mark.parametrize(
    "wrong",
    [
        {"tools": {"a": "\ud800"}},
        {"tools": [1]},
        {"tools": {"lifeboat": 7}},
        {"previous": {"id": 1}},
        {"previous": "x"},
        {"previous": {"id": "x", "seq": 10**30, "hash": "\ud800"}},
        {"drill": float("nan")},
    ],
)
def test_wrong_types_are_named_and_nothing_breaks(wrong: dict[str, object]) -> None:
    told = json.dumps(loaded(WHOLE, DRILL) | wrong).encode()
    assert any(one.startswith("drill.json: ") for one in checked(mended({**WHOLE, DRILL: told})).problems)


def test_an_archive_of_a_later_format_says_so_instead_of_accusing_anybody() -> None:
    for name, known in (("format", FORMAT), ("wording", WORDING)):
        later = dumped(loaded(WHOLE, MANIFEST) | {name: known + 1, "made_with": {"lifeboat": "2.0"}})
        assert checked({**WHOLE, MANIFEST: later}).problems == (
            f'manifest.json: its {name} is {known + 1}, and this Lifeboat knows {known}: check it with Lifeboat "2.0"',
        )


@settings(max_examples=250)
@given(st.data())
def test_any_byte_of_any_part_that_is_changed_is_found(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(MEMBERS))
    content = bytearray(WHOLE[name])
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    assert checked({**WHOLE, name: bytes(content)}).problems


# --- the drill before ------------------------------------------------------------------------------------------------


def _before() -> tuple[drill_stages.Course, Files]:
    course = passed(Q4 - timedelta(days=91), "2026-Q3")
    return course, archive(course)


def test_an_archive_follows_from_the_one_before_also_when_that_went_on_since() -> None:
    before, files = _before()
    this = checked(archive(failed(previous=link(before.events[:-1]))))
    assert this.problems == ()
    assert linked(this, checked(files)).ok


def test_a_link_that_is_wrong_is_named() -> None:
    before, files = _before()
    place = link(before.events)
    following = checked(archive(failed(previous=place)))
    other = place.model_copy(update={"hash": "f" * 64})
    told = linked(checked(archive(failed(previous=other))), checked(files)).said
    assert told == f"event {place.seq} of 2026-09-15-drill has the hash {place.hash}, and this one follows {'f' * 64}"
    third = archive(passed(Q4 - timedelta(days=182), "2026-Q2"))
    assert "and the other is of 2026-06-16-drill" in linked(following, checked(third)).said
    shorter = archive(drill_stages.running(Q4 - timedelta(days=91), "2026-Q3"))
    assert "ends with event 13" in linked(following, checked(shorter)).said
    assert "no drill was before it" in linked(checked(WHOLE), checked(files)).said


def test_a_record_that_was_written_anew_as_a_whole_is_found_by_its_last_hash_and_by_the_next_archive() -> None:
    before, files = _before()
    following = checked(archive(failed(previous=link(before.events))))
    anew = passed(Q4 - timedelta(days=91), "2026-Q3")
    anew.events = [
        one.model_copy(update={"body": one.body.model_copy(update={"found": "41 rows"})})
        if isinstance(one.body, Checked) and one.body.found == "40 rows"
        else one
        for one in before.events
    ]
    forged = archive(anew)
    assert checked(forged).problems == (), "alone, no archive can tell"
    assert loaded(forged, MANIFEST)["hash"] != loaded(files, MANIFEST)["hash"]
    assert not linked(following, checked(forged)).ok


def test_a_link_that_was_changed_in_the_manifest_is_named() -> None:
    manifest = loaded(WHOLE, MANIFEST) | {"previous": {"id": "x", "seq": 1, "hash": "0" * 64}}
    assert problem({**WHOLE, MANIFEST: dumped(manifest)}).startswith("manifest.json: previous is {")


def test_a_link_that_somebody_changes_breaks_the_chain_of_the_record_itself() -> None:
    place = link(_before()[0].events)
    files = archive(failed(previous=place))
    forged = changed(files, EVENTS, place.hash, "f" * 64)
    assert problem(mended(forged)) == "events.jsonl: event 1 is not what was recorded: it has another hash"
    told = loaded(files, DRILL) | {"previous": None}
    assert problem(mended({**files, DRILL: dumped(told)})).startswith("drill.json: previous is null, and by the events")


# --- archives of another version -------------------------------------------------------------------------------------


LATER = WORDING + 1


def _older() -> Files:
    """As a Lifeboat made it that worded its reports otherwise than the one that checks it."""
    told = loaded(WHOLE, DRILL) | {"findings": ["Users are missing"]}
    worded = {name: WHOLE[name].replace(b"Lifeboat", b"The bot") for name in WORDED}
    return mended({**WHOLE, **worded, DRILL: dumped(told)})


def test_a_later_version_that_words_otherwise_finds_an_archive_whole_and_says_what_it_does_not_prove() -> None:
    found = checked(_older(), LATER)
    assert found.problems == ()
    assert {one.of for one in found.points if not one.proved} == {*WORDED}
    assert all(one.proved for one in checked(WHOLE).points)


def test_a_figure_that_was_changed_is_named_by_a_later_version_though_the_manifest_was_mended() -> None:
    for figure, told in (("result", 'drill.json: result is "pass", and by'), ("audited", "drill.json: it cannot be")):
        better = loaded(_older(), DRILL) | {figure: "pass"}
        assert problem(mended({**_older(), DRILL: dumped(better)}), LATER).startswith(told)
    rows = loaded(_older(), VERIFICATION)
    rows["tables"][0]["rows"] += 1
    assert problem(mended({**_older(), VERIFICATION: dumped(rows)}), LATER).startswith('verification.json: "users" has')
    text = {**_older(), HTML: _older()[HTML].replace(b"28 rows", b"40 rows")}
    assert problem(text, LATER).startswith("report.html: it is not the file that manifest.json lists")


@pytest.mark.parametrize("name", [DRILL, VERIFICATION, MANIFEST, EVENTS])
@pytest.mark.parametrize("content", [b"", b"[]", b"null\n", b"{}", b'{"wording":1}', b"[" * 100_000])
def test_a_later_version_names_wrong_json_and_nothing_breaks(name: str, content: bytes) -> None:
    files = {**_older(), name: content}
    assert checked(files, LATER).problems
    assert name == MANIFEST or checked(mended(files), LATER).problems


def test_nobody_gets_round_the_comparison_by_claiming_a_wording_that_never_was() -> None:
    for claimed in (0, -1, True, "1", None):
        forged = loaded(_older(), MANIFEST) | {"wording": claimed}
        assert checked({**_older(), MANIFEST: dumped(forged)}).problems


def test_a_figure_that_an_older_version_did_not_count_is_left_out() -> None:
    known, older = b'{"a": [{"b": 1, "c": 2}], "d": "x", "said": "y"}', b'{"a": [{"b": 1}], "said": "z"}'
    assert figures_apart(older, known, "the events", ["said"]) == ""
    assert figures_apart(b'{"a": [{"b": 2}]}', known, "the events", []) == "a[0].b is 2, and by the events it is 1"


def test_the_archive_that_the_first_version_made_holds_for_good() -> None:
    """Kept as it was handed out. Where this fails, whoever holds such an archive is told that it was tampered with."""
    kept = unpack(GOLDEN.with_name("evidence-wording-1.zip"))
    found = checked(kept.files)
    assert (kept.problems, found.problems) == ((), ())
    assert found.made is not None and found.made.evidence.drill == "2026-12-15-drill"


# --- what it says ----------------------------------------------------------------------------------------------------


def test_drill_json_says_who_agreed_to_what_and_what_came_of_it() -> None:
    told = loaded(WHOLE, DRILL)
    assert [(one["by"]["name"], one["agreed"]) for one in told["approvals"]] == [
        ("Ben Lindqvist", False),
        ("Ada Okafor", True),
        ("Ben Lindqvist", True),
    ]
    assert {one["digest"] for one in told["approvals"]} <= {one["digest"] for one in told["dry_runs"]}
    assert told["recovery"] == {
        "seconds": 18047.0,
        "waited_seconds": 120.0,
        "target_seconds": 14400.0,
        "met": False,
    }
    assert told["deviations"][0]["reason"] == "its demo users are kept"
    assert [bool(one["done_at"]) for one in told["follow_ups"]] == [True, False, False]
    assert {one["deployment"] for one in told["dry_runs"]} == {"quiet-otter-204"}
    assert told["result"] == Result.FAIL


def test_what_a_report_quotes_from_rows_is_left_out() -> None:
    quoted = Finding(
        code="orphans",
        severity=Severity.WARNING,
        total=1,
        samples=(Sample(line=3, id="k57", detail="authorId = secret"),),
        meaning="Posts without their author.",
    )
    report = verification(passed()).model_copy(update={"findings": (quoted,)})
    assert "secret" not in without_samples(report).model_dump_json()
    assert without_samples(report).findings[0].total == 1
