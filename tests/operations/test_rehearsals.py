"""Rehearsals from end to end on the simulated production that is theirs alone."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.domain.backups import BackupId
from bot.domain.checklist import Move
from bot.domain.drill_events import Practice
from bot.domain.errors import Refused
from bot.domain.incident_events import StepMoved
from bot.domain.plan_rehearsals import REHEARSAL, SURPRISE
from bot.house import Context
from bot.operations import drills, rehearsal_work, rehearsals
from bot.operations import incidents as acting
from bot.store import incidents
from commands import drill_rehearsal
from tests.operations.drilling import ADA, BEN, ROOM
from tests.operations.home import STAGING
from tests.operations.rehearsing import Rehearsing, failed, rehearsing
from tests.waiting import until

SCENARIOS = ("deleted-table", "bad-migration", "failed-deployment", "lost-key", "key-person-absent")


class Later:
    """A time at which the first step is long overdue."""

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(minutes=7)


@pytest.fixture
async def here(tmp_path: Path, data_sets: Path) -> AsyncIterator[Rehearsing]:
    async with rehearsing(tmp_path, data_sets) as one:
        yield one


@pytest.mark.parametrize(
    "scenario", [SCENARIOS[0], *(pytest.param(one, marks=pytest.mark.soak) for one in SCENARIOS[1:])]
)
async def test_every_scenario_damages_production_between_two_copies(here: Rehearsing, scenario: str) -> None:
    whole = here.rows()
    name = await here.struck(scenario)
    assert here.rows() != whole
    after, before = await here.copies(name)
    stands, drill = await here.drilling.stands(name)
    struck_at = stands.steps["strike"].started_at
    assert struck_at is not None
    assert before.snapshot_at < struck_at < after.snapshot_at
    assert before.restorable
    assert before.sha256 != after.sha256
    assert after.restorable is (scenario == "failed-deployment"), "garbage in a title is found by no check"
    assert drill.practice.scenario == scenario
    assert scenario not in stands.steps["strike"].note


async def test_a_lost_key_stops_everything_until_there_is_a_new_one(here: Rehearsing) -> None:
    whole = here.rows()
    name = await here.struck("lost-key")
    with pytest.raises(Refused, match="does not accept the key"):
        await here.house.deployment(REHEARSAL).counts()
    good = (await here.scoped(name))[0]
    await rehearsals.use(here.house, name, good.id, ADA)
    note = await failed(here, name, "import")
    assert "does not accept the key" in note
    assert "setting" not in note, "the button makes a new one"
    await rehearsals.new_key(here.house, name, ADA)
    await here.drilling.move(name, "import", Move.REOPEN)
    await here.agreed(name)
    assert here.rows() == whole
    _, drill = await here.concluded(name)
    assert drill.score is not None
    assert (drill.score.scenario, drill.score.total) == ("lost-key", 100)
    assert "leaked" in drill.score.story
    assert (drill.score.best, drill.score.last) == (None, None)


async def test_points_are_counted_and_nothing_of_it_is_left(here: Rehearsing) -> None:
    whole = here.rows()
    name = await here.struck("deleted-table")
    copies = await here.scoped(name)
    given = await rehearsals.hint(here.house, name, ADA)
    assert "copy" in given.text.lower()
    await rehearsals.hint(here.house, name, BEN)
    with pytest.raises(Refused, match="damaged"):
        await rehearsals.use(here.house, name, copies[1].id, ADA)
    await here.restored(name, copies[0])
    stands, drill = await here.concluded(name)
    assert drill.score is not None
    assert [one.title for one in drill.score.lines][-1] == "Hints: 1", "asked for twice, it is charged once"
    assert drill.score.total == 95
    assert here.rows() == whole
    assert await here.copies(name) == []
    assert stands.follow_ups == (), "nobody is reminded of a rehearsal"
    async with here.house.database.read() as db:
        assert await incidents.broken_at(db, name) is None


async def test_another_copy_may_be_chosen_after_the_wrong_one_was_restored(here: Rehearsing) -> None:
    whole = here.rows()
    name = await here.struck("failed-deployment")
    good, spoiled = await here.scoped(name)
    await here.restored(name, spoiled)
    assert here.rows() != whole, "it passes every check, and holds the damage"
    await rehearsals.use(here.house, name, good.id, ADA)
    await here.agreed(name)
    assert here.rows() == whole
    _, drill = await here.concluded(name)
    assert drill.score is not None
    assert {one.title: one.points for one in drill.score.lines}["A copy from before it happened"] == 30


async def test_steps_of_somebody_who_does_not_answer_are_taken_over(here: Rehearsing) -> None:
    name = await here.struck("key-person-absent")
    stands, _ = await here.drilling.stands(name)
    held = {one.key for one in stands.checklist if stands.steps[one.key].assignee == rehearsal_work.ABSENT}
    assert held == {"scope", "choose", "document"}
    assert here.house.plan.name_of(rehearsal_work.ABSENT) == "Kim Reyes (rehearsal)"
    await here.drilling.move(name, "scope", Move.CLAIM)
    good = (await here.scoped(name))[0]
    await here.restored(name, good)
    _, drill = await here.concluded(name)
    assert drill.score is not None
    left = next(one for one in drill.score.lines if "never taken over" in one.title)
    assert (left.title, left.points) == ("Steps never taken over: 1", -5)


async def test_the_room_hears_that_somebody_does_not_answer(here: Rehearsing) -> None:
    name = await here.struck("key-person-absent")
    later = replace(here.house, clock=Later())
    await acting.remind(later, name)

    async def heard() -> bool:
        return any("Are you on 3. Find out what is wrong?" in title for title in here.drilling.home.paper.titles())

    await until(heard)


async def test_the_choice_is_what_ends_the_choosing(here: Rehearsing) -> None:
    name = await here.struck("bad-migration")
    good = (await here.copies(name))[-1]
    with pytest.raises(Refused, match="waits for"):
        await rehearsals.use(here.house, name, good.id, ADA)
    await here.scoped(name)
    with pytest.raises(Refused, match="done by choosing one"):
        await here.drilling.move(name, "choose", Move.FINISH, note="The first")
    with pytest.raises(Refused, match="no copy of this rehearsal"):
        await rehearsals.use(here.house, name, BackupId("production-1"), ADA)


async def test_one_rehearsal_is_held_at_a_time_and_a_surprise_is_any_of_them(here: Rehearsing) -> None:
    first, new = await rehearsals.begin(here.house, ADA, ROOM, SURPRISE)
    again, another = await rehearsals.begin(here.house, BEN, ROOM, "lost-key")
    assert (new, another) == (True, False)
    assert again.id == first.id
    assert first.drill is not None
    assert first.drill.practice.scenario in SCENARIOS
    with pytest.raises(Refused, match="There is no scenario 'flood'"):
        await rehearsals.begin(here.house, ADA, ROOM, "flood")


async def test_a_cancelled_rehearsal_is_cleaned_up_without_points(here: Rehearsing) -> None:
    whole = here.rows()
    name = await here.struck("bad-migration")
    assert here.rows() != whole
    await drills.cancel(here.house, name, "Lunch", ADA)
    _, drill = await here.drilling.until_closed(name)
    assert drill.score is None
    assert here.rows() == whole
    assert await here.copies(name) == []


async def test_what_was_struck_is_struck_again_when_the_simulator_begins_anew(here: Rehearsing) -> None:
    name = await here.struck("deleted-table")
    assert here.house.ground is not None
    await here.house.ground.begin_anew()
    assert here.simulator.deployment.tables["messages"].count > 0
    await rehearsal_work.resume(here.house)
    assert here.simulator.deployment.tables["messages"].count == 0
    assert name


async def test_no_drill_goes_into_the_simulated_production_or_out_of_it(here: Rehearsing) -> None:
    for practice in (Practice(source=REHEARSAL, target=STAGING), Practice(source=STAGING, target=REHEARSAL)):
        with pytest.raises(Refused, match="simulated"):
            await drills.begin(here.house, ADA, ROOM, practice, "A test")


async def test_without_the_setting_nothing_can_be_rehearsed(here: Rehearsing) -> None:
    with pytest.raises(Refused) as refused:
        await rehearsals.begin(replace(here.house, ground=None), ADA, ROOM, SURPRISE)
    assert "LIFEBOAT_REHEARSALS=true" in refused.value.hint


async def test_the_room_hears_neither_the_scenario_nor_what_the_second_copy_holds(here: Rehearsing) -> None:
    name = await here.struck("bad-migration")
    said = " ".join(here.drilling.home.paper.titles())
    assert "do not rely" not in said
    moved = [one.body for one in await here.drilling.events(name) if isinstance(one.body, StepMoved)]
    assert moved
    assert [one.held.note for one in moved if "migration" in one.held.note] == []


async def test_hints_copies_keys_and_points_are_asked_for_by_commands(here: Rehearsing) -> None:
    asked = Context(here.house, ADA, ROOM, here.house.clock.now())
    with pytest.raises(Refused, match="No points were counted yet"):
        await drill_rehearsal.score(asked)
    name = await here.struck("lost-key")
    assert "What does Convex say" in (await drill_rehearsal.hint(asked)).title
    assert "uses it" in (await drill_rehearsal.new_key(asked)).title
    assert (await here.house.deployment(REHEARSAL).counts()).rows
    good = (await here.scoped(name))[0]
    shown = await drill_rehearsal.use(asked)
    assert good.id in str(shown.blocks)
    assert good.id in (await drill_rehearsal.use(asked, good.id)).title
    await here.agreed(name)
    with pytest.raises(Refused, match="No points were counted yet"):
        await drill_rehearsal.score(asked)
    await here.concluded(name)
    assert (await drill_rehearsal.score(asked)).title == "95 points of 100"
    assert "best: 95 points" in str((await drill_rehearsal.scenarios(asked)).blocks)
    with pytest.raises(Refused, match="is over"):
        await drill_rehearsal.hint(asked, of=name)
