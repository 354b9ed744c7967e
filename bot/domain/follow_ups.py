"""Knows what is to be done after an incident: how it is added, found, called done, and until when people say.

Knows nothing of where it is kept, or of how its owner is reminded.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.domain.durations import read_duration
from bot.domain.errors import Refused
from bot.domain.incident_events import FollowUpAdded, FollowUpDone
from bot.domain.incidents import FollowUp, Incident
from bot.domain.people import PersonId

DAY_ENDS = time(17, 0)
"""When a day that somebody names is over, for whom they name it: they are reminded while people are at work."""
_FURTHEST = timedelta(days=3 * 366)
_MOST = 100
_LONGEST = 500
_LISTING = "/incident followed-up"
_FORMS = "Say it like “in 3 days”, “tomorrow” or “2026-12-01”."


def added(incident: Incident, text: str, owner: PersonId | None, due_at: datetime | None) -> FollowUpAdded:
    """A new follow-up, which an incident that is closed may have as well. Raises Refused for one that says nothing."""
    words = " ".join(text.split())
    if not words:
        raise Refused("A follow-up needs words. None was added.", "Say what is to be done.", parameter="text")
    if len(words) > _LONGEST:
        raise Refused(
            f"A follow-up has at most {_LONGEST} characters. None was added.",
            "Say it in a sentence, and the rest where it is worked on.",
            parameter="text",
        )
    if len(incident.follow_ups) >= _MOST:
        raise Refused(f"An incident has at most {_MOST} follow-ups. None was added.")
    return FollowUpAdded(key=str(len(incident.follow_ups) + 1), text=words, owner=owner, due_at=due_at)


def find(incident: Incident, said: str) -> FollowUp:
    """The follow-up that somebody means by its number. Raises Refused for one that is not there."""
    key = said.strip().removeprefix("#")
    found = next((one for one in incident.follow_ups if one.key == key), None)
    if found is not None:
        return found
    known = ", ".join(one.key for one in open_ones(incident)) or "none"
    raise Refused(
        f"“{incident.title}” has no follow-up {said!r}. Nothing was changed.",
        f"Open: {known}. {_LISTING} shows all.",
        _LISTING,
        parameter="key",
    )


def done(incident: Incident, said: str) -> FollowUpDone:
    """That the follow-up which somebody means is done. Raises Refused where it is done already."""
    found = find(incident, said)
    if found.done_at is not None:
        raise Refused(
            f"“{found.text}” is done already. Nothing was changed.", f"{_LISTING} shows the others.", _LISTING
        )
    return FollowUpDone(key=found.key)


def open_ones(incident: Incident) -> tuple[FollowUp, ...]:
    """What is not done yet."""
    return tuple(one for one in incident.follow_ups if one.done_at is None)


def of_all(incidents: Iterable[Incident]) -> list[tuple[Incident, FollowUp]]:
    """What is open of all incidents, what is due first on top; what has no date comes last, the oldest first."""
    found = [(incident, one) for incident in incidents for one in open_ones(incident)]
    return sorted(found, key=lambda pair: (pair[1].due_at is None, pair[1].due_at or pair[1].added_at))


def read_due(said: str, now: datetime, zone: ZoneInfo) -> datetime:
    """The moment of "in 3 days", "today", "tomorrow" or "2026-12-01" (the end of that working day, in `zone`).

    Raises Refused for anything else, and for what is past.
    """
    words = said.strip().casefold()
    due_at = _read(words, now, zone)
    if due_at is None:
        raise Refused(f"{said!r} is no date that I can read. No follow-up was added.", _FORMS, parameter="due")
    if due_at <= now:
        raise Refused(f"{said!r} is past. No follow-up was added.", "Say when it is to be done.", parameter="due")
    if due_at - now > _FURTHEST:
        raise Refused(f"{said!r} is years ahead. No follow-up was added.", _FORMS, parameter="due")
    return due_at


def _read(words: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    today = now.astimezone(zone).date()
    if words in ("today", "tomorrow"):
        return _end_of(today + timedelta(days=words == "tomorrow"), zone)
    try:
        return _end_of(date.fromisoformat(words), zone) if words[:4].isdecimal() else now + _length(words)
    except (ValueError, OverflowError):
        return None


def _length(words: str) -> timedelta:
    return read_duration(words.removeprefix("in "))


def _end_of(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, DAY_ENDS, zone).astimezone(UTC)
