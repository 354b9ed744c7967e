"""Knows SMTP: how a letter is handed to a mail server. Knows nothing of what it says, or of when it is sent.

A letter is handed over once and never tried again here: somebody would read it twice.
"""

import ipaddress
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from typing import Literal, get_args

import aiosmtplib

from bot.domain.errors import LifeboatError, Outage, Refused
from bot.domain.mail import Letter, eml, mailbox
from bot.ports import Clock

SERVICE = "The mail server"
TIMEOUT = 30.0
"""Seconds for each answer of the server."""

_GOODBYE = 2.0
_SCANNING = 4
_BY_HAND = "Meanwhile copy the text, or open the .eml file in a mail program, and send it yourself."
_TLS = "Set LIFEBOAT_SMTP__TLS: starttls (mostly port 587), implicit (mostly port 465) or none (this machine alone)."

Tls = Literal["starttls", "implicit", "none"]


class SmtpMail:
    """A `bot.ports.Mail` over SMTP (RFC 5321); each letter has a connection of its own, which `server` makes."""

    def __init__(self, sender: str, clock: Clock, server: Callable[[], aiosmtplib.SMTP], seconds: float) -> None:
        self.sender = sender
        self._clock = clock
        self._server = server
        self._seconds = seconds

    async def send(self, letter: Letter) -> None:
        """Hand the letter over. Raises Refused and Outage; an Outage that is not `unsent` says that it may be sent."""
        content = eml(letter, self.sender, self._clock.now())
        server = self._server()
        try:
            with _greeting():
                await server.connect()
            with _addressing(self.sender):
                await server.mail(mailbox(self.sender).addr_spec)
                for recipient in letter.to:
                    await server.rcpt(mailbox(recipient).addr_spec)
            with _delivering():
                # It may scan the whole letter before it answers.
                await server.data(content, timeout=_SCANNING * self._seconds)
            # It is taken: whatever becomes of the connection from here on is no problem of the letter.
            with suppress(aiosmtplib.SMTPException):
                await server.quit(timeout=_GOODBYE)
        finally:
            server.close()


@asynccontextmanager
async def connect(
    host: str,
    port: int,
    sender: str,
    clock: Clock,
    *,
    username: str = "",
    password: str = "",
    tls: str = "starttls",
    seconds: float = TIMEOUT,
    context: ssl.SSLContext | None = None,
) -> AsyncIterator[SmtpMail]:
    """A mail server for as long as the context lasts; nothing is asked of it yet.

    `sender` is the address that letters come from, with or without a name. `seconds` is what each answer of the server
    may take, `context` says whose certificates are trusted (without: those that the machine trusts). Raises Refused for
    settings that cannot be meant.
    """
    if not _is_host(host):
        raise Refused(f"{host!r} is no name of a mail server, so no letter is sent.", "Set LIFEBOAT_SMTP__HOST.")
    if tls not in get_args(Tls):
        raise Refused(f"{tls!r} is no way to protect e-mail, so nothing was asked of the mail server.", _TLS)
    if password and tls == "none" and not _on_this_machine(host):
        raise Refused("Without TLS the password would be readable on its way, so no letter is sent.", _TLS)
    try:
        domain = mailbox(sender).domain
    except Refused as wrong:
        raise Refused(wrong.problem, "Set LIFEBOAT_SMTP__SENDER to an address, such as lifeboat@example.org.") from None
    server = partial(
        aiosmtplib.SMTP,
        hostname=host,
        port=port,
        username=username or None,
        password=password or None,
        use_tls=tls == "implicit",
        start_tls=tls == "starttls",
        tls_context=context,
        timeout=seconds,
        # Its own default asks the name service, which may be what is down.
        local_hostname=domain,
    )
    yield SmtpMail(sender, clock, server, seconds)


@contextmanager
def _greeting() -> Iterator[None]:
    """What goes wrong while connecting, agreeing on TLS and logging in."""
    try:
        yield
    except aiosmtplib.SMTPAuthenticationError as error:
        mend = "Set LIFEBOAT_SMTP__USERNAME and LIFEBOAT_SMTP__PASSWORD; many providers want an app password here."
        raise _answered(error, "The mail server does not accept the user name and password", mend) from error
    except aiosmtplib.SMTPResponseException as error:
        raise _answered(error, "The mail server does not let us in", "Check LIFEBOAT_SMTP__HOST and __PORT.") from error
    except (aiosmtplib.SMTPConnectError, aiosmtplib.SMTPServerDisconnected, TimeoutError, OSError) as error:
        raise _unreachable(error) from error
    except aiosmtplib.SMTPException as error:
        # The library's own word for a server that offers no STARTTLS, or no login.
        problem = "The mail server offers no STARTTLS or no login at this port. Nothing was sent."
        raise Refused(problem, f"{_TLS} {_BY_HAND}") from error


@contextmanager
def _addressing(sender: str) -> Iterator[None]:
    """What goes wrong before the server has seen a word of the letter."""
    try:
        yield
    except aiosmtplib.SMTPSenderRefused as error:
        mend = "Set LIFEBOAT_SMTP__SENDER to an address that the account may use, and the account's name and password."
        raise _answered(error, f"The mail server does not send for {sender}", mend) from error
    except aiosmtplib.SMTPRecipientRefused as error:
        mend = (
            "Check the address in the plan ([letter], to), and that LIFEBOAT_SMTP__HOST may send outside your domain."
        )
        raise _answered(error, f"The mail server does not take letters to {error.recipient}", mend) from error
    except aiosmtplib.SMTPResponseException as error:
        raise _answered(error, "The mail server does not go on", "Check LIFEBOAT_SMTP__HOST and __PORT.") from error
    except (aiosmtplib.SMTPException, TimeoutError, OSError) as error:
        raise _unreachable(error) from error


@contextmanager
def _delivering() -> Iterator[None]:
    """What goes wrong while the letter itself is handed over: without an answer, nobody knows whether it was taken."""
    try:
        yield
    except aiosmtplib.SMTPDataError as error:
        raise _answered(
            error, "The mail server read the letter and does not take it", "Shorten or reword it."
        ) from error
    except (aiosmtplib.SMTPException, TimeoutError, OSError) as error:
        problem = (
            "The mail server fell silent while it was given the letter. It may have been sent. No data was changed."
        )
        hint = (
            "Look into the sender's mailbox, or wait for an answer, before you send it again: "
            "a second copy would bear the same Message-ID, and support may still read it twice."
        )
        raise Outage(SERVICE, problem, hint) from error


def _answered(error: aiosmtplib.SMTPResponseException, no: str, mend: str) -> LifeboatError:
    """A reply from 500 on is a no. Below, the server asks to come again (RFC 5321, 4.2.1), as for greylisting."""
    reply = f"{error.code} {' '.join(error.message.split())[:120]}".strip()
    if error.code >= 500:
        return Refused(f"{no} ({reply}). Nothing was sent.", f"{mend} {_BY_HAND}")
    problem = f"The mail server asks to come again later ({reply}). Nothing was sent, and no data was changed."
    return Outage(SERVICE, problem, f"Send it again in five minutes or so. {_BY_HAND}", unsent=True)


def _unreachable(error: Exception) -> LifeboatError:
    cause = error if isinstance(error, ssl.SSLError) else error.__cause__
    if isinstance(cause, ssl.SSLCertVerificationError):
        problem = f"The mail server's certificate is not one to trust ({cause.verify_message}). Nothing was sent."
        return Refused(problem, f"LIFEBOAT_SMTP__HOST must be the name in its certificate. {_BY_HAND}")
    if isinstance(cause, ssl.SSLError):
        problem = "The mail server does not speak TLS in the way that is set. Nothing was sent."
        return Refused(problem, f"{_TLS} {_BY_HAND}")
    reason = "no answer in time" if isinstance(error, TimeoutError) else "no connection"
    problem = f"The mail server could not be reached ({reason}). Nothing was sent, and no data was changed."
    return Outage(SERVICE, problem, f"Check LIFEBOAT_SMTP__HOST, __PORT and __TLS. {_BY_HAND}", unsent=True)


def _is_host(host: str) -> bool:
    # What the name service cannot be asked for raises anything but a network error there.
    with suppress(UnicodeError):
        return bool(host.encode("idna")) and host.isprintable() and " " not in host
    return False


def _on_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
