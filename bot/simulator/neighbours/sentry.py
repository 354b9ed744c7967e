"""Knows how many errors an application has: few as a rule, many while its data is broken. Knows no real Sentry.

Shapes as in https://docs.sentry.io/api/projects/retrieve-event-counts-for-a-project/.
"""

import math
import random
from time import time
from typing import Any

from aiohttp import web

TOKEN = "sentry-token-of-the-demo"  # noqa: S105 - opens nothing but the stand-in
ORGANIZATION = "campus"
PROJECT = "campus-connect"
RESOLUTIONS = {"10s": 10, "1h": 3600, "1d": 86_400}
QUIET, LOUD = 0.4, 30.0
"""Errors in ten seconds: as a rule, and while it is broken."""
RISE_SECONDS, FALL_SECONDS = 40.0, 60.0
MOST_POINTS = 10_000


class Sentry:
    """The project; tell it when production breaks and when it is repaired."""

    def __init__(self) -> None:
        self.changes: list[tuple[float, bool]] = []

    def broken(self, yes: bool, at: float | None = None) -> None:
        """Production is broken (or not any more) from `at` on, in seconds since the epoch; from now without it."""
        if bool(self.changes and self.changes[-1][1]) != yes:
            self.changes.append((time() if at is None else at, yes))

    def errors(self, moment: int) -> int:
        """How many there were in the ten seconds from `moment` on: always the same ones."""
        chance = random.Random(moment)  # noqa: S311 - a repeatable demo, not a secret
        expected = QUIET + (LOUD - QUIET) * self._level(moment)
        return max(0, round(chance.gauss(expected, math.sqrt(expected))))

    def _level(self, moment: float) -> float:
        """From 0 (as a rule) to 1: how far the errors have risen since it broke, or fallen since it was repaired."""
        level, since, broken = 0.0, 0.0, False
        for at, now_broken in (*((at, yes) for at, yes in self.changes if at <= moment), (moment, False)):
            if since:
                goal, pace = (1.0, RISE_SECONDS) if broken else (0.0, FALL_SECONDS)
                level = goal + (level - goal) * math.exp(-(at - since) / pace)
            since, broken = at, now_broken
        return level

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/api/0/projects/{organization}/{project}/stats/", self._stats)]

    async def _stats(self, request: web.Request) -> web.Response:
        if (request.match_info["organization"], request.match_info["project"]) != (ORGANIZATION, PROJECT):
            return _refusal(404, "The requested resource does not exist")
        asked = request.query
        if asked.get("stat", "received") not in ("received", "generated", "rejected", "blacklisted"):
            return _refusal(400, "Invalid stat")
        step = RESOLUTIONS.get(asked.get("resolution", "1h"))
        if step is None:
            return _refusal(400, "Invalid resolution")
        now = time()
        until = float(asked.get("until", now))
        since = float(asked.get("since", until - 86_399))
        first, last = int(since // step * step), int(until // step * step)
        if (last - first) / step > MOST_POINTS:
            return _refusal(400, "Too many points")
        return web.json_response([[moment, self._sum(moment, step, now)] for moment in range(first, last + 1, step)])

    def _sum(self, moment: int, step: int, now: float) -> int:
        end = min(moment + step, int(now // 10 * 10))
        return sum(self.errors(each) for each in range(moment, end, 10))


def _refusal(status: int, detail: str) -> web.Response:
    body: dict[str, Any] = {"detail": detail}
    return web.json_response(body, status=status)
