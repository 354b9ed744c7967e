"""Knows how to play Convex's support: it takes letters by SMTP, restores what they clearly ask for, and answers. Knows
nothing of who writes.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Self

from aiosmtpd.smtp import SMTP, Envelope, Session

from bot.simulator import requests
from bot.simulator.audit import SYSTEM
from bot.simulator.deployment import Deployment, Restored
from bot.simulator.requests import Request
from bot.simulator.values import Document

HOST = "127.0.0.1"
ADDRESS = "support@convex.dev"
FIRST_CASE = 1042
LARGEST_LETTER = 1 << 20


@dataclass(frozen=True)
class ReceivedLetter:
    """A letter as it arrived. `id` is its Message-ID, or empty."""

    id: str
    received_at: datetime
    sender: str
    to: tuple[str, ...]
    subject: str
    text: str


@dataclass(frozen=True)
class Answer:
    """What support wrote back. `restored` is None where it refused."""

    case: str
    answered_at: datetime
    letter: ReceivedLetter
    text: str
    deployment: str = ""
    restored: Restored | None = None


@dataclass
class SupportDesk:
    """`async with SupportDesk({name: deployment}) as desk`: SMTP at `desk.host` and `desk.port`, without a password.

    A letter to support is dealt with before it is accepted, once per Message-ID; one to anybody else is only kept.
    """

    deployments: Mapping[str, Deployment]
    host: str = HOST
    port: int = 0
    letters: list[ReceivedLetter] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    _server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: SMTP(self, data_size_limit=LARGEST_LETTER, enable_SMTPUTF8=True, hostname="localhost", loop=loop),
            self.host,
            self.port,
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - SMTP's verb
        """Called by the SMTP server with a whole letter; gives the reply."""
        content = envelope.original_content or b""
        message = message_from_bytes(content, policy=policy.default)
        letter = _letter(message, envelope)
        known = next((each for each in self.letters if letter.id and each.id == letter.id), None)
        if known is None:
            self.letters.append(letter)
            if any(to.lower() == ADDRESS for to in letter.to):
                self.answers.append(self._answer(letter))
        return "250 OK"

    def answer_to(self, letter_id: str) -> Answer | None:
        """The answer to a letter, by its Message-ID."""
        return next((answer for answer in self.answers if answer.letter.id == letter_id), None)

    def described(self) -> Document:
        """The inbox and its answers, oldest first, as JSON."""
        answers = {id(answer.letter): answer for answer in self.answers}
        return {
            "host": self.host,
            "port": self.port,
            "letters": [_described(letter, answers.get(id(letter))) for letter in self.letters],
        }

    def _answer(self, letter: ReceivedLetter) -> Answer:
        case = f"CX-{FIRST_CASE + len(self.answers)}"
        request = requests.read(letter.text, self.deployments)
        problems, restored = list(request.problems), None
        if not problems:
            try:
                restored = _restore(request)
            except ValueError as reason:
                problems.append(f"We cannot restore to {_iso(request)}: {reason}.")
        said = _refusal(problems) if restored is None else _done(request, restored)
        reference = f"\n\nYour reference: {request.reference}" if request.reference else ""
        name = request.deployment.identity.name if request.deployment else ""
        return Answer(case, datetime.now(UTC), letter, f"[{case}] {said}{reference}", name, restored)


def _letter(message: EmailMessage, envelope: Envelope) -> ReceivedLetter:
    body = message.get_body(preferencelist=("plain",))
    text = str(body.get_content()) if body is not None else ""
    return ReceivedLetter(
        id=str(message.get("Message-ID", "")).strip(),
        received_at=datetime.now(UTC),
        sender=str(message.get("From", envelope.mail_from or "")),
        to=tuple(envelope.rcpt_tos),
        subject=str(message.get("Subject", "")),
        text=text.replace("\r\n", "\n"),
    )


def _restore(request: Request) -> Restored:
    assert request.deployment is not None
    restored = request.deployment.restore_to(request.instant)
    names = list(restored.rows)
    metadata: Document = {
        "table_names": [{"component": None, "table_names": names}],
        "table_count": len(names),
        "import_mode": "ReplaceAll",
        "import_format": {"format": "zip"},
        "requestor": {"type": "cloudRestore"},
        "table_names_deleted": [],
        "table_count_deleted": 0,
    }
    request.deployment.audit.add("snapshot_import", metadata, SYSTEM)
    return restored


def _done(request: Request, restored: Restored) -> str:
    assert request.deployment is not None
    rows = ", ".join(f"{name} {count:,}" for name, count in restored.rows.items())
    paused = (
        "It is still paused: resume it when you have checked the data."
        if request.deployment.paused
        else "It was not paused meanwhile; whatever its functions wrote after that moment is undone too."
    )
    return (
        f"We restored {request.deployment.identity.name} to {_iso(request)}, in place: every table is exactly as it "
        f"was then. {restored.documents:,} documents were put back or taken away. {paused}\n\nRows now: {rows}."
    )


def _refusal(problems: list[str]) -> str:
    listed = "\n".join(f"- {problem}" for problem in problems)
    return f"We have not restored anything, because we are not sure what you ask for:\n{listed}\n\nPlease write again."


def _iso(request: Request) -> str:
    assert request.target is not None
    return request.target.isoformat().replace("+00:00", "Z")


def _described(letter: ReceivedLetter, answer: Answer | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": letter.id,
        "received_at": letter.received_at.isoformat(),
        "from": letter.sender,
        "to": list(letter.to),
        "subject": letter.subject,
        "text": letter.text,
        "answer": None,
    }
    if answer is not None:
        restored = answer.restored
        told["answer"] = {
            "case": answer.case,
            "at": answer.answered_at.isoformat(),
            "text": answer.text,
            "deployment": answer.deployment,
            "restored": None if restored is None else {"documents": restored.documents, "rows": restored.rows},
        }
    return told
