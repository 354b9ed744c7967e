"""Knows how an e-mail is written: as a file, and as a link that opens a mail program. Knows nothing of what it is
about, or of how it is sent.
"""

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.charset import QP, Charset
from email.header import Header
from email.headerregistry import Address
from email.message import Message
from email.utils import format_datetime, formataddr
from urllib.parse import quote

from bot.domain.errors import Refused

LONGEST_LINK = 2000
"""Characters of a mailto link; longer ones are cut or refused by mail programs and browsers, each at its own length."""

_LONGEST_LINKED_SUBJECT = 100
_SHORTENED = (
    "[Shortened to fit into a link. Put the rest here from the full text, which stands where you found the link.]"
)
_POLICY = policy.compat32.clone(linesep="\r\n", max_line_length=998)
"""The older policy, on purpose: the newer one loses blanks when it folds a subject that is not ASCII. Other headers are
not folded: there are servers that read no Message-ID from a second line.
"""


_ATOM = r"[\w!#$%&'*+/=?^`{|}~-]+"
_ADDRESS = rf"{_ATOM}(?:\.{_ATOM})*@[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)*"
_MAILBOX = re.compile(rf'"?(?P<name>[^"<>]*)"?\s*<(?a:(?P<named>{_ADDRESS}))>|(?a:(?P<bare>{_ADDRESS}))')


@dataclass(frozen=True, slots=True)
class Letter:
    """An e-mail. `id` is its Message-ID, the same whenever it is sent again; `reply_to` may be empty."""

    id: str
    to: tuple[str, ...]
    subject: str
    text: str
    reply_to: str = ""


def message_id(about: str, subject: str, text: str, sender: str = "") -> str:
    """A Message-ID that the same words about the same thing always get, so that a second sending is recognised.

    Raises Refused for a `sender` that is no address; without one, it is in a domain that nobody has (RFC 2606).
    """
    domain = mailbox(sender).domain if sender else "lifeboat.invalid"
    words = hashlib.sha256("\0".join((about, subject, text)).encode("utf-8", "replace")).hexdigest()[:16]
    name = "".join(one for one in about if one.isascii() and (one.isalnum() or one in "-_"))[:64]
    return f"<{'.'.join(part for part in ('lifeboat', name, words) if part)}@{domain}>"


def mailbox(written: str) -> Address:
    """What `ada@example.org` or `Ada <ada@example.org>` names. Raises Refused for what not every server takes."""
    found = _MAILBOX.fullmatch(written.strip())
    if found is None or not written.isprintable():
        raise Refused(f"{written!r} is not an e-mail address.", "Write it like team@example.org, in ASCII.")
    user, _, domain = (found["bare"] or found["named"]).rpartition("@")
    return Address((found["name"] or "").strip(), user, domain)


def clean(text: str) -> str:
    """A text as it can be sent: ends of lines made one, nothing that no reader could see, one line break at the end."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = (one for one in lines if one in "\n\t" or unicodedata.category(one) not in ("Cc", "Cs"))
    return "".join(kept).strip("\n") + "\n"


def one_line(words: str) -> str:
    """Words without line breaks, as a header must have them."""
    return " ".join(clean(words).split())


def eml(letter: Letter, sender: str, at: datetime) -> bytes:
    """The letter as a message with all its headers (RFC 5322), lines ended by CR LF, in ASCII.

    Without a `sender` it is a draft: mail programs open it for sending (`X-Unsent`), from their owner's address.
    Raises Refused for an address that cannot be one.
    """
    charset = Charset("utf-8")
    charset.body_encoding = QP
    message: Message[str, str] = Message(_POLICY)
    message.set_payload(clean(letter.text), charset)
    if sender:
        known = mailbox(sender)
        message["From"] = formataddr((known.display_name, known.addr_spec))
    else:
        message["X-Unsent"] = "1"
    message["To"] = ", ".join(mailbox(one).addr_spec for one in letter.to)
    if letter.reply_to:
        message["Reply-To"] = mailbox(letter.reply_to).addr_spec
    message["Subject"] = Header(one_line(letter.subject), "utf-8", header_name="Subject").encode()
    message["Date"] = format_datetime(at.astimezone(UTC))
    message["Message-ID"] = one_line(letter.id)
    return message.as_bytes()


def mailto(letter: Letter) -> str:
    """The letter as a link (RFC 6068) of at most `LONGEST_LINK` characters; a longer text ends by saying so."""
    lines = clean(letter.text).splitlines()
    if len(whole := _link(letter, lines)) <= LONGEST_LINK:
        return whole
    room = LONGEST_LINK - len(_link(letter, ["", _SHORTENED]))
    kept: list[str] = []
    for line in lines:
        room -= len(_quoted([line, ""]))
        if room < 0:
            break
        kept.append(line)
    return _link(letter, [*kept, "", _SHORTENED])


def _link(letter: Letter, lines: list[str]) -> str:
    to = ",".join(quote(mailbox(one).addr_spec, safe="@") for one in letter.to)
    subject = quote(one_line(letter.subject)[:_LONGEST_LINKED_SUBJECT], safe="")
    return f"mailto:{to}?subject={subject}&body={_quoted(lines)}"


def _quoted(lines: list[str]) -> str:
    return quote("\r\n".join(lines), safe="")
