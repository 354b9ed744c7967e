"""What destroys data is done when two people want it, exactly as it was asked, in time; or loudly by one alone."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.domain.automations import Answer
from bot.domain.errors import Refused
from bot.domain.incident_events import Closed, Noted
from bot.domain.incidents import Incident
from bot.domain.people import Person, PersonId, Role
from bot.operations import approvals
from bot.operations import incidents as acting
from bot.simulator.server import Simulator
from bot.store import approvals as kept
from bot.store import posts
from bot.store.tables import approvals as table
from tests.operations.conftest import Access
from tests.operations.home import PLAN, ShiftedClock
from tests.operations.recovery import ADA, BEN, EVE, Recovery, recovery
from tests.waiting import until

ACTION = "Cancel scheduled"
OPERATOR = Person(PersonId("cleo"), "Cleo", frozenset({Role.RESPONDER, Role.OPERATOR}))


@pytest.fixture
def clock() -> ShiftedClock:
    return ShiftedClock()


@pytest.fixture
async def here(database_url: str, tmp_path: Path, access: Access, clock: ShiftedClock) -> AsyncIterator[Recovery]:
    async with recovery(database_url, tmp_path, access, clock=clock) as one:
        yield one


@pytest.fixture
async def scheduled(convex: Simulator) -> Simulator:
    """A deployment in which something is scheduled that must not run."""
    convex.instance.scheduler.schedule("users:remove", 3600, lambda: None)
    return convex


def waiting(convex: Simulator) -> int:
    return len([job for job in convex.instance.scheduler.jobs if job.state == "pending"])


async def asked(here: Recovery, by: Person = ADA) -> tuple[Incident, str]:
    incident = await here.begun()
    arguments = approvals.cancel_arguments(here.house, incident)
    question = await approvals.ask(here.house, incident, approvals.CANCEL_SCHEDULED, arguments, by)
    return incident, question.code


async def test_a_second_approver_agrees_and_it_is_done_once(here: Recovery, scheduled: Simulator) -> None:
    incident, code = await asked(here)
    assert waiting(scheduled) == 1
    await approvals.agree(here.house, code, BEN)
    done = await here.until_acted(incident, ACTION)
    assert waiting(scheduled) == 0
    assert done.effect.endswith(f"Asked by Ada Okafor, agreed by Ben Lindqvist ({code}).")
    with pytest.raises(Refused, match="agreed to already"):
        await approvals.agree(here.house, code, BEN)
    await approvals.look(here.house)
    assert len(await here.acted(incident, ACTION)) == 1


async def test_the_question_stands_in_the_room_with_its_answer(here: Recovery, scheduled: Simulator) -> None:
    incident, code = await asked(here)
    shown = await here.card("approval", code)
    assert shown.startswith("A second person has to agree")
    assert scheduled.url in shown, "exactly what is to be done"
    await approvals.refuse(here.house, code, BEN)
    assert (await here.card("approval", code)).startswith("Refused: nothing was done")
    [said] = [one.body for one in await here.events(incident) if isinstance(one.body, Noted)]
    assert (said.decision, said.text.split(":")[0]) == (True, "Refused, so it was not done")
    assert waiting(scheduled) == 1
    await until(lambda: _posted(here, code))


async def _posted(here: Recovery, code: str) -> bool:
    async with here.house.database.read() as db:
        return bool(await posts.of(db, "approval", code))


@pytest.mark.parametrize("by", [ADA, OPERATOR, EVE], ids=["who asked", "no approver", "nobody"])
async def test_nobody_else_can_agree(here: Recovery, scheduled: Simulator, by: Person) -> None:
    _, code = await asked(here)
    with pytest.raises(Refused):
        await approvals.agree(here.house, code, by)
    async with here.house.database.read() as db:
        found = await kept.get(db, code)
    assert found is not None
    assert found.answer is Answer.OPEN
    assert waiting(scheduled) == 1


async def test_after_half_an_hour_nobody_can_agree(here: Recovery, scheduled: Simulator, clock: ShiftedClock) -> None:
    _, code = await asked(here)
    clock.shift = approvals.OPEN_FOR + timedelta(seconds=1)
    with pytest.raises(Refused, match="in time"):
        await approvals.agree(here.house, code, BEN)
    await approvals.look(here.house)
    assert (await here.card("approval", code)).startswith("Nobody answered in time")
    assert waiting(scheduled) == 1


async def test_an_answer_holds_for_exactly_what_was_asked(here: Recovery, scheduled: Simulator) -> None:
    _, code = await asked(here)
    async with here.house.database.write() as db:
        await db.execute(sa.update(table).values(arguments='{"deployment": "http://other", "environment": "staging"}'))
    with pytest.raises(Refused, match="not what was asked"):
        await approvals.agree(here.house, code, BEN)
    assert waiting(scheduled) == 1


async def test_a_deployment_that_was_exchanged_meanwhile_is_left_alone(here: Recovery, scheduled: Simulator) -> None:
    incident = await here.begun()
    arguments = {"environment": "production", "deployment": "https://former.convex.cloud"}
    question = await approvals.ask(here.house, incident, approvals.CANCEL_SCHEDULED, arguments, ADA)
    await approvals.agree(here.house, question.code, BEN)
    done = await here.until_acted(incident, ACTION)
    assert not done.ok
    assert "another deployment now" in done.effect
    assert waiting(scheduled) == 1


async def test_the_same_question_is_asked_once(here: Recovery) -> None:
    incident, code = await asked(here)
    arguments = approvals.cancel_arguments(here.house, incident)
    again = await approvals.ask(here.house, incident, approvals.CANCEL_SCHEDULED, arguments, BEN)
    assert again.code == code
    with pytest.raises(Refused):
        await approvals.agree(here.house, code, ADA)


async def test_who_is_alone_breaks_the_glass_and_everybody_hears_it(here: Recovery, scheduled: Simulator) -> None:
    incident = await here.begun()
    arguments = approvals.cancel_arguments(here.house, incident)
    action = approvals.CANCEL_SCHEDULED
    with pytest.raises(Refused):
        await approvals.alone(here.house, incident, action, arguments, ADA, "hurry")
    await approvals.alone(here.house, incident, action, arguments, ADA, "It is three o'clock and nobody answers.")
    done = await here.until_acted(incident, ACTION)
    assert "without a second person" in done.effect
    assert waiting(scheduled) == 0
    [said] = [one.body for one in await here.events(incident) if isinstance(one.body, Noted)]
    assert said.decision
    assert "nobody answers" in said.text
    await until(lambda: _titles(here))


async def test_breaking_the_glass_answers_the_question_that_was_open(here: Recovery, scheduled: Simulator) -> None:
    incident, code = await asked(here)
    arguments = approvals.cancel_arguments(here.house, incident)
    reason = "It is three o'clock and nobody answers."
    await approvals.alone(here.house, incident, approvals.CANCEL_SCHEDULED, arguments, OPERATOR, reason)
    await here.until_acted(incident, ACTION)
    scheduled.instance.scheduler.schedule("users:welcome", 3600, lambda: None)
    with pytest.raises(Refused, match="without a second person"):
        await approvals.agree(here.house, code, BEN)
    assert waiting(scheduled) == 1, "what was scheduled since stays"
    [said] = [one.body for one in await here.events(incident) if isinstance(one.body, Noted)]
    assert said.text.startswith("Cleo broke the glass")


async def _titles(here: Recovery) -> bool:
    return "Decision taken alone: Users are gone" in here.home.paper.titles("all-hands")


async def test_what_was_agreed_to_is_begun_by_the_sweep_where_the_process_ended(
    here: Recovery, scheduled: Simulator
) -> None:
    incident, code = await asked(here)
    async with here.house.database.write() as db:
        assert await kept.settle(db, code, Answer.AGREED, BEN.id, BEN.name, here.house.clock.now())
    await approvals.look(here.house)
    await here.until_acted(incident, ACTION)
    assert waiting(scheduled) == 0


async def test_what_was_agreed_to_before_a_long_standstill_is_asked_again(
    here: Recovery, scheduled: Simulator, clock: ShiftedClock
) -> None:
    incident, code = await asked(here)
    async with here.house.database.write() as db:
        assert await kept.settle(db, code, Answer.AGREED, BEN.id, BEN.name, here.house.clock.now())
    clock.shift = approvals.OPEN_FOR + timedelta(seconds=1)
    await approvals.look(here.house)
    done = await here.until_acted(incident, ACTION)
    assert (done.ok, waiting(scheduled)) == (False, 1)
    assert "ask again" in done.effect


async def test_what_was_asked_for_a_closed_incident_is_not_done(here: Recovery, scheduled: Simulator) -> None:
    incident, code = await asked(here)
    await acting.act(here.house, incident.id, ADA, lambda _: (Closed(),))
    with pytest.raises(Refused, match="is closed"):
        await approvals.agree(here.house, code, BEN)
    assert waiting(scheduled) == 1


async def test_of_two_who_answer_at_once_one_does(here: Recovery) -> None:
    _, code = await asked(here)
    now = here.house.clock.now()
    async with here.house.database.write() as db:
        assert await kept.settle(db, code, Answer.REFUSED, BEN.id, BEN.name, now)
        assert not await kept.settle(db, code, Answer.AGREED, EVE.id, EVE.name, now)


def test_people_are_two_only_where_that_is_sure() -> None:
    ada = PLAN.people[PersonId("ada")]
    bare = {"slack": None, "discord": None, "terminal": None}
    known = PLAN.model_copy(update={"people": {ada.id: ada.model_copy(update={**bare, "slack": "U1"})}})
    assert not approvals.apart(known, ada.id, ada.id)
    assert approvals.apart(known, ada.id, PersonId("slack:U2"))
    assert not approvals.apart(known, ada.id, PersonId("discord:2")), "she may be that account too"
    assert approvals.apart(known, PersonId("slack:U2"), PersonId("slack:U3"))
    assert not approvals.apart(known, PersonId("slack:U2"), PersonId("discord:3"))


async def test_the_roles_of_a_stranger_do_not_help_who_asked_by_another_account(here: Recovery) -> None:
    _, code = await asked(here, replace(ADA, id=PersonId("slack:U1")))
    with pytest.raises(Refused, match="cannot be told apart"):
        await approvals.agree(here.house, code, replace(ADA, id=PersonId("discord:1")))
