"""Letters handed to a real mail server on loopback, and read there field by field."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from bot.adapters.mail import SmtpMail, connect
from bot.domain.errors import Outage, Refused
from bot.domain.letters import draft
from bot.domain.mail import Letter
from bot.simulator.support import SupportDesk
from tests.domain.test_health import PLAN
from tests.domain.test_letters import FACTS

NOW = datetime(2026, 2, 20, 15, 10, tzinfo=UTC)
SENDER = "Lifeboat <lifeboat@example.org>"
LETTER = Letter(
    id="<lifeboat.inc-7.0123456789abcdef@example.org>",
    to=("support@convex.dev",),
    subject="Point-in-Time Recovery Request — Campus Connect",
    text="Hello Convex Support,\n\nProject ID: 48213\nTarget timestamp: 2026-02-20T14:30:00Z\n.\nGrüße, 学校\n",
    reply_to="ada@example.org",
)


class AtTen:
    """A clock that stands still."""

    def now(self) -> datetime:
        return NOW


class Postmaster:
    """Takes letters, unless a command is to be answered with something else."""

    def __init__(self, **replies: str) -> None:
        self.taken: list[Envelope] = []
        self.encrypted: list[bool] = []
        self.replies = replies

    async def handle_MAIL(  # noqa: N802 - aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.replies.get("mail", "250 OK")

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = self.replies.get(address, "250 OK")
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        assert server.transport is not None
        self.encrypted.append(server.transport.get_extra_info("cipher") is not None)
        reply = self.replies.get("data", "250 OK")
        if reply.startswith("250") or reply in ("drop", "hang"):
            self.taken.append(envelope)
        if reply == "drop":
            cast(asyncio.Transport, server.transport).abort()
        if reply == "hang":
            await asyncio.sleep(5)
        return reply

    def letters(self) -> list[EmailMessage]:
        return [message_from_bytes(cast(bytes, one.content), policy=policy.default) for one in self.taken]

    def letter(self) -> EmailMessage:
        [letter] = self.letters()
        return letter


@asynccontextmanager
async def serving(handler: Any, *, tls: ssl.SSLContext | None = None, **options: Any) -> AsyncIterator[int]:
    def one() -> SMTP:
        return SMTP(handler, hostname="mail.test", loop=asyncio.get_running_loop(), **options)

    server = await asyncio.get_running_loop().create_server(one, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@asynccontextmanager
async def speaking(talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]) -> AsyncIterator[int]:
    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@asynccontextmanager
async def mail(port: int, **options: Any) -> AsyncIterator[SmtpMail]:
    async with connect("127.0.0.1", port, SENDER, AtTen(), **{"tls": "none", "seconds": 3, **options}) as connected:
        yield connected


async def refused(port: int, letter: Letter = LETTER, **options: Any) -> Refused:
    async with mail(port, **options) as connected:
        with pytest.raises(Refused) as caught:
            await connected.send(letter)
    return caught.value


async def silent(port: int, **options: Any) -> Outage:
    async with mail(port, **options) as connected:
        with pytest.raises(Outage) as caught:
            await connected.send(LETTER)
    return caught.value


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def theirs(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def ours(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def only_ada(server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any) -> AuthResult:
    known = isinstance(given, LoginPassword) and given == LoginPassword(b"ada", "pässword".encode())
    return AuthResult(success=known, handled=False)


# --- a letter that arrives ---------------------------------------------------------------------------------------


async def test_a_letter_arrives_with_every_field_as_it_was_written() -> None:
    postmaster = Postmaster()
    async with serving(postmaster) as port, mail(port) as connected:
        await connected.send(LETTER)
    arrived = postmaster.letter()
    assert postmaster.taken[0].mail_from == "lifeboat@example.org"
    assert postmaster.taken[0].rcpt_tos == ["support@convex.dev"]
    assert arrived["From"] == SENDER
    assert arrived["To"] == "support@convex.dev"
    assert arrived["Reply-To"] == "ada@example.org"
    assert arrived["Subject"] == "Point-in-Time Recovery Request — Campus Connect"
    assert arrived["Date"].datetime == NOW
    assert arrived["Message-ID"] == LETTER.id
    assert arrived["MIME-Version"] == "1.0"
    assert arrived.get_content_type() == "text/plain"
    assert arrived.get_content().replace("\r\n", "\n") == LETTER.text
    assert not arrived.defects


async def test_a_second_sending_is_recognised_by_its_message_id() -> None:
    postmaster = Postmaster()
    async with serving(postmaster) as port, mail(port) as connected:
        await connected.send(LETTER)
        await connected.send(LETTER)
    ids = [letter["Message-ID"] for letter in postmaster.letters()]
    assert ids == [LETTER.id, LETTER.id]


async def test_a_letter_goes_out_over_starttls(theirs: ssl.SSLContext, ours: ssl.SSLContext) -> None:
    postmaster = Postmaster()
    async with (
        serving(postmaster, tls_context=theirs, require_starttls=True) as port,
        mail(port, tls="starttls", context=ours) as connected,
    ):
        await connected.send(LETTER)
    assert postmaster.encrypted == [True]


async def test_a_letter_goes_out_over_tls_from_the_first_byte(theirs: ssl.SSLContext, ours: ssl.SSLContext) -> None:
    postmaster = Postmaster()
    async with serving(postmaster, tls=theirs) as port, mail(port, tls="implicit", context=ours) as connected:
        await connected.send(LETTER)
    assert postmaster.encrypted == [True]


async def test_the_account_logs_in(theirs: ssl.SSLContext, ours: ssl.SSLContext) -> None:
    postmaster = Postmaster()
    async with (
        serving(postmaster, tls_context=theirs, authenticator=only_ada, auth_required=True) as port,
        mail(port, tls="starttls", context=ours, username="ada", password="pässword") as connected,
    ):
        await connected.send(LETTER)
    assert len(postmaster.taken) == 1


async def test_a_server_that_says_no_goodbye_has_the_letter_all_the_same() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        while line := await reader.readline():
            if line.startswith(b"QUIT"):
                break
            writer.write(b"354 go on\r\n" if line.startswith(b"DATA") else b"250 OK\r\n")
            if line.startswith(b"DATA"):
                await reader.readuntil(b"\r\n.\r\n")
                writer.write(b"250 taken\r\n")
        writer.transport.abort()

    async with speaking(talk) as port, mail(port) as connected:
        await connected.send(LETTER)


# --- a letter that does not go -----------------------------------------------------------------------------------


async def test_a_wrong_password_names_the_setting(theirs: ssl.SSLContext, ours: ssl.SSLContext) -> None:
    postmaster = Postmaster()
    async with serving(postmaster, tls_context=theirs, authenticator=only_ada) as port:
        error = await refused(port, tls="starttls", context=ours, username="ada", password="wrong")
    assert "does not accept the user name and password" in error.problem
    assert "LIFEBOAT_SMTP__PASSWORD" in error.hint
    assert "wrong" not in str(error)
    assert not postmaster.taken


async def test_a_server_that_wants_a_login_names_the_setting(theirs: ssl.SSLContext, ours: ssl.SSLContext) -> None:
    async with serving(Postmaster(), tls_context=theirs, authenticator=only_ada, auth_required=True) as port:
        error = await refused(port, tls="starttls", context=ours)
    assert "does not send for" in error.problem
    assert "LIFEBOAT_SMTP__SENDER" in error.hint


async def test_a_recipient_that_is_refused_is_named() -> None:
    postmaster = Postmaster(**{"support@convex.dev": "550 5.1.1 No such user"})
    async with serving(postmaster) as port:
        error = await refused(port)
    assert "does not take letters to support@convex.dev (550 5.1.1 No such user)" in error.problem
    assert "Nothing was sent" in error.problem
    assert not postmaster.taken


async def test_of_two_recipients_both_get_it_or_none() -> None:
    postmaster = Postmaster(**{"b@example.org": "550 No"})
    both = Letter(LETTER.id, ("a@example.org", "b@example.org"), LETTER.subject, LETTER.text)
    async with serving(postmaster) as port:
        await refused(port, both)
    assert not postmaster.taken


@pytest.mark.parametrize("replies", [{"support@convex.dev": "451 4.7.1 Greylisted"}, {"mail": "452 Full"}])
async def test_a_server_that_asks_to_come_later_has_sent_nothing(replies: dict[str, str]) -> None:
    postmaster = Postmaster(**replies)
    async with serving(postmaster) as port:
        error = await silent(port)
    assert error.unsent
    assert "asks to come again later (45" in error.problem
    assert "five minutes" in error.hint
    assert not postmaster.taken


async def test_a_letter_that_the_server_does_not_take_is_refused() -> None:
    async with serving(Postmaster(data="554 5.7.1 Looks like spam")) as port:
        error = await refused(port)
    assert "554 5.7.1 Looks like spam" in error.problem


async def test_a_server_that_cannot_take_the_letter_now_has_not_sent_it() -> None:
    async with serving(Postmaster(data="451 4.3.0 Try later")) as port:
        assert (await silent(port)).unsent


@pytest.mark.parametrize("end", ["drop", "hang"])
async def test_a_connection_lost_after_the_letter_was_given_may_have_sent_it(end: str) -> None:
    postmaster = Postmaster(data=end)
    async with serving(postmaster) as port:
        error = await silent(port, seconds=0.1)
    assert len(postmaster.taken) == 1
    assert "It may have been sent" in error.problem
    assert not error.unsent
    assert "Message-ID" in error.hint


async def test_a_connection_lost_before_the_letter_has_sent_nothing() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        await reader.readline()
        writer.write(b"250 OK\r\n")
        await reader.readline()
        writer.transport.abort()

    async with speaking(talk) as port:
        assert (await silent(port)).unsent


async def test_no_server_at_all_has_sent_nothing() -> None:
    async with serving(Postmaster()) as port:
        pass
    error = await silent(port)
    assert error.unsent
    assert "could not be reached (no connection)" in error.problem


async def test_a_server_that_never_greets_is_given_up() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with speaking(talk) as port:
        error = await silent(port, seconds=0.3)
    assert error.unsent
    assert "no answer in time" in error.problem


async def test_a_server_that_is_full_is_come_back_to() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"421 Too many connections\r\n")
        writer.close()

    async with speaking(talk) as port:
        assert "421 Too many connections" in (await silent(port)).problem


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_certificate_that_nobody_vouches_for_gets_no_letter(theirs: ssl.SSLContext, tls: str) -> None:
    postmaster = Postmaster()
    options: dict[str, Any] = {"tls": theirs} if tls == "implicit" else {"tls_context": theirs}
    async with serving(postmaster, **options) as port:
        error = await refused(port, tls=tls)
    assert "certificate is not one to trust" in error.problem
    assert "LIFEBOAT_SMTP__HOST" in error.hint
    assert not postmaster.taken


async def test_tls_where_there_is_none_names_the_setting(ours: ssl.SSLContext) -> None:
    async with serving(Postmaster()) as port:
        assert "LIFEBOAT_SMTP__TLS" in (await refused(port, tls="implicit", context=ours)).hint
        assert "LIFEBOAT_SMTP__TLS" in (await refused(port, tls="starttls", context=ours)).hint


async def test_a_login_where_there_is_none_names_the_setting() -> None:
    async with serving(Postmaster()) as port:
        error = await refused(port, username="ada", password="secret")
    assert "LIFEBOAT_SMTP__TLS" in error.hint


@pytest.mark.parametrize(
    ("wrong", "mend"),
    [
        ({"sender": "nobody"}, "LIFEBOAT_SMTP__SENDER"),
        ({"sender": "a@example.org\r\nBcc: b@example.org"}, "LIFEBOAT_SMTP__SENDER"),
        ({"host": ""}, "LIFEBOAT_SMTP__HOST"),
        ({"host": "mail..example.org"}, "LIFEBOAT_SMTP__HOST"),
        ({"host": "mail.example.org\r\nQUIT"}, "LIFEBOAT_SMTP__HOST"),
        ({"tls": "ssl"}, "LIFEBOAT_SMTP__TLS"),
        ({"host": "mail.example.org", "username": "ada", "password": "secret", "tls": "none"}, "LIFEBOAT_SMTP__TLS"),
    ],
)
async def test_settings_that_cannot_be_meant_are_refused_before_anybody_is_asked(
    wrong: dict[str, str], mend: str
) -> None:
    given: dict[str, Any] = {"host": "127.0.0.1", "port": 1, "sender": SENDER, "clock": AtTen(), **wrong}
    with pytest.raises(Refused) as caught:
        async with connect(**given):
            pass
    assert mend in caught.value.hint


async def test_a_support_desk_reads_out_of_the_letter_what_was_put_into_it() -> None:
    made = draft(PLAN.letter, FACTS).letter(FACTS.reference, SENDER)
    async with SupportDesk({}) as desk, mail(desk.port) as connected:
        await connected.send(made)
        await connected.send(made)
    [answer] = desk.answers
    assert answer.letter.text == made.text
    assert [line for line in answer.text.splitlines() if line.startswith("- ")] == [
        "- We do not know a deployment called happy-otter-123."
    ]
    assert FACTS.reference in answer.text
