"""What an incident's automations show says what it does and does not do, and every button of it leads somewhere."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.chat import parse
from bot.chat.cards import Card
from bot.chat.ids import decode
from bot.chat.markdown import to_markdown
from bot.domain.automations import Answer, Approval, RunPhase, SuiteRun
from bot.domain.backups import EnvironmentName
from bot.domain.differences import differences
from bot.domain.incident_events import Acted, Brake, Braked, Event, IncidentId, Noted, Started
from bot.domain.incidents import Incident, fold
from bot.domain.people import PersonId
from bot.views import actions, brakes, news, suites
from bot.views.approvals import approval_card
from bot.views.integrity import integrity_card
from commands import GROUPS
from tests.domain.test_health import PLAN
from tests.views.test_buttons import ACTIONS, GOOD, OLD, REPORT, presses

AT = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
LONGEST = IncidentId("2026-11-22-the-longest-title-there-12")
EVERY = {**ACTIONS, actions.STOP.name: actions.STOP}
NONE = dict.fromkeys(Brake, "")
ADA = PersonId("ada")


def event(seq: int, body: Started | Braked | Acted | Noted) -> Event:
    return Event(incident=LONGEST, seq=seq, at=AT, by=ADA, by_name="Ada Okafor", body=body)


BEGUN = event(
    1,
    Started(
        title="Users are gone",
        what="Users are gone",
        cause="other",
        environment=EnvironmentName("production"),
        noticed_at=AT,
        recover_within=None,
        checklist=PLAN.checklist,
        platform="web",
        channel="general",
    ),
)
BRAKED = [event(seq, Braked(brake=one, on=True, effect="It is off.")) for seq, one in enumerate(Brake, 2)]
FAILED = event(9, Acted(action="Stop pause", ok=False, effect="Convex did not answer."))
CALM: Incident = fold([BEGUN])
STOPPED: Incident = fold([BEGUN, *BRAKED])
RUN = SuiteRun("tests-1", LONGEST, "`npx jest`", RunPhase.RUNNING, ADA, "Ada", AT, 1, tail="a\nb", attempts=2)
ASKED = Approval(
    "abcd-1234", LONGEST, "cancel-scheduled", {}, "0", "Cancel it.", ADA, "Ada", AT, AT + timedelta(minutes=30)
)


def cards() -> Iterator[Card]:
    for one in Brake:
        for incident in (CALM, STOPPED):
            yield brakes.stop_card(incident, one, "")
            yield brakes.stop_card(incident, one, "Set the token of Vercel.")
    yield brakes.resume_card(CALM, NONE)
    yield brakes.resume_card(STOPPED, NONE)
    yield brakes.resume_card(STOPPED, dict.fromkeys(Brake, "Set it."))
    for happened in ([], BRAKED[:1], [FAILED]):
        yield brakes.outcome_card(STOPPED, happened)
    for phase in RunPhase:
        ended = None if phase is RunPhase.RUNNING else AT
        yield suites.suite_card(replace(RUN, phase=phase, ended_at=ended, passed=3), PLAN, AT)
    for answer in Answer:
        yield approval_card(replace(ASKED, answer=answer, answered_by=ADA, answered_at=AT, reason="Alone."), PLAN)
    yield integrity_card(CALM, OLD, GOOD, differences(REPORT, REPORT), "")
    yield integrity_card(CALM, OLD, GOOD, differences(REPORT, REPORT), "Older than the restore.")
    yield news.news_card(CALM, event(3, Acted(action="Announcement", ok=True, effect="All is well.")), PLAN)
    yield news.news_card(CALM, event(3, Noted(text="Alone.", decision=True)), PLAN)


@pytest.mark.parametrize("card", list(cards()), ids=lambda card: card.title[:60])
def test_every_button_leads_somewhere_and_stands_once(card: Card) -> None:
    found = presses(card)
    assert len(found) == len(set(found)), "some platforms refuse a message that holds the same id twice"
    for press in found:
        action, pressed = decode(press, EVERY)
        if action == actions.SAY:
            parse.parse(dict(pressed.values)["line"], GROUPS)


@pytest.mark.parametrize("card", list(cards()), ids=lambda card: card.title[:60])
def test_every_title_is_a_line(card: Card) -> None:
    assert card.title.strip()
    assert "\n" not in card.title
    assert len(card.title) <= 150


def test_before_a_pause_it_is_said_that_reads_stop_too_and_imports_do_not() -> None:
    shown = to_markdown(brakes.stop_card(CALM, Brake.PAUSE, ""))
    assert "those that only read too" in shown
    assert "npx convex import" in shown
    assert "run at once on resume" in shown


def test_a_brake_that_is_not_connected_says_what_to_set_and_what_to_do_by_hand() -> None:
    card = brakes.stop_card(CALM, Brake.MAINTENANCE, "Set the token of Vercel.")
    shown = to_markdown(card)
    assert "Set the token of Vercel." in shown
    assert "Environment Variables, then redeploy production" in shown
    assert presses(card) == [actions.SAY(f"/recovery stop maintenance --by-hand --of {LONGEST}")]


def test_before_convex_is_resumed_scheduled_functions_are_spoken_of() -> None:
    lines = [dict(decode(one, EVERY)[1].values)["line"] for one in presses(brakes.resume_card(STOPPED, NONE))]
    assert lines[:2] == [f"/recovery cancel-scheduled --of {LONGEST}", f"/recovery resume all --of {LONGEST}"]
