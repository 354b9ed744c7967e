"""The web console: one team's chat in a browser. Knows HTML, HTTP and cookies; knows no command."""

from bot.platforms.web.console import Console

__all__ = ["Console"]
