from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest
from aiohttp import web

from bot.adapters.statuspage import connect
from bot.domain.backups import ServiceStatus
from bot.domain.errors import Outage

NOW = datetime(2026, 9, 15, 9, tzinfo=UTC)


class Nine:
    """A clock that stands at nine."""

    def now(self) -> datetime:
        return NOW


async def said(reply: Callable[[httpx.Request], httpx.Response]) -> ServiceStatus:
    async with connect("https://status.example.com", Nine(), transport=httpx.MockTransport(reply)) as page:
        return await page.status()


def page(indicator: str, description: str) -> Callable[[httpx.Request], httpx.Response]:
    return lambda _: httpx.Response(200, json={"status": {"indicator": indicator, "description": description}})


async def test_the_page_is_read_over_a_real_socket() -> None:
    async def status(_: web.Request) -> web.Response:
        return web.json_response(
            {"page": {}, "status": {"indicator": "none", "description": "All Systems Operational"}}
        )

    app = web.Application()
    app.router.add_get("/api/v2/status.json", status)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with connect(f"http://127.0.0.1:{runner.addresses[0][1]}/", Nine()) as found:
            assert await found.status() == ServiceStatus(
                indicator="none", description="All Systems Operational", seen_at=NOW
            )
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("indicator", ["none", "minor", "major", "critical"])
async def test_an_indicator_is_passed_on(indicator: str) -> None:
    assert (await said(page(indicator, "Partial outage"))).indicator == indicator


async def test_an_indicator_that_nobody_knows_is_unknown_and_still_described() -> None:
    assert await said(page("maintenance", "")) == ServiceStatus(
        indicator="unknown", description="maintenance", seen_at=NOW
    )


@pytest.mark.parametrize(
    "reply",
    [
        httpx.Response(404),
        httpx.Response(503, html="<h1>Down</h1>"),
        httpx.Response(200, html="<h1>Status</h1>"),
        httpx.Response(200, json={"status": "fine"}),
        httpx.Response(200, json=[]),
    ],
)
async def test_a_page_that_cannot_be_read_is_an_outage_that_says_nothing_about_the_data(reply: httpx.Response) -> None:
    with pytest.raises(Outage, match="says nothing about your data") as outage:
        await said(lambda _: reply)
    assert outage.value.hint == "Open https://status.example.com yourself."


@pytest.mark.parametrize(
    ("error", "reason"), [(httpx.ReadTimeout(""), "no answer within 10 s"), (httpx.ConnectError(""), "no connection")]
)
async def test_a_page_that_does_not_answer_is_an_outage(error: httpx.TransportError, reason: str) -> None:
    def silent(_: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(Outage, match=reason):
        await said(silent)
