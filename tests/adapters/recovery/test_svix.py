"""Webhook endpoints at a stand-in of Svix, over a real socket."""

from collections.abc import AsyncIterator

import httpx
import pytest

from bot.adapters.svix import SvixWebhooks, connect
from bot.domain.errors import Outage, Refused
from bot.ports import Endpoint
from bot.simulator.neighbours import Neighbours, svix
from tests.adapters.recovery.conftest import Naps


@pytest.fixture
async def webhooks(neighbours: Neighbours, naps: Naps) -> AsyncIterator[SvixWebhooks]:
    async with connect(svix.TOKEN, svix.APP, neighbours.svix_url, sleep=naps) as webhooks:
        yield webhooks


async def test_every_endpoint_is_listed_with_what_it_does_now(neighbours: Neighbours, webhooks: SvixWebhooks) -> None:
    found = await webhooks.endpoints()
    assert [each.url for each in found] == list(svix.ADDRESSES)
    assert not any(each.disabled for each in found)


async def test_an_endpoint_is_switched_off_and_on_and_the_others_are_not(webhooks: SvixWebhooks) -> None:
    first, *others = await webhooks.endpoints()
    await webhooks.set_disabled(first.id, True)
    await webhooks.set_disabled(first.id, True)
    assert [each.disabled for each in await webhooks.endpoints()] == [True, *(False for _ in others)]
    await webhooks.set_disabled(first.id, False)
    assert await webhooks.endpoints() == (first, *others)


async def test_a_list_of_several_pages_is_read_to_its_end(neighbours: Neighbours, webhooks: SvixWebhooks) -> None:
    for number in range(230):
        neighbours.svix.add(f"https://example.org/{number}")
    found = await webhooks.endpoints()
    assert [each.id for each in found] == list(neighbours.svix.endpoints)


async def test_a_list_without_an_end_is_not_read_for_ever() -> None:
    page = {"data": [{"id": "ep_1", "url": "https://example.org"}], "iterator": "ep_1", "done": False}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=page))
    async with connect("t", "a", transport=transport) as webhooks:
        with pytest.raises(Outage, match="goes on after 20"):
            await webhooks.endpoints()


async def test_a_page_that_names_no_next_one_is_the_last() -> None:
    page = {"data": [{"id": "ep_1", "url": "https://example.org", "disabled": True}], "iterator": None, "done": False}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=page))
    async with connect("t", "a", transport=transport) as webhooks:
        assert await webhooks.endpoints() == (Endpoint("ep_1", "https://example.org", disabled=True),)


async def test_an_endpoint_that_is_gone_is_told_apart_from_a_wrong_application(
    neighbours: Neighbours, webhooks: SvixWebhooks, naps: Naps
) -> None:
    with pytest.raises(Refused, match="does not know that endpoint"):
        await webhooks.set_disabled("ep_nowhere", True)
    async with connect(svix.TOKEN, "app_other", neighbours.svix_url, sleep=naps) as other:
        with pytest.raises(Refused, match="does not know the application") as refused:
            await other.endpoints()
    assert "LIFEBOAT_SVIX__APP" in refused.value.hint


@pytest.mark.parametrize(
    ("token", "host"),
    [
        ("sk_abc.eu", "api.eu.svix.com"),
        ("sk_abc.us", "api.us.svix.com"),
        ("sk_abc", "api.svix.com"),
        ("a.b", "api.svix.com"),
    ],
)
async def test_a_token_is_used_in_its_own_region(token: str, host: str) -> None:
    asked: list[str] = []

    def reply(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(200, json={"data": [], "iterator": None, "done": True})

    async with connect(token, "app_1", transport=httpx.MockTransport(reply)) as webhooks:
        assert await webhooks.endpoints() == ()
    assert asked == [host]
