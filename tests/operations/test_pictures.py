"""How a plot gets into a card: drawn and kept, fetched in both forms, and in words where it cannot be drawn."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.adapters.charts import VegaCharts
from bot.chat.cards import Image, Text, plain
from bot.domain.errors import Refused
from bot.domain.people import Person, PersonId
from bot.house import House, Neighbours
from bot.operations.files import fetch
from bot.operations.pictures import drawn
from bot.ports import Charts
from bot.views.plots import error_rate
from tests.routing import routing
from tests.views.test_plots import BEFORE, DURING

EVE = Person(PersonId("eve"), "Eve")
PLOT = error_rate(BEFORE, DURING, ())


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A house with a database and nothing else."""
    async with routing(tmp_path) as router:
        yield router.house


def with_charts(house: House, charts: Charts) -> House:
    return replace(house, neighbours=Neighbours(charts=charts))


async def test_a_plot_is_drawn_kept_and_fetched_by_everybody_as_points_and_as_lines(house: House) -> None:
    shown = await drawn(with_charts(house, VegaCharts()), PLOT)
    assert isinstance(shown, Image) and shown.alt == PLOT.alt
    png = await fetch(house, shown.file, EVE)
    assert png.media_type == "image/png" and bytes(png.content).startswith(b"\x89PNG")
    svg = await fetch(house, shown.file.removesuffix("png") + "svg", EVE)
    assert svg.media_type == "image/svg+xml" and b"prefers-color-scheme: dark" in bytes(svg.content)
    assert (png.name.removesuffix(".png"), svg.name) == (Path(shown.file).stem, f"{Path(shown.file).stem}.svg")


async def test_the_same_plot_drawn_again_is_the_same_picture(house: House) -> None:
    there = with_charts(house, VegaCharts())
    assert await drawn(there, PLOT) == await drawn(there, PLOT)


async def test_a_plot_is_said_in_words_where_nothing_draws_or_the_drawing_fails(house: House) -> None:
    for without in (house, with_charts(house, VegaCharts(python="/nothing/here"))):
        shown = await drawn(without, PLOT)
        assert isinstance(shown, Text) and plain(shown.line) == f"{PLOT.spark} {PLOT.alt}"


async def test_a_picture_that_is_not_kept_is_refused(house: House) -> None:
    for key in ("picture/none.png", "picture/none.svg"):
        with pytest.raises(Refused, match="not kept"):
            await fetch(house, key, EVE)
    with pytest.raises(Refused, match="no file"):
        await fetch(house, "picture/none.gif", EVE)
