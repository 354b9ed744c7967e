"""Knows how the events of a record are listed one by one, whatever they are. Knows nothing of what they mean."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC
from typing import Any

from bot.chat.cards import Table
from bot.domain.incident_events import Event

_LONGEST = 500
_HASH = re.compile(r"\b([0-9a-f]{16})[0-9a-f]{48}\b")


def events_table(happened: Sequence[Event]) -> Table:
    """Each event: when, who, what, and what it says."""
    rows = tuple(
        (
            (str(one.seq),),
            (f"{one.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",),
            (one.by_name,),
            (one.body.type.replace("_", " "),),
            (_told(one),),
        )
        for one in happened
    )
    return Table(("", "UTC", "By", "What", "It says"), rows, numeric=(0, 1))


def _told(event: Event) -> str:
    # A hash is told by its beginning, as everywhere in the report: all of it would be wider than a page.
    told = _HASH.sub(r"\1…", "; ".join(_parts(event.body.model_dump(mode="json", exclude={"type"}))))
    return told if len(told) <= _LONGEST else f"{told[:_LONGEST]}…"


def _parts(body: dict[str, Any]) -> Iterator[str]:
    # A checklist, rows per table, and the times of a step stand elsewhere; the whole of it is in events.jsonl.
    for name, value in body.items():
        named = name.replace("_", " ")
        if name == "held":
            yield from _parts({key: value[key] for key in ("state", "note")})
        elif isinstance(value, dict) and name == "previous":
            yield f"follows: {value['id']}, event {value['seq']}, {value['hash']}"
        elif isinstance(value, dict) and name in ("practice", "step", "tools"):
            yield from _parts(value)
        elif isinstance(value, bool):
            yield f"{named}: {'yes' if value else 'no'}"
        elif isinstance(value, list) and all(isinstance(one, str) for one in value) and value:
            yield f"{named}: {' '.join(value)}"
        elif isinstance(value, str | int | float) and value != "":
            yield f"{named}: {value}"
