"""Knows the one HTTP server: its address, its health, its metrics, its end. Knows nothing of what mounts on it."""

import asyncio
import hashlib
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

import structlog
from aiohttp import web

from bot.domain.errors import LifeboatError

Check = Callable[[], Awaitable[str]]
"""Looks at one thing that readiness depends on. Gives '' when it is well, else what is wrong, in a few words."""

Gauges = Callable[[], Awaitable[Mapping[str, float]]]
"""Gives numbers by metric name, such as `lifeboat_backup_age_seconds{environment="production"}`."""

CALENDAR_SECONDS = 900
"""How long a calendar may keep what it fetched."""
CHECK_SECONDS = 3.0
LONGEST_LAG = 5.0
_TICK = 0.5
_SHUTDOWN_SECONDS = 5.0
_LARGEST_BODY = 1024 * 1024
_log = structlog.get_logger()


class Server:
    """One aiohttp application on one address. Mount on `app`, then start."""

    def __init__(self, checks: Mapping[str, Check], gauges: Gauges, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.app = web.Application(middlewares=[_no_raw_errors], client_max_size=_LARGEST_BODY)
        self.app.on_response_prepare.append(_headers)
        self.app.add_routes(
            [
                web.get("/healthz", self._healthz),
                web.get("/readyz", self._readyz),
                web.get("/metrics", self._metrics),
            ]
        )
        self._checks = dict(checks)
        self._gauges = gauges
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None
        self._pulse: asyncio.Task[None] | None = None
        self._beat = time.monotonic()
        self._lag = 0.0
        self._started_at = time.monotonic()

    def publish_calendar(self, content: Callable[[str], Awaitable[bytes | None]]) -> None:
        """Serve a calendar to whoever knows its secret; `content` gives None for a wrong one."""

        async def calendar(request: web.Request) -> web.Response:
            found = await content(request.match_info["secret"])
            if found is None:
                raise web.HTTPNotFound
            tag = hashlib.sha256(found).hexdigest()[:32]
            known = any(one.value == tag for one in request.if_none_match or ())
            response = web.Response(status=304) if known else _calendar(found)
            response.etag = tag
            # Not shared: its address is its only lock.
            response.headers["Cache-Control"] = f"private, max-age={CALENDAR_SECONDS}"
            return response

        self.app.add_routes([web.get("/calendar/{secret}.ics", calendar)])

    async def start(self) -> str:
        """Listen, and give the address. Raises OSError when the port is taken."""
        self._runner = web.AppRunner(self.app, shutdown_timeout=_SHUTDOWN_SECONDS, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        self._pulse = asyncio.create_task(self._beats())
        port = self._runner.addresses[0][1]
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{port}"

    async def stop(self) -> None:
        """Take no more requests, end the streams, and let those that run finish for a few seconds."""
        if self._pulse is not None:
            self._pulse.cancel()
            with suppress(asyncio.CancelledError):
                await self._pulse
        if self._runner is not None:
            await self._runner.cleanup()

    async def _beats(self) -> None:
        while True:
            self._beat = time.monotonic()
            await asyncio.sleep(_TICK)
            self._lag = max(0.0, time.monotonic() - self._beat - _TICK)

    async def _healthz(self, _request: web.Request) -> web.Response:
        """Whether the process is alive: its loop turns. A lag that lasts is what a restart can mend."""
        alive = self._lag < LONGEST_LAG
        return web.json_response(
            {"alive": alive, "loop_lag_seconds": round(self._lag, 3)}, status=200 if alive else 503
        )

    async def _readyz(self, _request: web.Request) -> web.Response:
        """Whether everything that people rely on works now, each by itself."""
        problems = await asyncio.gather(*(_outcome(name, check) for name, check in self._checks.items()))
        shown = {name: problem or "ok" for name, problem in zip(self._checks, problems, strict=True)}
        ready = not any(problems)
        return web.json_response({"ready": ready, "checks": shown}, status=200 if ready else 503)

    async def _metrics(self, _request: web.Request) -> web.Response:
        problems = await asyncio.gather(*(_outcome(name, check) for name, check in self._checks.items()))
        numbers = {
            f'lifeboat_ready{{check="{name}"}}': float(not problem)
            for name, problem in zip(self._checks, problems, strict=True)
        }
        numbers["lifeboat_loop_lag_seconds"] = self._lag
        numbers["lifeboat_uptime_seconds"] = time.monotonic() - self._started_at
        try:
            numbers |= await asyncio.wait_for(self._gauges(), CHECK_SECONDS)
        except (LifeboatError, TimeoutError) as error:
            # What they are read from is out of reach; which that is, readiness says.
            _log.warning("gauges_not_read", problem=str(error))
        return web.Response(text=_exposition(numbers), headers={"Content-Type": "text/plain; version=0.0.4"})


def _exposition(numbers: Mapping[str, float]) -> str:
    """Gauges in Prometheus' text format: https://prometheus.io/docs/instrumenting/exposition_formats/"""
    by_name: dict[str, list[str]] = {}
    for series, value in numbers.items():
        by_name.setdefault(series.partition("{")[0], []).append(f"{series} {value:.10g}")
    return "".join(f"# TYPE {name} gauge\n" + "\n".join(lines) + "\n" for name, lines in sorted(by_name.items()))


async def _outcome(name: str, check: Check) -> str:
    try:
        return await asyncio.wait_for(check(), CHECK_SECONDS)
    except TimeoutError:
        return f"did not answer within {CHECK_SECONDS:.0f} s"
    except Exception:  # noqa: BLE001 - a check that breaks is a check that fails; its reason is for the log
        _log.exception("readiness_check_broke", check=name)
        return "broke while being checked; see the log"


def _calendar(content: bytes) -> web.Response:
    return web.Response(body=content, content_type="text/calendar", charset="utf-8")


async def _headers(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    # Not "no-referrer": with that, browsers send `Origin: null` with a form of our own page.
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
    response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    response.headers["Server"] = "Lifeboat"


@web.middleware
async def _no_raw_errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except (web.HTTPException, ConnectionResetError, asyncio.CancelledError):
        raise
    except Exception:  # noqa: BLE001 - the last net: nobody is shown a raw exception
        reference = secrets.token_hex(4)
        _log.exception("bug", reference=reference, path=request.path)
        return web.Response(status=500, text=f"Something went wrong; the log has it as {reference}.\n")
