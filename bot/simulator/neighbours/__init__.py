"""Stand-ins for the services around the database: Vercel, Svix, Sentry and GitHub, on one port of loopback."""

from bot.simulator.neighbours.server import Neighbours

__all__ = ["Neighbours"]
