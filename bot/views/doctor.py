"""Knows how Lifeboat's examination of itself is shown. Knows nothing of how it examines."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.chat.cards import Bold, Buttons, Card, Line, Table, Tone
from bot.views import words
from bot.views.actions import say
from bot.views.prose import prose


class Finding(StrEnum):
    """What was found of one thing."""

    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Examined:
    """One thing looked at: what was found, and how to mend it where it needs mending."""

    what: str
    finding: Finding
    found: str
    mend: str = ""


_TONES = {Finding.OK: Tone.GOOD, Finding.WARNING: Tone.WARNING, Finding.BROKEN: Tone.BAD}


def doctor_card(examined: Sequence[Examined]) -> Card:
    """Everything looked at, with the mend beside what is not well."""
    broken = [one for one in examined if one.finding is Finding.BROKEN]
    warned = [one for one in examined if one.finding is Finding.WARNING]
    if broken:
        title, tone = f"Broken: {words.listed([one.what for one in broken])}.", Tone.BAD
    elif warned:
        title, tone = f"Works, with {words.many(len(warned), 'warning')}: {_names(warned)}.", Tone.WARNING
    else:
        title, tone = "Everything works.", Tone.GOOD
    rows = tuple(((one.what,), (str(one.finding),), _found(one)) for one in examined)
    tones = tuple(_TONES[one.finding] for one in examined)
    table = Table(("What", "Is", "Found, and how to mend it"), rows, tones=tones)
    return Card(title, (table, Buttons((say("Look again", "/lifeboat doctor"),))), tone)


def _found(examined: Examined) -> Line:
    mend = (Bold(span) if isinstance(span, str) else span for span in prose(examined.mend))
    return (*prose(examined.found), " ", *mend) if examined.mend else prose(examined.found)


def _names(examined: Sequence[Examined]) -> str:
    return words.listed([one.what for one in examined])
