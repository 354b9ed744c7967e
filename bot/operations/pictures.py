"""Knows how a plot gets into a card: drawn, kept, and in words where it cannot be. Knows nothing of what it shows."""

import asyncio

import structlog

from bot.chat.cards import Image, Text
from bot.domain.errors import Outage
from bot.house import House
from bot.store import pictures
from bot.store.pictures import Picture
from bot.views.plots import Plot, on_dark_pages_too, told

_log = structlog.get_logger()


async def drawn(house: House, plot: Plot) -> Image | Text:
    """A plot for a public post: a picture, kept as long as messages are; in words where none can be drawn.

    Takes about a second. The same plot drawn again is the same picture.
    """
    charts = house.neighbours.charts
    if charts is None:
        return told(plot)
    try:
        png, svg = await asyncio.gather(charts.png(plot.spec), charts.svg(plot.spec))
    except Outage as problem:
        _log.warning("chart_not_drawn", problem=problem.problem)
        return told(plot)
    async with house.database.write() as db:
        name = await pictures.keep(db, Picture(png, on_dark_pages_too(svg)), house.clock.now())
    return Image(plot.alt, f"picture/{name}.png")
