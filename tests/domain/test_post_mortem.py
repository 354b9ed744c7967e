"""What a record adds up to, to the second; and that any course of events adds up to something."""

from datetime import UTC, datetime, timedelta

from hypothesis import given

from bot.domain.checklist import Move, State
from bot.domain.incident_events import (
    Acted,
    Body,
    Brake,
    Braked,
    FollowUpAdded,
    FollowUpDone,
    Noted,
    Point,
    PointSet,
    Restored,
    SideCallFailed,
)
from bot.domain.letter_events import LetterAnswered, LetterDrafted, LetterFailed, LetterPressed, LetterSent
from bot.domain.post_mortem import post_mortem
from tests.domain.acts import ADA, BEN, OPENED, Act, Record, acts, played

HAPPENED = datetime(2026, 11, 22, 2, 41, 7, tzinfo=UTC)


def point(which: Point, at: datetime) -> PointSet:
    return PointSet(point=which, at=at, ns=int(at.timestamp()) * 10**9, said=f"{at:%H:%M}")


def letter(text: str, message_id: str = "<1@example.com>") -> LetterDrafted:
    return LetterDrafted(to=("support@convex.dev",), subject="Recovery", text=text, message_id=message_id)


def scripted(title: str = "Users are gone", what: str = "The table users is empty") -> Record:
    """A recovery from beginning to end, as one could be: with a step that failed first, and one that was skipped."""
    record = Record(title, what)
    record.add(SideCallFailed(platform="slack", what="pinning the board", problem="Slack lacks pins:write."))
    record.after(seconds=30).move(1, Move.START)
    record.after(seconds=90).add(Braked(brake=Brake.PAUSE, on=True, effect="Convex is paused for production."))
    record.after(seconds=15).add(point(Point.HAPPENED, HAPPENED), by=BEN)
    record.after(minutes=1).add(Noted(text="We go back, and do not repair by hand", decision=True), by=BEN)
    record.after(minutes=2).move(1, Move.FINISH, note="users: 5000 rows, and nothing else")
    record.after(seconds=7).add(point(Point.TARGET, HAPPENED - timedelta(seconds=7)))
    for number in (2, 3, 4):
        record.after(minutes=1).move(number, Move.FINISH, note="as planned")
    record.after(minutes=1).move(5, Move.START, BEN)
    record.add(letter("Please restore."), LetterPressed(message_id="<1@example.com>"), by=BEN)
    record.after(seconds=20).add(LetterFailed(problem="The mail server did not answer."), by=BEN)
    record.after(seconds=20).add(letter("Please restore, soon."), by=BEN)
    record.after(minutes=1).add(LetterSent(way="smtp", message_id="<1@example.com>"), by=BEN)
    record.after(minutes=20).add(LetterAnswered(text="Restored to a copy."), by=BEN)
    record.after(minutes=1).move(5, Move.FAIL, BEN, note="the copy lacked stored files")
    record.after(minutes=1).move(5, Move.START, BEN)
    record.after(minutes=5).add(Restored(what="users", source="the copy", how="npx convex import --replace"), by=BEN)
    record.after(seconds=1).move(5, Move.FINISH, BEN, note="5000 rows are back")
    record.after(minutes=1).move(6, Move.FINISH, note="5000 rows, no orphans")
    record.add(Acted(action="Integrity", ok=True, effect="No table lacks a row", file="report/x.md"))
    record.move(7, Move.SKIP, BEN, note="no tests for this")
    record.after(minutes=1).add(Braked(brake=Brake.PAUSE, on=False, effect="Convex runs production again."))
    record.after(minutes=1).move(8, Move.FINISH, note="everything runs")
    record.after(hours=1).add(FollowUpAdded(key="1", text="Write a test", owner=BEN.id, due_at=OPENED))
    record.after(hours=1).add(FollowUpDone(key="1"), by=BEN)
    return record


def test_the_times_are_right_to_the_second() -> None:
    record = post_mortem(scripted().events)
    assert record.to_detect.length == OPENED - timedelta(minutes=2) - HAPPENED == timedelta(minutes=9, seconds=23)
    # Noticed two minutes before it was opened; decided 3 min 15 s after.
    assert record.to_decide.length == timedelta(minutes=5, seconds=15)
    assert record.to_recover.length == timedelta(minutes=41, seconds=3)
    assert record.in_all.length == timedelta(minutes=41, seconds=3) + OPENED - HAPPENED
    assert record.in_time is True
    assert [one.lasted for one in record.brakes] == [timedelta(minutes=38, seconds=3)]


def test_each_step_says_who_had_it_how_long_it_took_and_whether_that_was_its_budget() -> None:
    record = post_mortem(scripted().events)
    first, fifth, tenth = record.steps[0], record.steps[4], record.steps[9]
    assert (first.held.assignee, first.took, first.over) == (ADA.id, timedelta(minutes=4, seconds=45), False)
    # The second time counts; the first is among what failed.
    assert (fifth.held.assignee, fifth.took) == (BEN.id, timedelta(minutes=5, seconds=1))
    assert (tenth.held.state, tenth.took, tenth.over) == (State.TODO, None, None)
    long = scripted()
    long.move(10, Move.START)
    long.after(days=99).move(10, Move.FINISH, note="done")
    assert post_mortem(long.events).steps[9].over is True


def test_what_failed_or_was_skipped_stands_with_its_reason_unless_it_was_taken_back() -> None:
    record = scripted()
    record.move(9, Move.FAIL, note="by mistake")
    record.undo()
    told = [(one.record.number, one.move, one.reason, one.event.by) for one in post_mortem(record.events).misses]
    assert told == [
        (5, Move.FAIL, "the copy lacked stored files", BEN.id),
        (7, Move.SKIP, "no tests for this", BEN.id),
    ]


def test_decisions_are_what_was_called_one_and_the_target() -> None:
    record = post_mortem(scripted().events)
    assert [type(one.body) for one in record.decisions] == [Noted, PointSet]
    assert record.decided == record.decisions[0]


def test_a_letter_has_its_last_text_and_all_that_came_of_it_and_the_next_begins_anew() -> None:
    script = scripted()
    script.add(letter("A second one", "<2@example.com>"))
    sent, waiting = post_mortem(script.events).letters
    assert (sent.draft.text, sent.way) == ("Please restore, soon.", "smtp")
    assert [one.problem for _, one in sent.failures] == ["The mail server did not answer."]
    assert [one.text for _, one in sent.answers] == ["Restored to a copy."]
    assert (waiting.draft.text, waiting.sent, waiting.failures) == ("A second one", None, ())


def test_what_the_record_does_not_know_is_not_guessed() -> None:
    record = post_mortem(Record().events)
    assert record.to_detect.length is None
    assert record.to_decide.length is None
    assert record.to_recover.length is None
    assert record.in_time is None
    assert record.decided is None


def test_moments_that_contradict_one_another_are_no_length() -> None:
    script = Record()
    script.add(point(Point.HAPPENED, OPENED + timedelta(hours=1)))
    detect = post_mortem(script.events).to_detect
    assert (detect.length, detect.contradictory) == (None, True)


def test_a_target_that_was_missed_is_said_to_be() -> None:
    script = Record()
    script.after(hours=4, seconds=1)
    for number in range(1, 9):
        script.move(number, Move.FINISH, note="as planned")
    record = post_mortem(script.events)
    assert (record.to_recover.length, record.in_time) == (timedelta(hours=4, seconds=1), False)


def test_a_brake_that_is_put_on_twice_was_on_once_and_one_still_on_has_no_end() -> None:
    script = Record()
    again: Body = Braked(brake=Brake.WEBHOOKS, key="clerk", on=True, effect="off")
    script.after(minutes=1).add(again)
    script.after(minutes=1).add(again)
    script.after(minutes=1).add(Braked(brake=Brake.WEBHOOKS, key="clerk", on=False, effect="on"))
    script.after(minutes=1).add(Braked(brake=Brake.MAINTENANCE, on=False, effect="never was"))
    script.after(minutes=1).add(again)
    first, second = post_mortem(script.events).brakes
    assert (first.lasted, second.lasted) == (timedelta(minutes=2), None)


@given(acts())
def test_any_course_of_events_adds_up(tried: list[Act]) -> None:
    happened = played(tried)
    record = post_mortem(happened)
    assert len(record.timeline) + len(record.prompts) == len(happened)
    assert [one.number for one in record.steps] == list(range(1, len(record.incident.checklist) + 1))
    still_on = {(one.braked.brake, one.braked.key) for one in record.brakes if one.off is None}
    assert still_on == {(one.brake, one.key) for one in record.incident.stopped}
    for one in record.steps:
        assert one.took is None or one.took >= timedelta()
