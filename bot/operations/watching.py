"""Knows how errors are watched after an incident: what is watched is a row, and the sweep says how it went when due.

Knows nothing of who counts errors, or of how they are drawn.
"""

from datetime import datetime, timedelta

import structlog

from bot.chat.cards import Card, Image, Text, Tone, text
from bot.domain.automations import Watch
from bot.domain.durations import duration_words
from bot.domain.error_rates import is_normal
from bot.domain.errors import LifeboatError, Outage, Refused
from bot.domain.incident_events import Acted, IncidentId, Point
from bot.domain.incidents import Incident
from bot.domain.people import LIFEBOAT
from bot.house import House
from bot.operations import incidents as acting
from bot.operations import pictures
from bot.ports import ErrorWatch
from bot.store import incidents, watches
from bot.views.plots import Plot, error_rate, told

ACTION = "Errors since the resume"
_PATIENCE = timedelta(hours=2)
"""How long after its end a watch waits for who counts, before it says that nobody knows."""
_log = structlog.get_logger()


async def begin(house: House, incident: IncidentId) -> str:
    """Watch an incident's errors from now on; watched already, it begins anew. Gives what that means, in words."""
    now, length = house.clock.now(), house.plan.incidents.watch_for
    if house.neighbours.error_watch is None:
        missing = house.neighbours.unconnected.get("error_watch", "")
        return (
            f"Nobody counts errors for Lifeboat: look at them yourself for {duration_words(length)}. {missing}".strip()
        )
    async with house.database.write() as db:
        await watches.put(db, Watch(incident, now, now + length))
    return f"Errors are watched until {now + length:%H:%M} UTC."


async def look(house: House) -> None:
    """Say of each watch that is over how it went: part of every sweep."""
    now = house.clock.now()
    async with house.database.read() as db:
        over = await watches.over(db, now)
    for watch in over:
        await _tell(house, watch, now)


async def now_card(house: House, incident: Incident) -> Card:
    """How errors go now, for one reader: in bars of text. Begins to watch them where nobody does."""
    async with house.database.read() as db:
        watch = await watches.get(db, incident.id)
    if watch is None:
        said, since = await begin(house, incident.id), incident.recovered_at or house.clock.now()
    else:
        are = "are" if watch.told_at is None else "were"
        said, since = f"Errors {are} watched until {watch.until:%H:%M} UTC.", watch.since
    if house.neighbours.error_watch is None:
        return Card("Nobody counts errors for Lifeboat.", (text(said),), Tone.WARNING)
    plot, normal = await _counted(house, incident, since, house.clock.now())
    tone = Tone.GOOD if normal else Tone.WARNING
    return Card("Errors back to normal" if normal else "Errors so far", (told(plot), text(said)), tone)


async def _tell(house: House, watch: Watch, now: datetime) -> None:
    async with house.database.read() as db:
        incident = await incidents.get(db, watch.incident)
        happened = await incidents.timeline(db, watch.incident)
    # The process may have ended between the two records below: then it was said, and not yet noted that it was.
    said = any(isinstance(one.body, Acted) and one.body.action == ACTION and one.at >= watch.until for one in happened)
    if incident is not None and not said:
        body = await _went(house, incident, watch, now)
        if body is None:
            return
        await acting.act(house, incident.id, LIFEBOAT, lambda _: (body,))
    async with house.database.write() as db:
        await watches.told(db, watch, now)


async def _went(house: House, incident: Incident, watch: Watch, now: datetime) -> Acted | None:
    """How it went; None while it may yet be known, which the next sweep looks at."""
    try:
        plot, normal = await _counted(house, incident, watch.since, watch.until)
    except LifeboatError as problem:
        if isinstance(problem, Outage) and now < watch.until + _PATIENCE:
            _log.warning("errors_not_counted", incident=incident.id, problem=problem.problem)
            return None
        effect = f"Nobody knows how they went: {problem.problem} Look at them by hand. {problem.hint}"
        return Acted(action=ACTION, ok=False, effect=effect.strip())
    drawn = await pictures.drawn(house, plot)
    match drawn:
        case Image():
            return Acted(action=ACTION, ok=normal, effect=plot.alt, file=drawn.file)
        case Text():
            return Acted(action=ACTION, ok=normal, effect=f"{plot.spark} {plot.alt}")


async def _counted(house: House, incident: Incident, since: datetime, until: datetime) -> tuple[Plot, bool]:
    """The plot of errors before, during and after, and whether they are as before again."""
    watch = _watch(house)
    began = next((incident.points[one].at for one in (Point.HAPPENED, Point.NOTICED) if one in incident.points), None)
    start = min(began or incident.opened_at, since)
    before = await watch.counts(start - house.plan.incidents.watch_for, start)
    during = await watch.counts(start, since) if since > start else ()
    after = await watch.counts(since, until)
    marks = {"noticed": incident.noticed_at, "resumed": since}
    return error_rate(before, during, after, marks), is_normal(before, after)


def _watch(house: House) -> ErrorWatch:
    if house.neighbours.error_watch is None:
        raise Refused("Nobody counts errors for Lifeboat.", house.neighbours.unconnected.get("error_watch", ""))
    return house.neighbours.error_watch
