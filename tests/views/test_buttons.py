"""Every button of every card leads somewhere, and no card has the same one twice."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot.chat import parse
from bot.chat.cards import Bold, Button, Buttons, Card, Code, Mention, Pick, Table, Text, text
from bot.chat.ids import decode
from bot.chat.markdown import to_markdown
from bot.domain import health
from bot.domain.backups import EnvironmentName, Operation, OperationId, OperationKind, Phase
from bot.domain.errors import Outage, Refused
from bot.domain.people import LIFEBOAT, Person, PersonId
from bot.domain.snapshot import Finding, Report, Sample, Severity, StoredFiles, Verdict
from bot.simulator.commands import group as simulator
from bot.views import actions, answers, runbook
from bot.views.copies import kept_card, list_card
from bot.views.doctor import Examined, doctor_card
from bot.views.doctor import Finding as Found
from bot.views.help import command_card, help_card
from bot.views.home import home_card
from bot.views.operation import ended_card, operation_card, running_card
from bot.views.report import file_card, report_card
from bot.views.status import status_card
from bot.views.welcome import welcome_card
from commands import GROUPS
from tests.domain.test_health import NOW, PLAN, PRODUCTION, STAGING, copy, judge
from tests.views import dated, drilled, evidenced, lasting, logged, rehearsed, stages

ALL = (*GROUPS, simulator("http://127.0.0.1:1", "token"))
ACTIONS = {
    **{action.name: action for action in actions.ROUTED},
    **{name: one.action for group in ALL for name, one in group.presses.items()},
}
GOOD = copy("production-20261122-0200-aaaa", timedelta(hours=1))
OLD = copy("production-20261101-0200-bbbb", timedelta(days=21))
SERIOUS = Finding(
    code="orphans",
    severity=Severity.ERROR,
    table="posts",
    field="authorId",
    total=3,
    samples=(Sample(line=1, id="k1", detail="authorId = j5"),),
    meaning="References point at documents that are not in this export.",
)
REPORT = Report(
    file=GOOD.file,
    size=GOOD.size,
    sha256=GOOD.sha256,
    snapshot_at=GOOD.snapshot_at,
    snapshot_ns=GOOD.snapshot_ns,
    started_at=NOW,
    finished_at=NOW,
    duration=timedelta(seconds=3),
    verdict=Verdict.FINDINGS,
    worst=Severity.ERROR,
    rows=10,
    bytes=1000,
    tables=(),
    storage=StoredFiles(included=False),
    findings=(SERIOUS,),
)


def operation(kind: OperationKind, phase: Phase) -> Operation:
    return Operation(
        id=OperationId("production-20261122-0300-cccc"),
        kind=kind,
        environment=EnvironmentName("production"),
        phase=phase,
        started_at=NOW - timedelta(minutes=1),
        started_by=PersonId("ada"),
        backup=GOOD.id if kind is OperationKind.VERIFY else None,
        phase_at=NOW - timedelta(seconds=30),
        updated_at=NOW,
        ended_at=NOW if phase.ended else None,
        done=3,
        total=8,
    )


def cards() -> Iterator[Card]:
    staging = health.judge(STAGING, (), None, None, NOW, connected=True)
    yield status_card([judge(GOOD, OLD), staging], PLAN.project, None, (), NOW)
    yield status_card([judge()], PLAN.project, None, ("export of production: exporting",), NOW)
    yield list_card(PRODUCTION, [GOOD, OLD], 2, NOW)
    yield list_card(PRODUCTION, [], 0, NOW)
    yield kept_card(GOOD.model_copy(update={"kept": True}), PRODUCTION, None)
    yield kept_card(GOOD, PRODUCTION, NOW)
    yield report_card(GOOD, REPORT, PLAN)
    yield file_card(REPORT, PLAN)
    for kind in OperationKind:
        for phase in Phase:
            yield operation_card(operation(kind, phase), GOOD, REPORT, PLAN, NOW)
            yield ended_card(operation(kind, phase), REPORT, PLAN)
    for by in (Person(PersonId("eve"), "Eve"), LIFEBOAT):
        for running in ((), (operation(OperationKind.EXPORT, Phase.EXPORTING),)):
            yield home_card([judge(GOOD, OLD), staging], running, PLAN, by, NOW)
    yield running_card(operation(OperationKind.EXPORT, Phase.EXPORTING), PLAN, NOW)
    yield doctor_card([Examined("Vault", Found.BROKEN, "Gone.", "Mount it.")])
    yield help_card(ALL)
    for group in ALL:
        yield answers.group_card(group)
        yield from (command_card(command) for command in group.commands.values())
    yield welcome_card(demo=True)
    yield runbook.index_card(PLAN)
    yield from (section.card for section in runbook.sections(PLAN, ()))
    yield answers.refused_card(Refused("No.", "Yes."))
    yield answers.outage_card(Outage("Convex", "No.", "Later.", retry_at=NOW))
    yield answers.bug_card("0badcafe")
    yield answers.confirm_card("/backup keep", "Really?", "token", private=True)
    yield from (card for _, card in stages.cards())
    yield from lasting.cards()
    yield from rehearsed.cards()
    yield from drilled.cards()
    yield from dated.cards()
    yield from evidenced.cards()
    yield from logged.cards()


def presses(card: Card) -> list[str]:
    rows = [block.buttons for block in card.blocks if isinstance(block, Buttons)]
    found = [button.press for row in rows for button in row if isinstance(button, Button)]
    return found + [block.press for block in card.blocks if isinstance(block, Pick)]


@pytest.mark.parametrize("card", list(cards()), ids=lambda card: card.title[:60])
def test_every_button_leads_somewhere_and_stands_once(card: Card) -> None:
    found = presses(card)
    assert len(found) == len(set(found)), "some platforms refuse a message that holds the same id twice"
    for press in found:
        assert len(press) <= 100, "Discord takes no more"
        action, pressed = decode(press, ACTIONS)
        if action == actions.SAY:
            parse.parse(dict(pressed.values)["line"], ALL)


@pytest.mark.parametrize("card", list(cards()), ids=lambda card: card.title[:60])
def test_every_title_is_a_line_and_no_card_is_without_one(card: Card) -> None:
    assert card.title.strip()
    assert "\n" not in card.title
    assert len(card.title) <= 150


def test_a_check_that_waits_is_not_called_an_export() -> None:
    waiting = Operation(
        id=OperationId("v1"),
        kind=OperationKind.VERIFY,
        environment=EnvironmentName("production"),
        phase=Phase.WAITING,
        started_by=PersonId("ada"),
        started_at=NOW,
        updated_at=NOW,
        phase_at=NOW,
    )
    assert operation_card(waiting, None, None, PLAN, NOW).title == "The check of production waits to begin"


def _labels(card: Card) -> list[str]:
    return [one.label for block in card.blocks if isinstance(block, Buttons) for one in block.buttons]


def test_home_offers_what_this_person_may_do_now() -> None:
    running = operation(OperationKind.EXPORT, Phase.EXPORTING)
    judged = [judge(GOOD, OLD), health.judge(STAGING, (), None, None, NOW, connected=True)]
    stranger = home_card(judged, (running,), PLAN, Person(PersonId("eve"), "Eve"), NOW)
    operator = home_card(judged, (running,), PLAN, LIFEBOAT, NOW)
    assert not {"Export staging", "Cancel export"} & set(_labels(stranger))
    assert {"Export staging", "Cancel export"} < set(_labels(operator))
    assert "Export production" not in _labels(operator)
    assert "Export production" in _labels(home_card(judged, (), PLAN, LIFEBOAT, NOW))


def test_home_offers_no_export_of_what_is_not_connected() -> None:
    judged = [judge(GOOD, OLD), health.judge(STAGING, (), None, None, NOW, connected=False)]
    assert "Export staging" not in _labels(home_card(judged, (), PLAN, LIFEBOAT, NOW))


def test_a_check_does_not_say_that_an_export_took_time() -> None:
    def says_so(kind: OperationKind) -> bool:
        shown = operation_card(operation(kind, Phase.DONE), GOOD, REPORT, PLAN, NOW)
        return "Export and check took" in to_markdown(shown)

    assert says_so(OperationKind.EXPORT)
    assert not says_so(OperationKind.VERIFY)


def test_work_that_was_stopped_can_begin_again() -> None:
    def pressed(kind: OperationKind) -> list[str]:
        return presses(operation_card(operation(kind, Phase.CANCELLED), GOOD, None, PLAN, NOW))

    assert pressed(OperationKind.EXPORT) == [actions.SAY("/backup export production")]
    assert pressed(OperationKind.VERIFY) == [actions.SAY(f"/backup verify {GOOD.id}")]


def test_whoever_stopped_the_work_is_not_called_to_hear_of_it() -> None:
    def calls(by: str) -> bool:
        stopped = operation(OperationKind.EXPORT, Phase.CANCELLED)
        shown = ended_card(stopped.model_copy(update={"cancel_by": PersonId(by)}), None, PLAN)
        return any(
            isinstance(span, Mention) for block in shown.blocks if isinstance(block, Text) for span in block.line
        )

    assert calls("ben")
    assert not calls("ada")


def test_the_doctor_shows_what_to_type_as_code() -> None:
    [table, _] = doctor_card([Examined("Production", Found.BROKEN, "No answer.", "Run `npx` now.")]).blocks
    assert isinstance(table, Table)
    assert table.rows[0][2] == ("No answer.", " ", Bold("Run "), Code("npx"), Bold(" now."))


def test_what_was_refused_leads_on_by_a_button() -> None:
    shown = answers.refused_card(Refused("No copy.", "Type `/backup export`.", "/backup export"))
    assert presses(shown) == [actions.SAY("/backup export")]
    assert shown.blocks[0] == text("Type ", Code("/backup export"), ".")
    assert presses(answers.refused_card(Refused("No copy.", "Wait."))) == []
