"""What every vendor's refusals and failures mean, tried on one of them."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from time import time

import httpx
import pytest

from bot.adapters import github, sentry, svix, vercel
from bot.domain.errors import LifeboatError, Outage, Refused
from bot.simulator.neighbours import Neighbours
from bot.simulator.neighbours import svix as standin
from tests.adapters.recovery.conftest import Naps

TOKEN = "tok-3f9a1c77"


@pytest.fixture
async def webhooks(neighbours: Neighbours, naps: Naps) -> AsyncIterator[svix.SvixWebhooks]:
    async with svix.connect(standin.TOKEN, standin.APP, neighbours.svix_url, sleep=naps) as webhooks:
        yield webhooks


async def told(reply: Callable[[httpx.Request], httpx.Response], naps: Naps | None = None) -> LifeboatError:
    """What is said when a change is answered like this."""
    async with svix.connect(TOKEN, "app_1", transport=httpx.MockTransport(reply), sleep=naps or Naps()) as webhooks:
        with pytest.raises(LifeboatError) as error:
            await webhooks.set_disabled("ep_1", True)
    assert TOKEN not in str(error.value)
    return error.value


async def test_a_short_outage_is_waited_out(neighbours: Neighbours, webhooks: svix.SvixWebhooks, naps: Naps) -> None:
    neighbours.faults.add("status", path="/svix/", status=503, times=2)
    assert len(await webhooks.endpoints()) == 3
    assert naps.taken == [0.5, 1.5]


async def test_a_long_outage_says_so_after_three_tries(neighbours: Neighbours, webhooks: svix.SvixWebhooks) -> None:
    neighbours.faults.add("status", path="/svix/", status=503, times=None)
    with pytest.raises(Outage, match=r"did not answer while listing the webhook endpoints \(503, three tries\)"):
        await webhooks.endpoints()
    assert neighbours.faults.served == 3


async def test_a_short_wait_that_is_asked_for_is_kept(
    neighbours: Neighbours, webhooks: svix.SvixWebhooks, naps: Naps
) -> None:
    neighbours.faults.add("status", path="/svix/", status=429, retry_after=4)
    assert len(await webhooks.endpoints()) == 3
    assert naps.taken == [4.0]


async def test_a_long_wait_is_passed_on_and_nothing_was_done(
    neighbours: Neighbours, webhooks: svix.SvixWebhooks, naps: Naps
) -> None:
    neighbours.faults.add("status", path="/svix/", status=429, retry_after=120)
    with pytest.raises(Outage, match="slow down") as outage:
        await webhooks.endpoints()
    assert outage.value.retry_at is not None
    assert timedelta(seconds=115) < outage.value.retry_at - datetime.now(UTC) < timedelta(seconds=121)
    assert outage.value.unsent
    assert naps.taken == []


@pytest.mark.parametrize(
    "headers",
    [
        lambda: {"Retry-After": format_datetime(datetime.now(UTC) + timedelta(seconds=300), usegmt=True)},
        lambda: {"X-RateLimit-Reset": str(int(time()) + 300)},
        lambda: {"X-Sentry-Rate-Limit-Reset": str(int(time()) + 300)},
    ],
)
async def test_a_wait_is_read_however_it_is_written(headers: Callable[[], dict[str, str]]) -> None:
    error = await told(lambda _: httpx.Response(429, headers=headers()))
    assert isinstance(error, Outage)
    assert error.retry_at is not None
    assert timedelta(seconds=290) < error.retry_at - datetime.now(UTC) <= timedelta(seconds=301)


@pytest.mark.parametrize("written", ["soon", "", "-5", "Wed, 99 Foo 2026"])
async def test_a_wait_that_cannot_be_read_is_our_own(written: str) -> None:
    error = await told(lambda _: httpx.Response(429, headers={"Retry-After": written}))
    assert isinstance(error, Outage)


async def test_githubs_limit_is_an_outage_though_it_answers_403(naps: Naps) -> None:
    limited = httpx.Response(
        403,
        headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time()) + 1800)},
        json={"message": "API rate limit exceeded"},
    )
    transport = httpx.MockTransport(lambda _: limited)

    async def ignore(_line: str) -> None: ...

    async with github.connect("t", "a/b", "t.yml", transport=transport, sleep=naps) as suite:
        with pytest.raises(Outage) as outage:
            await suite.run(ignore)
    assert outage.value.retry_at is not None


async def test_a_connection_that_breaks_in_a_change_says_that_it_may_have_happened(
    neighbours: Neighbours, webhooks: svix.SvixWebhooks
) -> None:
    neighbours.faults.add("drop", path="/svix/", times=None)
    with pytest.raises(Outage, match="Svix may have done it all the same") as outage:
        await webhooks.set_disabled("ep_1", True)
    assert not outage.value.unsent


async def test_one_try_of_three_that_may_have_happened_is_enough_to_say_so() -> None:
    tries = iter([httpx.ReadTimeout(""), httpx.ConnectError(""), httpx.ConnectError("")])

    def reply(_: httpx.Request) -> httpx.Response:
        raise next(tries)

    error = await told(reply)
    assert isinstance(error, Outage)
    assert not error.unsent
    assert "may have done it all the same" in error.problem


async def test_nobody_there_means_that_nothing_happened(naps: Naps) -> None:
    async with svix.connect(TOKEN, "app_1", "http://127.0.0.1:9", sleep=naps) as webhooks:
        with pytest.raises(Outage, match="no connection, three tries") as outage:
            await webhooks.set_disabled("ep_1", True)
    assert outage.value.unsent
    assert "may have" not in outage.value.problem


@pytest.mark.parametrize("status", [401, 403])
async def test_a_token_that_is_not_taken_says_where_it_is_made_and_set(status: int) -> None:
    error = await told(lambda _: httpx.Response(status, json={"detail": f"bad {TOKEN}"}))
    assert isinstance(error, Refused)
    assert "token" in error.problem
    assert "LIFEBOAT_SVIX__TOKEN" in error.hint


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": {"code": "x", "message": f"no,\n not {TOKEN}."}}, "(422: no, not [token])"),
        ({"detail": "Not so"}, "(422: Not so)"),
        ({"message": "x" * 500}, f"(422: {'x' * 200})"),
        ({"detail": [{"loc": ["body"]}]}, "(422)"),
        ([], "(422)"),
    ],
)
async def test_a_refusal_is_told_in_the_vendors_words_on_one_line(body: object, words: str) -> None:
    error = await told(lambda _: httpx.Response(422, json=body))
    assert isinstance(error, Refused)
    assert words in error.problem


@pytest.mark.parametrize("reply", [httpx.Response(418, html="<h1>no</h1>"), httpx.Response(404)])
async def test_a_refusal_without_words_is_still_a_sentence(reply: httpx.Response) -> None:
    assert (await told(lambda _: reply)).problem.endswith(".")


@pytest.mark.parametrize("token", ["", "  ", "two words", "täken", "line\nbreak"])
async def test_what_cannot_be_a_token_is_refused_before_anything_is_asked(token: str) -> None:
    for connect in (
        lambda: vercel.connect(token, "p"),
        lambda: svix.connect(token, "a"),
        lambda: sentry.connect(token, "o", "p"),
        lambda: github.connect(token, "a/b", "w"),
    ):
        with pytest.raises(Refused, match="cannot be one"):
            async with connect():
                pass


async def test_a_token_copied_with_its_lines_end_is_taken(neighbours: Neighbours) -> None:
    async with svix.connect(f" {standin.TOKEN}\n", standin.APP, neighbours.svix_url) as webhooks:
        assert len(await webhooks.endpoints()) == 3
