"""The stand-ins themselves: what a demo turns and watches."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from bot.adapters.github import connect as github_connect
from bot.adapters.sentry import connect as sentry_connect
from bot.adapters.svix import connect as svix_connect
from bot.adapters.vercel import connect as vercel_connect
from bot.simulator.neighbours import Neighbours, github, sentry, svix, vercel


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the stand-in works by the clock
            await asyncio.sleep(0.02)


async def test_a_build_is_queued_then_building_then_what_people_see() -> None:
    async with Neighbours(build_seconds=0.4) as neighbours:
        made = neighbours.vercel.deploy({})
        assert made.state(made.created) == "QUEUED"
        assert made.state(made.created + 200) == "BUILDING"
        assert neighbours.vercel.running is not made
        await until(lambda: neighbours.vercel.running is made)


async def test_a_variable_changes_the_site_with_the_next_build_and_not_before() -> None:
    async with Neighbours(build_seconds=0) as neighbours:
        neighbours.vercel.add_variable("MAINTENANCE_MODE", "1", "plain", ["production"])
        assert not neighbours.vercel.in_maintenance()
        neighbours.vercel.deploy({})
        assert neighbours.vercel.in_maintenance()


async def test_a_failed_build_changes_nothing_for_people() -> None:
    async with Neighbours(build_seconds=0) as neighbours:
        before = neighbours.vercel.running
        neighbours.vercel.next_ends = "ERROR"
        neighbours.vercel.deploy({})
        assert neighbours.vercel.running is before


async def test_errors_follow_whether_production_is_broken() -> None:
    broken = False
    async with Neighbours(broken=lambda: broken) as neighbours:
        broken = True
        await until(lambda: bool(neighbours.sentry.changes))
        broken = False
        await until(lambda: len(neighbours.sentry.changes) == 2)
        assert [yes for _, yes in neighbours.sentry.changes] == [True, False]


async def test_the_same_ten_seconds_always_had_the_same_errors() -> None:
    one, another = sentry.Sentry(), sentry.Sentry()
    moments = range(1_771_597_800, 1_771_601_400, 10)
    assert [one.errors(each) for each in moments] == [another.errors(each) for each in moments]


async def test_nothing_is_told_without_the_right_token() -> None:
    paths = {
        f"/vercel/v9/projects/{vercel.PROJECT}": 403,
        f"/svix/api/v1/app/{svix.APP}/endpoint": 401,
        f"/sentry/api/0/projects/{sentry.ORGANIZATION}/{sentry.PROJECT}/stats/": 401,
        f"/github/repos/{github.REPOSITORY}/actions/workflows/{github.WORKFLOW}/runs": 401,
    }
    async with Neighbours() as neighbours, httpx.AsyncClient(base_url=neighbours.url) as http:
        for path, status in paths.items():
            for headers in ({}, {"Authorization": "Bearer of bad news"}):
                assert (await http.get(path, headers=headers)).status_code == status


async def test_every_adapter_reaches_its_stand_in_with_what_is_described() -> None:
    now = datetime.now(UTC)
    async with Neighbours() as neighbours:
        given: dict[str, Any] = neighbours.described()
        async with vercel_connect(**given["vercel"]) as site:
            assert not await site.in_maintenance()
        async with svix_connect(**given["svix"]) as webhooks:
            assert len(await webhooks.endpoints()) == len(svix.ADDRESSES)
        async with sentry_connect(**given["sentry"]) as errors:
            assert len(await errors.counts(now - timedelta(hours=1), now)) == 61
        async with github_connect(**given["github"]) as suite:
            assert suite.describes == f"the workflow test.yml of {github.REPOSITORY} on main"


async def test_a_fault_is_felt_by_one_vendor_alone() -> None:
    async with Neighbours() as neighbours, httpx.AsyncClient(base_url=neighbours.url) as http:
        neighbours.faults.add("status", path="/svix/", status=429, retry_after=2)
        limited = await http.get(f"/svix/api/v1/app/{svix.APP}/endpoint")
        assert (limited.status_code, limited.headers["Retry-After"]) == (429, "2")
        assert (await http.get("/site")).status_code == 200
