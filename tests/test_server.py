"""Health that means something, and an end that keeps nobody waiting."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from bot.domain.errors import Outage
from bot.server import CHECK_SECONDS, Check, Gauges, Server


async def _well() -> str:
    return ""


async def _ill() -> str:
    return "no answer since 14:02"


async def _broken() -> str:
    raise RuntimeError("password=hunter2")


async def _stuck() -> str:
    await asyncio.sleep(60)
    return ""


async def _gauges() -> dict[str, float]:
    return {'lifeboat_backup_age_seconds{environment="production"}': 12.5, "lifeboat_free_bytes": 3e9}


@asynccontextmanager
async def serving(
    checks: dict[str, Check], gauges: Gauges = _gauges
) -> AsyncIterator[tuple[str, aiohttp.ClientSession]]:
    server = Server(checks, gauges)

    async def raises(_request: web.Request) -> web.Response:
        raise RuntimeError("password=hunter2")

    server.app.add_routes([web.get("/raises", raises)])
    url = await server.start()
    async with aiohttp.ClientSession(url) as session:
        yield url, session
    await server.stop()


async def test_the_process_is_alive_while_its_loop_turns() -> None:
    async with serving({"database": _ill}) as (_, session), session.get("/healthz") as answer:
        assert answer.status == 200
        assert (await answer.json())["alive"] is True


async def test_health_tells_how_long_the_loop_stood_still() -> None:
    async with serving({}) as (_, session):
        await asyncio.sleep(0.1)
        time.sleep(1.0)  # noqa: ASYNC251 - standing still is what is measured
        await asyncio.sleep(0)
        async with session.get("/healthz") as answer:
            assert (await answer.json())["loop_lag_seconds"] > 0.3


async def test_it_is_ready_when_every_check_is_well() -> None:
    async with serving({"database": _well, "sweep": _well}) as (_, session), session.get("/readyz") as answer:
        assert answer.status == 200
        assert await answer.json() == {"ready": True, "checks": {"database": "ok", "sweep": "ok"}}


async def test_one_failing_check_makes_it_unready_and_is_named() -> None:
    async with serving({"database": _well, "sweep": _ill}) as (_, session), session.get("/readyz") as answer:
        assert answer.status == 503
        assert await answer.json() == {"ready": False, "checks": {"database": "ok", "sweep": "no answer since 14:02"}}


async def test_a_check_that_breaks_or_hangs_fails_without_telling_secrets() -> None:
    began = time.monotonic()
    async with serving({"broken": _broken, "stuck": _stuck}) as (_, session), session.get("/readyz") as answer:
        words = await answer.text()
        assert answer.status == 503
    assert "hunter2" not in words
    assert "did not answer" in words
    assert time.monotonic() - began < CHECK_SECONDS + 3


async def test_metrics_are_prometheus_text() -> None:
    async with serving({"database": _well, "sweep": _ill}) as (_, session), session.get("/metrics") as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        lines = (await answer.text()).splitlines()
    assert "# TYPE lifeboat_ready gauge" in lines
    assert 'lifeboat_ready{check="database"} 1' in lines
    assert 'lifeboat_ready{check="sweep"} 0' in lines
    assert 'lifeboat_backup_age_seconds{environment="production"} 12.5' in lines
    assert "lifeboat_free_bytes 3000000000" in lines


async def test_metrics_tell_what_they_can_while_the_database_is_away() -> None:
    async def away() -> dict[str, float]:
        raise Outage("The database", "The database did not answer.")

    async with serving({"database": _ill}, away) as (_, session), session.get("/metrics") as answer:
        assert answer.status == 200
        lines = (await answer.text()).splitlines()
    assert 'lifeboat_ready{check="database"} 0' in lines
    assert any(line.startswith("lifeboat_loop_lag_seconds ") for line in lines)


async def test_nobody_is_shown_a_raw_exception() -> None:
    async with serving({}) as (_, session), session.get("/raises") as answer:
        words = await answer.text()
        assert answer.status == 500
    assert "hunter2" not in words
    assert "Traceback" not in words


async def test_a_taken_port_is_an_error_of_the_start() -> None:
    async with serving({}) as (url, _):
        other = Server({}, _gauges, port=int(url.rpartition(":")[2]))
        with pytest.raises(OSError, match="in use"):
            await other.start()
        await other.stop()
