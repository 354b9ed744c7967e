"""A site at Vercel, and its maintenance page."""

from bot.adapters.vercel.site import API, VercelSite, connect

__all__ = ["API", "VercelSite", "connect"]
