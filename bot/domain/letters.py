"""Knows what the request to the vendor's support states, and how it reads. Knows nothing of whether that is true, or of
how it is sent; what is not known it leaves to be filled in.
"""

import hashlib
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bot.domain import mail
from bot.domain.plan_parts import Letter as LetterPlan

WIDTH = 76
TO_FILL_IN = "(to be filled in)"
"""Stands in a draft for what it cannot do without, so that a person sees it; a text with it is not to be sent."""

PROJECT, DEPLOYMENT, TARGET = "Project ID", "Deployment name", "Target timestamp"
"""What stands before the colon on the lines that support reads first."""

_DESCRIPTION = "Description of the issue"
_UNKNOWN = "not known to us yet"


@dataclass(frozen=True, slots=True)
class Loss:
    """How many documents a table held in the last good copy, and how many it holds now."""

    table: str
    before: int
    now: int

    def __str__(self) -> str:
        changed = self.now - self.before
        words = f"{abs(changed):,} {'fewer' if changed < 0 else 'more'}" if changed else "the same number"
        return f"{self.table}: {self.before:,} before, {self.now:,} now ({words})"


@dataclass(frozen=True, slots=True)
class LetterFacts:
    """What is known of an incident at `written_at`; what is not known is empty. Moments are aware.

    `target` is the moment to go back to, `happened` when the damage was done, `noticed` when somebody saw it.
    `url` is the deployment's address, `contact` who can be called back, and how. Raises ValueError for a moment
    without a zone: read as local time it would be a wrong restore.
    """

    reference: str
    environment: str
    project: str
    written_at: datetime
    project_id: str = ""
    deployment: str = ""
    url: str = ""
    convex_plan: str = ""
    target: datetime | None = None
    happened: datetime | None = None
    noticed: datetime | None = None
    kind: str = ""
    description: str = ""
    lost: tuple[Loss, ...] = ()
    paused: tuple[str, ...] = ()
    not_to_touch: tuple[str, ...] = ()
    contact: str = ""

    def __post_init__(self) -> None:
        for moment in (self.written_at, self.target, self.happened, self.noticed):
            if moment is not None and moment.tzinfo is None:
                raise ValueError(f"{moment} has no time zone")


@dataclass(frozen=True, slots=True)
class Draft:
    """The letter before it is sent, as people read and edit it."""

    to: str
    subject: str
    text: str

    def edited(self, subject: str, text: str) -> "Draft":
        """The same with somebody's own words."""
        return replace(self, subject=mail.one_line(subject), text=mail.clean(text))

    def letter(self, reference: str, sender: str = "", reply_to: str = "") -> mail.Letter:
        """The e-mail that it makes, about the incident of that reference. Without a `sender` it is a draft."""
        id_ = mail.message_id(reference, self.subject, self.text, sender)
        return mail.Letter(id_, (self.to,), self.subject, self.text, reply_to)


def mark(letter: mail.Letter) -> str:
    """What a letter's words are known by, on the button that sends it."""
    return hashlib.sha256(f"{letter.subject}\n{letter.text}".encode()).hexdigest()[:8]


def iso(moment: datetime) -> str:
    """`2026-02-20T14:30:00Z`: UTC, to the second, never later than the moment itself."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def draft(plan: LetterPlan, facts: LetterFacts) -> Draft:
    """The letter that the facts make, in lines of at most 76 characters where words can be parted."""
    return Draft(plan.to, mail.one_line(plan.subject), mail.clean("\n".join(_lines(facts))))


def _lines(facts: LetterFacts) -> Iterator[str]:
    yield from ("Hello Convex Support,", "")
    yield from _wrapped(
        f"data of {facts.project} was lost or damaged. Please restore it as it was at the target timestamp, "
        "to a copy (another deployment), not over the present one."
    )
    yield ""
    yield _labelled(PROJECT, facts.project_id)
    yield _labelled(DEPLOYMENT, facts.deployment)
    yield _labelled(TARGET, iso(facts.target) if facts.target else "")
    yield from _described(facts.description)
    yield from _part("When (UTC)", _times(facts))
    yield from _part("What was lost or changed (documents)", [str(loss) for loss in facts.lost] or ["Not counted yet."])
    yield from _part("What we have stopped", facts.paused or ["Nothing yet."])
    yield from _part("Please do not touch", facts.not_to_touch or ["Anything in this deployment, without asking us."])
    yield from _part("About us", _about(facts))
    yield from _part(
        "Please tell us",
        [
            "Can you restore to that moment? If not: what is the latest moment before it that you can restore to?",
            "Where will the copy be, and when?",
            "Does anything expire meanwhile that you can keep for us?",
        ],
    )
    yield from ("", "Thank you.")


def _described(description: str) -> Iterator[str]:
    # What follows the first line is set in, so that nothing in it can be taken for one of the labels above.
    first, *rest = mail.clean(description).strip().splitlines() or [""]
    yield from _wrapped(_labelled(_DESCRIPTION, first), after="  ")
    for line in rest:
        yield from _wrapped(line, first="  ", after="  ") if line.strip() else ("",)


def _times(facts: LetterFacts) -> Iterator[str]:
    yield f"It happened: {iso(facts.happened) if facts.happened else _UNKNOWN}"
    yield f"We noticed: {iso(facts.noticed) if facts.noticed else _UNKNOWN}"
    yield f"This was written: {iso(facts.written_at)}"


def _about(facts: LetterFacts) -> Iterator[str]:
    known = (
        ("Project", facts.project),
        ("Environment", facts.environment),
        ("Deployment URL", facts.url),
        ("Convex plan", mail.one_line(facts.convex_plan) or _UNKNOWN),
        ("Kind of incident", facts.kind),
        ("Call us back", mail.one_line(facts.contact) or "by answering this letter"),
        ("Our reference, please keep it in your answer", facts.reference),
    )
    yield from (_labelled(label, value) for label, value in known if mail.one_line(value))


def _part(heading: str, items: Sequence[str] | Iterator[str]) -> Iterator[str]:
    yield from ("", f"{heading}:")
    for item in items:
        yield from _wrapped(mail.one_line(item), first="- ", after="  ")


def _labelled(label: str, value: str) -> str:
    return f"{label}: {mail.one_line(value) or TO_FILL_IN}"


def _wrapped(line: str, first: str = "", after: str = "") -> list[str]:
    if len(first + line) <= WIDTH:
        return [first + line]
    # Names, ids and addresses are copied out of this: they are never parted, at a hyphen or elsewhere.
    return textwrap.wrap(
        line, WIDTH, initial_indent=first, subsequent_indent=after, break_long_words=False, break_on_hyphens=False
    )
