"""Plots, all in one style: what is plotted, and how each is said in words too. Knows no library that draws."""

from bot.views.plots.errors import error_rate
from bot.views.plots.style import Marks, Plot, on_dark_pages_too, spark, told
from bot.views.plots.timeline import Entry, timeline

__all__ = ["Entry", "Marks", "Plot", "error_rate", "on_dark_pages_too", "spark", "timeline", "told"]
