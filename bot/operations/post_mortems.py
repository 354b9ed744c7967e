"""Knows how the report on an incident is made from its record, whenever somebody asks, as a card and as files.

Knows nothing of what stands in it. Nothing of it is kept, so it never differs from the record.
"""

from typing import Protocol

import structlog

from bot.chat.cards import Card
from bot.domain.errors import Outage, Refused
from bot.domain.incident_events import IncidentId
from bot.domain.plan import Plan
from bot.domain.post_mortem import PostMortem, post_mortem
from bot.house import House, Neighbours
from bot.operations import pictures
from bot.store import incidents
from bot.store.database import Database
from bot.views.plots import on_dark_pages_too
from bot.views.post_mortem import (
    Ending,
    post_mortem_card,
    post_mortem_html,
    post_mortem_markdown,
    timeline_plot,
)

_log = structlog.get_logger()


class Record(Protocol):
    """Where reports are made from. A house is one; to make them, no more of it has to stand."""

    @property
    def plan(self) -> Plan: ...

    @property
    def database(self) -> Database: ...

    @property
    def neighbours(self) -> Neighbours: ...


async def card(house: House, incident: IncidentId) -> Card:
    """The report for the channel, with its timeline drawn where charts are; takes about a second then."""
    record, ending = await _read(house, incident)
    plot = await pictures.drawn(house, timeline_plot(record, house.plan))
    return post_mortem_card(record, plot, ending)


async def markdown(where: Record, incident: IncidentId) -> str:
    """The whole report as Markdown. Raises Refused for an incident that is not there."""
    record, ending = await _read(where, incident)
    return post_mortem_markdown(record, where.plan, ending)


async def page(where: Record, incident: IncidentId) -> str:
    """The whole report as a page of HTML. Raises Refused for an incident that is not there."""
    record, ending = await _read(where, incident)
    return post_mortem_html(record, where.plan, ending, await _drawing(where, record))


async def _drawing(where: Record, record: PostMortem) -> str:
    charts = where.neighbours.charts
    if charts is None:
        return ""
    try:
        return on_dark_pages_too(await charts.svg(timeline_plot(record, where.plan).spec))
    except Outage as problem:
        _log.warning("chart_not_drawn", problem=problem.problem)
        return ""


async def _read(where: Record, incident: IncidentId) -> tuple[PostMortem, Ending]:
    async with where.database.read() as db:
        happened = await incidents.timeline(db, incident)
        end = await incidents.ending(db, incident)
        broken = await incidents.broken_at(db, incident)
    if not happened or end is None:
        raise Refused(f"There is no incident {incident!r}.", "/incident list shows them.", "/incident list")
    return post_mortem(happened), Ending(end, broken)
