"""The support desk receives a letter by SMTP, restores what it clearly asks for, and answers."""

import asyncio
import re
import smtplib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import make_msgid

import pytest

from bot.domain import mail
from bot.domain.letters import LetterFacts, draft, iso
from bot.domain.plan_parts import Letter as LetterPlan
from bot.simulator.deployment import Deployment
from bot.simulator.server import Simulator
from bot.simulator.support import Answer, SupportDesk
from tests.simulator.client import Client

PLAN = LetterPlan(
    to="support@convex.dev", subject="Point-in-Time Recovery Request — Campus Connect", include=("Project ID",)
)


def now() -> datetime:
    return datetime.now(UTC)


def everything(deployment: Deployment) -> dict[str, bytes]:
    return {name: b"".join(view.blocks()) for name, view in deployment.snapshot().views.items()}


@pytest.fixture
async def desk(simulator: Simulator) -> AsyncIterator[SupportDesk]:
    async with SupportDesk({simulator.name: simulator.deployment}) as desk:
        simulator.desk = desk
        yield desk


async def posted(desk: SupportDesk, message: EmailMessage | bytes, to: str = "support@convex.dev") -> None:
    def send() -> None:
        with smtplib.SMTP(desk.host, desk.port, timeout=10) as server:
            content = message if isinstance(message, bytes) else message.as_bytes(policy=SMTP)
            server.sendmail("team@campus.example", [to], content)

    await asyncio.to_thread(send)


def letter(text: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = "team@campus.example", "support@convex.dev"
    message["Subject"], message["Message-ID"] = PLAN.subject, make_msgid(domain="lifeboat.invalid")
    message.set_content(text)
    return message


def lines(name: str, target: str, project: str = "815") -> str:
    return f"Hello,\n\nProject ID: {project}\nDeployment name: {name}\nTarget timestamp: {target}\nDescription: lost\n"


async def asked(desk: SupportDesk, text: str) -> Answer:
    await posted(desk, letter(text))
    return desk.answers[-1]


async def settle(simulator: Simulator) -> datetime:
    """Let a whole second pass, so that a timestamp to the second lies after everything up to now."""
    good = simulator.deployment.ts
    target = datetime.fromtimestamp(good // 1_000_000_000 + 1, UTC)
    await asyncio.sleep((target - now()).total_seconds() + 0.01)
    return target


async def test_the_letter_that_lifeboat_drafts_gets_the_data_back_exactly(
    simulator: Simulator, desk: SupportDesk
) -> None:
    state, target = everything(simulator.deployment), await settle(simulator)
    simulator.scenarios.play("buggy-migration")
    facts = LetterFacts(
        reference="INC-7",
        environment="production",
        project="Campus Connect",
        written_at=now(),
        project_id="815",
        deployment=simulator.name,
        convex_plan="Pro",
        target=target,
        description="Users were deleted.\nDeployment name: calm-heron-87 is not meant.",
        contact="Ada, +1 555 0100",
    )
    written = draft(PLAN, facts).letter("INC-7")

    await posted(desk, mail.eml(written, "team@campus.example", now()))

    assert everything(simulator.deployment) == state
    answer = desk.answer_to(written.id)
    assert answer is not None and answer.restored is not None
    assert answer.text.startswith(f"[CX-1042] We restored {simulator.name} to {iso(target)}")
    assert "312 documents were put back" in answer.text
    assert answer.text.endswith("Your reference: INC-7")
    assert desk.letters[0].subject == PLAN.subject
    assert "—" in desk.letters[0].subject


async def test_a_wrong_timestamp_gives_a_wrong_restore(simulator: Simulator, desk: SupportDesk) -> None:
    state, target = everything(simulator.deployment), await settle(simulator)
    simulator.scenarios.play("buggy-migration")
    late = await settle(simulator)

    await asked(desk, lines(simulator.name, iso(late)))
    assert everything(simulator.deployment) != state
    await asked(desk, lines(simulator.name, iso(target)))
    assert everything(simulator.deployment) == state


async def test_the_zone_of_a_timestamp_is_heeded(simulator: Simulator, desk: SupportDesk) -> None:
    state, target = everything(simulator.deployment), await settle(simulator)
    simulator.scenarios.play("buggy-migration")
    there = target.astimezone(tz=datetime.strptime("+0530", "%z").tzinfo)
    answer = await asked(desk, lines(simulator.name, there.isoformat()))
    assert iso(target) in answer.text and everything(simulator.deployment) == state


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Please help!", ["“Deployment name: …”", "“Target timestamp: …”", "“Project ID: …”"]),
        (lines("(to be filled in)", "(to be filled in)"), ["“Deployment name: …”", "“Target timestamp: …”"]),
        (lines("happy-otter-123", "2026-02-20T14:30:00Z"), ["do not know a deployment called happy-otter-123"]),
        (lines("brave-otter-412", "yesterday at noon"), ["cannot read the target timestamp “yesterday at noon”"]),
        (lines("brave-otter-412", "2026-02-20T14:30:00"), ["names no time zone"]),
        (lines("brave-otter-412", "2001-02-20T14:30:00Z"), ["nothing older than 14 days"]),
        (lines("brave-otter-412", "2999-02-20T14:30:00Z"), ["it is in the future"]),
        (lines("brave-otter-412", "2026-02-20T14:30:00Z", "99"), ["is not a deployment of the project 99"]),
        (
            lines("brave-otter-412", "2026-02-20T14:30:00Z") + "Target timestamp: 2026-02-20T15:30:00Z\n",
            ["2 different things for Target timestamp"],
        ),
    ],
)
async def test_an_unclear_letter_is_answered_by_what_is_unclear_and_restores_nothing(
    simulator: Simulator, desk: SupportDesk, text: str, told: list[str]
) -> None:
    simulator.scenarios.play("webhook-delete")
    state = everything(simulator.deployment)

    answer = await asked(desk, text)

    assert answer.restored is None
    assert answer.text.startswith("[CX-1042] We have not restored anything")
    for words in told:
        assert words in answer.text
    assert everything(simulator.deployment) == state


async def test_the_same_letter_twice_is_answered_once(simulator: Simulator, desk: SupportDesk) -> None:
    target = await settle(simulator)
    simulator.scenarios.play("webhook-delete")
    message = letter(lines(simulator.name, iso(target)))
    await posted(desk, message)
    simulator.deployment.commit([simulator.deployment.new("likes", {"kind": "wow"})])
    state = everything(simulator.deployment)

    await posted(desk, message)

    assert len(desk.letters) == len(desk.answers) == 1
    assert everything(simulator.deployment) == state


async def test_a_letter_to_somebody_else_is_kept_and_not_answered(simulator: Simulator, desk: SupportDesk) -> None:
    await posted(desk, letter(lines(simulator.name, iso(now()))), to="everybody@campus.example")
    assert len(desk.letters) == 1 and not desk.answers


async def test_a_paused_deployment_is_restored_and_stays_paused(
    simulator: Simulator, client: Client, desk: SupportDesk
) -> None:
    target = await settle(simulator)
    simulator.scenarios.play("buggy-migration")
    await client.post("/api/v1/pause_deployment")

    answer = await asked(desk, lines(simulator.name, iso(target)))

    assert "It is still paused" in answer.text
    assert simulator.deployment.paused
    rows = re.search(r"users ([\d,]+)", answer.text)
    assert rows is not None
    assert int(rows[1].replace(",", "")) == simulator.deployment.tables["users"].count
    assert simulator.deployment.audit.events[-1].actor == {"kind": "system"}


async def test_a_quoted_printable_letter_with_long_lines_is_read(simulator: Simulator, desk: SupportDesk) -> None:
    target = await settle(simulator)
    message = letter("Grüße — " * 40 + "\n" + lines(simulator.name, iso(target)))
    assert b"quoted-printable" in message.as_bytes() or b"base64" in message.as_bytes()
    await posted(desk, message)
    assert desk.answers[0].restored is not None


async def test_control_shows_the_inbox_with_its_answers(
    simulator: Simulator, client: Client, desk: SupportDesk
) -> None:
    await asked(desk, "Please help!")
    told = {"Simulator-Token": simulator.token}
    found = (await client.http.post("/simulator/support", json={}, headers=told)).json()
    assert (found["host"], found["port"]) == (desk.host, desk.port)
    assert found["letters"][0]["answer"]["case"] == "CX-1042"
    assert found["letters"][0]["text"].strip() == "Please help!"


async def test_more_than_a_day_ago_can_still_be_asked_for(simulator: Simulator, desk: SupportDesk) -> None:
    answer = await asked(desk, lines(simulator.name, iso(now() - timedelta(days=2))))
    assert answer.restored is not None
