"""Knows how the stand-ins are brought up on one port, and made to fail. Knows nothing of what they answer."""

import asyncio
import secrets
from collections.abc import Callable
from typing import Any, Self

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.simulator.faults import Faults
from bot.simulator.neighbours import github, sentry, svix, vercel

HOST = "127.0.0.1"
WATCH_SECONDS = 1.0


class Neighbours:
    """The services around the database: `async with Neighbours() as neighbours`, then `neighbours.vercel_url`, ….

    What each accepts stands in its module (`vercel.TOKEN`, `vercel.PROJECT`, …). `broken` says whether production is
    broken now: it is asked every second, and Sentry's errors follow. `faults` go by path (`/vercel/`, `/svix/`, …).
    """

    def __init__(
        self,
        *,
        build_seconds: float = 4.0,
        run_seconds: float = 6.0,
        broken: Callable[[], bool] | None = None,
        port: int = 0,
    ) -> None:
        self.vercel = vercel.Vercel(build_seconds)
        self.svix = svix.Svix()
        self.sentry = sentry.Sentry()
        self.github = github.GitHub(run_seconds)
        self.faults = Faults()
        self._broken, self._port = broken, port
        self._lost: list[tuple[str, str]] = []
        self._runner: web.AppRunner | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._port}"

    @property
    def site_url(self) -> str:
        """What people see of the application."""
        return f"{self.url}/site"

    @property
    def vercel_url(self) -> str:
        return f"{self.url}/vercel"

    @property
    def svix_url(self) -> str:
        return f"{self.url}/svix"

    @property
    def sentry_url(self) -> str:
        return f"{self.url}/sentry"

    @property
    def github_url(self) -> str:
        return f"{self.url}/github"

    def described(self) -> dict[str, dict[str, str]]:
        """What each adapter's `connect` is given to reach its stand-in, and the address of the site."""
        return {
            "site": {"url": self.site_url},
            "vercel": {"api": self.vercel_url, "token": vercel.TOKEN, "project": vercel.PROJECT},
            "svix": {"api": self.svix_url, "token": svix.TOKEN, "app": svix.APP},
            "sentry": {
                "api": self.sentry_url,
                "token": sentry.TOKEN,
                "organization": sentry.ORGANIZATION,
                "project": sentry.PROJECT,
            },
            "github": {
                "api": self.github_url,
                "token": github.TOKEN,
                "repository": github.REPOSITORY,
                "workflow": github.WORKFLOW,
                "ref": github.BRANCH,
            },
        }

    def lose_answer(self, method: str, path: str) -> None:
        """Do what the next such request asks for, and break the connection before the answer."""
        self._lost.append((method, path))

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[self.faults.middleware, self._losing])
        app.router.add_get("/site", self.vercel.site)
        app.router.add_get("/github/logs/{run}", self.github.log)
        parts: tuple[tuple[str, str, int, list[web.RouteDef]], ...] = (
            # Vercel answers 403 where the token is wrong, the others 401.
            ("/vercel", vercel.TOKEN, 403, self.vercel.routes()),
            ("/svix", svix.TOKEN, 401, self.svix.routes()),
            ("/sentry", sentry.TOKEN, 401, self.sentry.routes()),
            ("/github", github.TOKEN, 401, self.github.routes()),
        )
        for prefix, token, status, routes in parts:
            for route in routes:
                app.router.add_route(route.method, prefix + route.path, _guarded(route.handler, token, status))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, self._port).start()
        self._port = self._runner.addresses[0][1]
        if self._broken is not None:
            self._watch = asyncio.get_running_loop().create_task(self._follow(self._broken))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._watch is not None:
            self._watch.cancel()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _follow(self, broken: Callable[[], bool]) -> None:
        while True:
            self.sentry.broken(broken())
            await asyncio.sleep(WATCH_SECONDS)

    @web.middleware
    async def _losing(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        lost = next(
            (each for each in self._lost if request.method == each[0] and request.path.startswith(each[1])), None
        )
        if lost is not None:
            self._lost.remove(lost)
            if request.transport is not None:
                request.transport.abort()
        return response


def _guarded(handler: Any, token: str, status: int) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        # GitHub's own libraries say "token" where everybody else says "Bearer".
        given = request.headers.get("Authorization", "").removeprefix("Bearer ").removeprefix("token ")
        if not secrets.compare_digest(given, token):
            body = {"message": "Bad credentials", "detail": "Invalid token", "error": {"message": "Not authorized"}}
            return web.json_response(body, status=status)
        found: web.StreamResponse = await handler(request)
        return found

    return answer
