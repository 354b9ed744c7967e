"""The points of a rehearsal, by its timeline alone."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain import drill_moves, incident_moves, scoring
from bot.domain.backups import BackupId
from bot.domain.checklist import Move
from bot.domain.drill_events import (
    Checked,
    CopyTaken,
    Hinted,
    ImportAgreed,
    Imported,
    ImportPlanned,
    ImportRefused,
    Practice,
    Scored,
)
from bot.domain.incident_events import Body, Event, IncidentId, Started, StepMoved
from bot.domain.incidents import Incident, fold
from bot.domain.people import LIFEBOAT, Person, PersonId
from bot.domain.plan_rehearsals import REHEARSAL
from tests.domain.test_health import PLAN

ADA = Person(PersonId("ada"), "Ada Okafor")
START = datetime(2026, 12, 1, 9, tzinfo=UTC)
KIM = PersonId(f"{scoring.STAND_IN}Kim Reyes")
assert PLAN.rehearsal is not None
RULES = PLAN.rehearsal
BUDGETS = {one.key: one.within for one in RULES.steps}
PEOPLES = ("scope", "choose", "import", "document")


class Played:
    """A rehearsal that is played, with a clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = START
        self.events: list[Event] = []
        practice = Practice(source=REHEARSAL, target=REHEARSAL, rehearsal=True, scenario="bad-migration")
        owners = {one.key: ADA.id for one in RULES.steps}
        self.add(
            Started(
                title="Rehearsal",
                what="Something.",
                cause="",
                environment=REHEARSAL,
                noticed_at=START,
                recover_within=None,
                checklist=RULES.steps,
                owners=owners,
                platform="web",
                channel="ops",
                practice=practice,
            )
        )

    @property
    def stands(self) -> Incident:
        return fold(self.events)

    def add(self, *bodies: Body, by: Person = LIFEBOAT) -> None:
        for body in bodies:
            seq = len(self.events) + 1
            name = IncidentId("2026-12-01-rehearsal")
            self.events.append(Event(incident=name, seq=seq, at=self.now, by=by.id, by_name=by.name, body=body))

    def after(self, length: timedelta) -> "Played":
        self.now += length
        return self

    def by_lifeboat(self, key: str, *between: Body) -> None:
        step = self.stands.step(key)
        assert step is not None
        self.add(*drill_moves.begun(self.stands, step, self.now))
        self.after(timedelta(seconds=30)).add(*between)
        self.add(*drill_moves.ended(self.stands, step, Move.FINISH, "Done.", self.now))

    def by_ada(self, key: str, move: Move = Move.FINISH) -> None:
        step = self.stands.step(key)
        assert step is not None
        bodies = incident_moves.move(self.stands, step, move, ADA, self.now, note="Users")
        self.add(bodies[0], by=ADA)


def copy(name: str, at: datetime) -> CopyTaken:
    return CopyTaken(
        copy_id=BackupId(name),
        environment=REHEARSAL,
        safety=False,
        made=False,
        snapshot_at=at,
        size=1,
        sha256="0",
        rows={"users": 1},
    )


def planned() -> ImportPlanned:
    return ImportPlanned(
        import_id="1",
        digest="d",
        changes=(),
        copy_id=BackupId("good"),
        target=REHEARSAL,
        deployment="quiet-ibis-29",
        url="http://127.0.0.1:1",
    )


def check(key: str, *, ok: bool) -> Checked:
    return Checked(key=key, title=f"Check {key}", expected="1", found="1" if ok else "0", ok=ok)


def played(
    shares: Mapping[str, float] | None = None, *, late_copy: bool = False, checks: tuple[bool, ...] = (True, True)
) -> Played:
    """A rehearsal in which people's steps took these shares of their time budgets (a quarter where none is named)."""
    took = {key: BUDGETS[key] * (shares or {}).get(key, 0.25) for key in PEOPLES}
    course = Played()
    course.by_lifeboat("snapshot", copy("good", START))
    course.by_lifeboat("strike")
    course.after(took["scope"]).by_ada("scope")
    course.after(took["choose"]).add(copy("chosen", course.now if late_copy else START), by=ADA)
    course.by_ada("choose")
    step = course.stands.step("import")
    assert step is not None
    course.add(*drill_moves.begun(course.stands, step, course.now), planned())
    course.after(took["import"]).add(ImportAgreed(digest="d"), by=ADA)
    course.add(Imported(import_id="1", rows=1, began_at=course.now))
    course.add(*drill_moves.ended(course.stands, step, Move.FINISH, "Done.", course.now))
    course.by_lifeboat("queries", *(check(str(number), ok=ok) for number, ok in enumerate(checks)))
    course.after(took["document"]).add(
        *drill_moves.conclude(course.stands, None, True, "", ADA, PLAN, course.now), by=ADA
    )
    return course


def points(scored: Scored) -> dict[str, int]:
    return {one.title: one.points for one in scored.lines}


def test_a_quick_rehearsal_of_the_right_copy_is_worth_a_hundred_points() -> None:
    scored = scoring.score(played().events, RULES)
    assert scored.total == 100 == sum(one.most for one in scored.lines)
    assert scored.title == "A migration goes wrong"
    assert "mergeDuplicateUsers" in scored.story


@pytest.mark.parametrize(("share", "earned"), [(0.5, 10), (1.25, 5), (1.5, 3), (2, 0), (9, 0)])
def test_points_for_time_end_at_twice_the_budget(share: float, earned: int) -> None:
    scored = scoring.score(played({"scope": share}).events, RULES)
    assert points(scored)["Find out what is wrong"] == earned
    assert scored.total == 90 + earned


def test_what_lifeboat_does_costs_nobody_time_and_waiting_for_an_agreement_does() -> None:
    spent = scoring.spent(played({"import": 2}).events)
    assert set(spent) == set(PEOPLES)
    assert spent["import"].total == BUDGETS["import"] * 2


def test_a_step_that_failed_costs_time_until_somebody_mends_it() -> None:
    course = Played()
    course.by_lifeboat("snapshot", copy("good", START))
    step = course.stands.step("strike")
    assert step is not None
    course.add(*drill_moves.begun(course.stands, step, course.now))
    course.add(*drill_moves.ended(course.stands, step, Move.FAIL, "No key.", course.now))
    course.after(timedelta(minutes=3)).by_ada("strike", Move.REOPEN)
    assert scoring.spent(course.events)["strike"].total == timedelta(minutes=3)


def test_the_sentence_says_what_cost_the_time() -> None:
    waited = {one.title: one.why for one in scoring.score(played({"scope": 1.5}).events, RULES).lines}
    assert waited["Find out what is wrong"].endswith("Most of it passed before anybody began.")
    course = Played()
    course.by_lifeboat("snapshot", copy("good", START))
    course.by_lifeboat("strike")
    course.by_ada("scope", Move.START)
    course.after(BUDGETS["scope"] * 2).by_ada("scope")
    worked = {one.title: one.why for one in scoring.score(course.events, RULES).lines}
    assert worked["Find out what is wrong"].endswith("The work itself took longest: practise this one.")
    assert worked["Say how it went"] == "It was not done."


def test_a_copy_from_after_it_happened_earns_nothing() -> None:
    assert scoring.score(played(late_copy=True).events, RULES).total == 70


def test_checks_that_do_not_hold_cost_their_share_and_are_named() -> None:
    scored = scoring.score(played(checks=(True, False, False)).events, RULES)
    assert points(scored)["Everything is back"] == 10
    assert next(one for one in scored.lines if one.most == 30 and one.points == 10).why.endswith(
        "Not so: Check 1; Check 2."
    )


def test_hints_refusals_and_steps_never_taken_over_cost_points_and_never_more_than_there_are() -> None:
    course = played()
    course.add(Hinted(step="scope", text="Look."), ImportRefused(digest="d", reason="No"), by=ADA)
    held = course.stands.steps["choose"].model_copy(update={"assignee": KIM})
    course.add(StepMoved(step="choose", move=Move.ASSIGN, held=held))
    scored = scoring.score(course.events, RULES)
    assert scored.total == 100 - 5 - 5 - 5
    for number in range(40):
        course.add(Hinted(step=str(number), text="Look."), by=ADA)
    assert scoring.score(course.events, RULES).total == 0


def test_it_is_compared_with_the_best_and_the_last_before() -> None:
    scored = scoring.score(played().events, RULES, (40, 90, 70))
    assert (scored.best, scored.last) == (90, 70)
    first = scoring.score(played().events, RULES)
    assert (first.best, first.last) == (None, None)
