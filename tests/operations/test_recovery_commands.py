"""What people type in a recovery does what it says, asks for what it must, and answers everybody."""

import itertools
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.chat.cards import Button, Buttons, Card, Form
from bot.chat.markdown import to_markdown
from bot.domain.backups import Observation
from bot.domain.errors import Outage
from bot.domain.incident_events import Restored
from bot.domain.incidents import Incident
from bot.domain.mail import Letter
from bot.domain.people import Person, Role
from bot.operations import announcing
from bot.request import Pressed, Reply, Request, Said
from bot.router import Router
from bot.simulator.server import Simulator
from bot.store import observations
from bot.views.actions import EDIT_LETTER, STOP
from commands import GROUPS
from tests.databases import sqlite_database
from tests.operations.conftest import Access
from tests.operations.recovery import ADA, BEN, EVE, ROOM, Recovery, recovery
from tests.waiting import until


class Letters:
    """A mail server that remembers; away when it is told to be."""

    sender = "lifeboat@example.com"

    def __init__(self) -> None:
        self.sent: list[Letter] = []
        self.away = False

    async def send(self, letter: Letter) -> None:
        if self.away:
            raise Outage("The mail server", "The mail server did not answer.", unsent=True)
        self.sent.append(letter)


@pytest.fixture
def letters() -> Letters:
    return Letters()


@pytest.fixture
async def here(tmp_path: Path, access: Access, letters: Letters) -> AsyncIterator[Recovery]:
    async with recovery(sqlite_database(tmp_path), tmp_path, access, mail=letters) as one:
        yield one


class Talk:
    """Says and presses, as somebody."""

    def __init__(self, here: Recovery) -> None:
        self._router = Router(here.house, GROUPS)
        self._number = itertools.count()

    async def say(self, line: str, by: Person = ADA) -> Reply:
        return await self._router.handle(Request(str(next(self._number)), by, ROOM, Said(line)))

    async def press(self, press: str, values: Mapping[str, str], by: Person = ADA) -> Reply:
        return await self._router.handle(Request(str(next(self._number)), by, ROOM, Pressed(press, values=values)))


@pytest.fixture
def talk(here: Recovery) -> Talk:
    return Talk(here)


def shown(reply: Reply) -> str:
    assert isinstance(reply.shown, Card)
    return f"{reply.shown.title}\n{to_markdown(reply.shown)}"


async def test_a_pause_is_explained_first_and_done_when_the_environment_is_typed(
    here: Recovery, talk: Talk, convex: Simulator
) -> None:
    incident = await here.begun()
    assert "It does not stop" in shown(await talk.say("/recovery stop pause"))
    wrong = await talk.say("/recovery stop pause --really staging")
    assert (wrong.ok, convex.deployment.paused) == (False, False)
    done = await talk.say("/recovery stop pause --really production")
    assert "Convex is paused for production" in shown(done)
    assert convex.deployment.paused
    assert len(await here.braked(incident)) == 1


async def test_by_a_button_the_name_is_asked_for_in_a_form_that_stays_open_when_it_is_wrong(
    here: Recovery, talk: Talk, convex: Simulator
) -> None:
    incident = await here.begun()
    asked = await talk.press(STOP(incident.id, "pause"), {})
    assert isinstance(asked.shown, Form)
    values = {one.key: one.value for one in asked.shown.fields}
    wrong = await talk.press(asked.shown.submit, {**values, "really": "prod"})
    assert isinstance(wrong.shown, Form)
    assert "is not 'production'" in next(one.error for one in wrong.shown.fields if one.key == "really")
    assert not convex.deployment.paused
    await talk.press(asked.shown.submit, {**values, "really": "Production"})
    assert convex.deployment.paused


async def test_only_operators_stop_anything(here: Recovery, talk: Talk, convex: Simulator) -> None:
    incident = await here.begun()
    assert not (await talk.say("/recovery stop pause --really production", EVE)).ok
    assert not (await talk.press(STOP(incident.id, "pause"), {}, EVE)).ok
    assert not convex.deployment.paused


async def test_resume_shows_what_is_stopped_and_lets_it_go_in_order(
    here: Recovery, talk: Talk, convex: Simulator
) -> None:
    await here.begun()
    assert "nothing to resume" in shown(await talk.say("/recovery resume"))
    await talk.say("/recovery stop pause --really production")
    await talk.say('/recovery stop maintenance --by-hand --note "set at Vercel"')
    listed = shown(await talk.say("/recovery resume"))
    assert "run at once when Convex is resumed" in listed
    assert "set at Vercel" in listed
    assert "Convex runs the functions of production again" in shown(await talk.say("/recovery resume pause"))
    assert not convex.deployment.paused
    assert "Recorded" in shown(await talk.say("/recovery resume maintenance --by-hand"))
    assert "nothing to resume" in shown(await talk.say("/recovery resume"))


async def test_resuming_all_does_what_it_can_and_names_what_is_left_to_hands(
    here: Recovery, talk: Talk, convex: Simulator
) -> None:
    await here.begun()
    await talk.say("/recovery stop pause --really production")
    await talk.say("/recovery stop maintenance --by-hand")
    assert "Still stopped: maintenance." in shown(await talk.say("/recovery resume all"))
    assert not convex.deployment.paused
    nothing = await talk.say("/recovery resume all")
    assert "by hand" in shown(nothing)
    assert not nothing.ok


async def test_two_people_cancel_what_is_scheduled_by_text(here: Recovery, talk: Talk) -> None:
    incident = await here.begun()
    asked = await talk.say("/recovery cancel-scheduled")
    assert isinstance(asked.shown, Card)
    [code, *_] = str(asked.shown.footer[0]).split(" · ")
    assert not (await talk.say(f"/recovery agree {code}")).ok
    assert "Agreed, and begun" in shown(await talk.say(f"/recovery agree {code}", BEN))
    await here.until_acted(incident, "Cancel scheduled")


async def test_a_lone_operator_breaks_the_glass_by_text(here: Recovery, talk: Talk) -> None:
    incident = await here.begun()
    lone = replace(ADA, roles=frozenset({Role.RESPONDER, Role.OPERATOR}))
    reply = await talk.say('/recovery cancel-scheduled --break-glass "Nobody else is awake."', lone)
    assert "Done without a second person" in shown(reply)
    await here.until_acted(incident, "Cancel scheduled")


async def test_what_was_restored_by_hand_is_recorded_with_its_source_and_way(here: Recovery, talk: Talk) -> None:
    incident = await here.begun()
    line = '/recovery restored "the table users" --source production-20261122 --how "npx convex import --replace"'
    assert "was restored from production-20261122" in shown(await talk.say(line))
    [said] = [one.body for one in await here.events(incident) if isinstance(one.body, Restored)]
    assert (said.what, said.how) == ("the table users", "npx convex import --replace")
    assert (await here.stands(incident)).restored


async def test_an_announcement_reaches_every_channel_and_the_list_once(
    here: Recovery, talk: Talk, letters: Letters
) -> None:
    incident = await here.begun()
    reply = await talk.say("/recovery announce Sign-in works again, posts follow at ten.")
    assert "e-mail to team@example.com" in shown(reply)
    await until(lambda: _news(here))
    await until(lambda: _arrived(letters))
    [letter] = letters.sent
    assert letter.subject == "[production] Users are gone"
    assert letter.text.startswith("Sign-in works again")
    assert len(await here.acted(incident, announcing.ACTION)) == 1


async def _news(here: Recovery) -> bool:
    return "News: Users are gone" in here.home.paper.titles("all-hands")


async def _arrived(letters: Letters) -> bool:
    return bool(letters.sent)


async def test_a_mail_server_that_is_away_is_said_and_stops_nothing_else(
    here: Recovery, talk: Talk, letters: Letters
) -> None:
    letters.away = True
    incident = await here.begun()
    await talk.say("/recovery announce We are on it.")
    failed = await here.until_acted(incident, announcing.MAILED)
    assert (failed.ok, failed.effect) == (False, "The mail server did not answer.")
    await until(lambda: _news(here))


@pytest.mark.parametrize("line", ["/recovery test", "/recovery stop webhooks --really production"])
async def test_what_is_not_connected_says_so(here: Recovery, talk: Talk, line: str) -> None:
    await here.begun()
    reply = await talk.say(line)
    assert not reply.ok
    assert "connected" in shown(reply)


# --- the letter ------------------------------------------------------------------------------------------------------


async def _lost(here: Recovery, talk: Talk) -> Incident:
    """An incident of which everything is known that support has to know."""
    incident, now = await here.begun(), here.house.clock.now()
    seen = {"tried_at": now, "seen_at": now, "name": "brave-otter-412", "project_id": "815"}
    async with here.house.database.write() as db:
        await observations.put(db, Observation(environment=incident.environment, **seen))
    await _go_back(here, talk, timedelta(hours=2))
    return incident


async def _go_back(here: Recovery, talk: Talk, span: timedelta) -> str:
    moment = f"{here.house.clock.now() - span:%Y-%m-%dT%H:%M:%SZ}"
    assert (await talk.say(f"/incident point {moment}")).ok
    return moment


def _send(reply: Reply) -> str:
    """The line that the card's button says."""
    assert isinstance(reply.shown, Card)
    buttons = [one for block in reply.shown.blocks if isinstance(block, Buttons) for one in block.buttons]
    [press] = [one.press for one in buttons if isinstance(one, Button) and one.label.startswith("Send it")]
    return press


async def test_a_letter_with_gaps_is_not_sent_by_a_line_either(here: Recovery, talk: Talk, letters: Letters) -> None:
    await here.begun()
    refused = await talk.say("/incident email send")
    assert not refused.ok
    assert "(to be filled in)" in shown(refused)
    assert letters.sent == []


async def test_a_letter_that_was_drafted_before_the_point_was_moved_is_not_sent_as_it_was(
    here: Recovery, talk: Talk, letters: Letters
) -> None:
    await _lost(here, talk)
    await talk.say("/incident email")
    moved = await _go_back(here, talk, timedelta(hours=3))
    refused = await talk.say("/incident email send")
    assert (refused.ok, letters.sent) == (False, [])
    assert (await talk.press(_send(await talk.say("/incident email")), {})).ok
    [sent] = letters.sent
    assert f"Target timestamp: {moved}" in sent.text


async def test_a_letter_that_somebody_wrote_into_after_it_was_shown_asks_for_another_press(
    here: Recovery, talk: Talk, letters: Letters
) -> None:
    incident = await _lost(here, talk)
    read = _send(await talk.say("/incident email"))
    form = (await talk.press(EDIT_LETTER(incident.id), {}, BEN)).shown
    assert isinstance(form, Form)
    written = {one.key: one.value for one in form.fields}
    await talk.press(form.submit, {**written, "subject": "Please help"}, BEN)
    assert not (await talk.press(read, {})).ok
    assert letters.sent == []
    assert (await talk.press(_send(await talk.say("/incident email")), {})).ok
    assert [one.subject for one in letters.sent] == ["Please help"]


async def test_a_letter_on_its_way_is_not_edited(here: Recovery, talk: Talk, letters: Letters) -> None:
    incident = await _lost(here, talk)
    await talk.say("/incident email")
    letters.away = True
    assert not (await talk.say("/incident email send")).ok
    form = (await talk.press(EDIT_LETTER(incident.id), {}, BEN)).shown
    assert isinstance(form, Form)
    written = {one.key: one.value for one in form.fields}
    assert not (await talk.press(form.submit, {**written, "subject": "Please help"}, BEN)).ok
    stands = (await here.stands(incident)).letter
    assert stands is not None
    assert stands.pressed_at is not None
    assert stands.subject != "Please help"
