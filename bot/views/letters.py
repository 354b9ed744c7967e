"""Knows how the letter to support is shown: its draft, what it lacks, the form to edit it, what became of it. Knows
nothing of how it is sent or recorded.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from bot.chat import units
from bot.chat.cards import (
    Attachment,
    Block,
    Bold,
    Button,
    Buttons,
    Card,
    Code,
    Field,
    Form,
    Heading,
    Items,
    Line,
    Link,
    LinkButton,
    Snippet,
    Tone,
    When,
    fields,
    text,
)
from bot.domain.backups import Backup
from bot.domain.errors import Refused
from bot.domain.letter_questions import Question
from bot.domain.letters import TO_FILL_IN, Draft, mark
from bot.domain.mail import Letter, mailto
from bot.domain.plan_parts import Contact, Way
from bot.views import words
from bot.views.actions import say
from bot.views.prose import prose

EMAIL = "/incident email"
SEND = f"{EMAIL} send"
SENT = f"{EMAIL} sent"
"""Says that the letter was sent by hand, which starts the clock for an answer."""
ANSWER = "/incident answer"

LONGEST_PART = 2900
"""UTF-16 units of a text in one field of a form; Slack takes 3,000 and Discord 4,000, and whoever edits needs room."""
_PARTS = ("text", "text-2", "text-3")

_HONEST = (
    "Convex offers no point-in-time product: this asks for help that nobody has promised. An answer may take long, or "
    "not come. Send it early, and do not wait for it."
)
_NO_SERVER = (
    "No mail server is connected, so I cannot send it: set `LIFEBOAT_SMTP__HOST` and `LIFEBOAT_SMTP__SENDER`. Until "
    "then copy the text, open the .eml file or the link in a mail program, and tell me once it is sent."
)


def letter_card(
    letter: Letter,
    questions: Sequence[Question],
    *,
    eml: str,
    edit: str,
    sender: str,
    target: datetime | None,
    copy: Backup | None,
    ways: Sequence[Way],
) -> Card:
    """The letter before it is sent, with every way to send it.

    `questions` are those about this text, `eml` the key of its file, `edit` the press that opens its form, `sender` the
    address that it would come from ('': no mail server). `copy` is the newest verified copy from before the target, and
    `ways` are those that need nobody's answer.
    """
    grave = any(one.grave for one in questions)
    blocks: list[Block] = [text(_HONEST, tone=Tone.WARNING), *_meanwhile(target, copy, ways)]
    if questions:
        lines = dict.fromkeys(one.line for one in questions if one.line)
        blocks += [Heading("Before it goes"), Items(tuple(map(_asked, questions)))]
        blocks += [Buttons(tuple(say(line, line) for line in lines))] if lines else []
    blocks += [
        Heading("The letter"),
        fields([("To", Code(", ".join(letter.to))), ("Subject", Code(letter.subject))]),
        Snippet(letter.text.rstrip("\n")),
        Attachment("request-to-support.eml", eml),
        Buttons(tuple(_ways_out(letter, edit, sender, grave=grave))),
    ]
    if not sender:
        blocks.append(text(*prose(_NO_SERVER)))
    elif TO_FILL_IN in letter.text:
        blocks.append(text("It can be sent once everything in it is filled in."))
    else:
        blocks.append(text("It is sent from ", Code(sender), " when an operator presses, and once only."))
    title = f"Draft of the request to {', '.join(letter.to)}"
    return Card(title[:150], tuple(blocks), Tone.WARNING if grave else Tone.NEUTRAL)


def _ways_out(letter: Letter, edit: str, sender: str, *, grave: bool) -> Iterator[Button | LinkButton]:
    if sender and TO_FILL_IN not in letter.text:
        yield say(
            "Send it as it is" if grave else "Send it",
            f"{SEND} --seen {mark(letter)}",
            "danger" if grave else "primary",
        )
    yield Button("Edit", edit)
    yield LinkButton("Open in a mail program", mailto(letter))
    yield say("I sent it myself", SENT)


def _meanwhile(target: datetime | None, copy: Backup | None, ways: Sequence[Way]) -> Iterator[Block]:
    yield Heading("Meanwhile, without an answer")
    yield text(*_nearest(target, copy))
    if ways:
        yield Buttons(tuple(say(way.title, f"/lifeboat runbook {way.key}") for way in ways))


def _nearest(target: datetime | None, copy: Backup | None) -> Line:
    if target is None:
        return ("Set the target timestamp first; then I name the newest verified copy from before it.",)
    if copy is None:
        return (
            "The vault has no verified copy from before the target. Look for one of Convex's own backups in the "
            "dashboard, and keep a copy of the present state: what is left may expire.",
        )
    lost = words.span(target - copy.snapshot_at)
    newest = ("The newest verified copy from before the target is ", Code(copy.id), ", with the data of ")
    return (*newest, When(copy.snapshot_at), f": {lost} of changes before the target are not in it.")


def _asked(question: Question) -> Line:
    return (Bold(question.problem) if question.grave else question.problem, " ", *prose(question.mend))


# --- editing ---------------------------------------------------------------------------------------------------------


def letter_form(draft: Draft, submit: str) -> Form:
    """The letter to edit; a long text is asked in several fields. `submit` takes them, and `edited` reads them.

    Raises Refused for a text that no form holds: cut short, its end would be lost.
    """
    parts = _in_parts(draft.text)
    if len(parts) > len(_PARTS) or any(units.length(part) > LONGEST_PART for part in parts):
        raise Refused(
            "The letter is too long for a form. Nothing was changed.",
            "Open its .eml file in a mail program, edit and send it there, then say " + SENT + ".",
        )
    asked = [
        Field(key, "Text" if place == 0 else "Text, continued", value=part, required=place == 0, multiline=True)
        for place, (key, part) in enumerate(zip(_PARTS, parts, strict=False))
    ]
    intro = "Keep the lines with project, deployment and timestamp as they are: support reads them first."
    return Form("Edit the letter", (Field("subject", "Subject", value=draft.subject), *asked), submit, "Keep", (intro,))


def edited(draft: Draft, values: Mapping[str, str]) -> Draft:
    """The draft with what was written into its form."""
    parts = [part for key in _PARTS if (part := values.get(key, "").strip("\r\n"))]
    return draft.edited(values.get("subject", "") or draft.subject, "\n\n".join(parts))


def _in_parts(whole: str) -> list[str]:
    """The text in pieces that fit a field, parted between paragraphs where one can, else between lines."""
    parts: list[str] = []
    pieces = [piece for paragraph in whole.strip("\n").split("\n\n") for piece in _pieces(paragraph)]
    for piece in pieces:
        if parts and units.length(f"{parts[-1]}\n\n{piece}") <= LONGEST_PART:
            parts[-1] += f"\n\n{piece}"
        else:
            parts.append(piece)
    return parts


def _pieces(paragraph: str) -> list[str]:
    if units.length(paragraph) <= LONGEST_PART:
        return [paragraph]
    pieces = [""]
    for line in paragraph.split("\n"):
        if pieces[-1] and units.length(f"{pieces[-1]}\n{line}") > LONGEST_PART:
            pieces.append(line)
        else:
            pieces[-1] = f"{pieces[-1]}\n{line}" if pieces[-1] else line
    return pieces


# --- afterwards ------------------------------------------------------------------------------------------------------


def sent_card(letter: Letter, by: str, at: datetime, answer_by: datetime, *, eml: str, by_hand: bool = False) -> Card:
    """The letter is on its way. `answer_by` is when somebody else is asked, `eml` the key of what was sent."""
    to = ", ".join(letter.to)
    facts: list[tuple[str, str | Code | Line]] = [("Sent", (When(at), f" by {by}")), ("Subject", letter.subject)]
    if not by_hand:
        facts.append(("Message-ID", Code(letter.id)))
    blocks: tuple[Block, ...] = (
        fields(facts),
        text(
            "No answer is promised. If none is recorded by ",
            When(answer_by, relative=True),
            ", I name the next to ask.",
        ),
        Attachment("request-to-support.eml", eml),
        Buttons((say("Record an answer", ANSWER, "primary"), say("Show the letter", EMAIL))),
    )
    title = f"The request was sent by hand to {to}." if by_hand else f"The mail server took the request to {to}."
    return Card(title[:150], blocks, Tone.GOOD)


def follow_up_card(contacts: Sequence[Contact], asked: int, sent_at: datetime, now: datetime) -> Card:
    """Nobody has answered: whom to ask next. The first `asked` of the plan's contacts have been."""
    since = words.span(now - sent_at)
    following = contacts[asked] if asked < len(contacts) else None
    lines = tuple(_contact(one, place, asked) for place, one in enumerate(contacts))
    opens = [LinkButton(f"Open: {following.name}", _address(following))] if following else []
    return Card(
        f"No answer for {since}. Next: {following.name}."
        if following
        else f"No answer for {since}, and all were asked.",
        (
            text("Send the same letter there, with its reference, so that it is known as one request."),
            Items(lines, ordered=True),
            text("Do not wait: the options that need no answer stand in the draft."),
            Buttons((*opens, say("Show the letter", EMAIL), say("Record an answer", ANSWER))),
        ),
        Tone.WARNING,
    )


def _contact(contact: Contact, place: int, asked: int) -> Line:
    name = Bold(f"{contact.name} (next)") if place == asked else f"{contact.name}{' (asked)' if place < asked else ''}"
    address = contact.email or contact.url or ""
    return (name, ": ", *prose(contact.use), " ", Link(address, _address(contact)))


def _address(contact: Contact) -> str:
    return contact.url or f"mailto:{contact.email}"


def answer_recorded_card(answer: str, by: str, at: datetime) -> Card:
    """Support's answer, as it now stands in the timeline."""
    return Card(
        "Support's answer is in the timeline.",
        (
            text(f"Recorded by {by}, ", When(at), ". Nobody is reminded of the letter any more."),
            Snippet(answer.strip()),
            text("Where data was restored to a copy: verify it before anything is imported from it or points to it."),
            Buttons((say("Status", "/incident status"),)),
        ),
        Tone.GOOD,
    )
