"""The vendors' own libraries speak to the stand-ins: what the adapters are tried against is what is out there."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from svix import api, models

from bot.simulator.neighbours import Neighbours, github, sentry, svix, vercel

DRIVER = Path(__file__).parents[1] / "node" / "neighbours.mjs"


@pytest.fixture
async def neighbours() -> AsyncIterator[Neighbours]:
    async with Neighbours(run_seconds=60) as neighbours:
        yield neighbours


async def test_svixs_own_library_lists_and_switches_endpoints(neighbours: Neighbours) -> None:
    client = api.SvixAsync(svix.TOKEN, api.SvixOptions(server_url=neighbours.svix_url))
    first = await client.endpoint.list(svix.APP, api.EndpointListOptions(limit=2))
    rest = await client.endpoint.list(svix.APP, api.EndpointListOptions(limit=2, iterator=first.iterator))
    assert [each.url for each in first.data + rest.data] == list(svix.ADDRESSES)
    assert (first.done, rest.done) == (False, True)
    changed = await client.endpoint.patch(svix.APP, first.data[0].id, models.EndpointPatch(disabled=True))
    assert changed.disabled is True
    assert neighbours.svix.endpoints[changed.id]["disabled"] is True


async def test_vercels_githubs_and_sentrys_own_libraries_take_every_answer(
    neighbours: Neighbours, node: dict[str, str]
) -> None:
    given = {
        "url": neighbours.url,
        "vercel": {"token": vercel.TOKEN, "project": vercel.PROJECT},
        "github": {"token": github.TOKEN, "repository": github.REPOSITORY, "workflow": github.WORKFLOW},
        "sentry": {"token": sentry.TOKEN, "organization": sentry.ORGANIZATION, "project": sentry.PROJECT},
    }
    running = neighbours.vercel.running.uid
    driver = await asyncio.create_subprocess_exec(
        node["node"],
        str(DRIVER),
        json.dumps(given),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        out, err = await driver.communicate()
    assert driver.returncode == 0, err.decode()
    assert json.loads(out) == {
        "running": running,
        "value": "1",
        "state": "QUEUED",
        "newest": {"by": "the SDK"},
        "target": ["production", "preview"],
        "left": 0,
        "listed": True,
        "log": True,
        "cancelled": 202,
        "conclusion": "cancelled",
        "moments": [1771597800 + 10 * number for number in range(6)],
    }
