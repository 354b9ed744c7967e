"""A workflow at a stand-in of GitHub, over a real socket."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import httpx
import pytest

from bot.adapters.github import WorkflowSuite, connect
from bot.domain.errors import Outage, Refused
from bot.simulator.neighbours import Neighbours, github

Connect = Callable[..., AbstractAsyncContextManager[WorkflowSuite]]


async def soon(_seconds: float) -> None:
    await asyncio.sleep(0.02)


@pytest.fixture
def to(neighbours: Neighbours) -> Connect:
    def connected(limit: timedelta = timedelta(seconds=20), workflow: str = github.WORKFLOW) -> object:
        where = (github.REPOSITORY, workflow, "main", neighbours.github_url)
        return connect(github.TOKEN, *where, limit=limit, sleep=soon)

    return connected  # type: ignore[return-value]  # a context manager by its decorator


@pytest.fixture
async def suite(to: Connect) -> AsyncIterator[WorkflowSuite]:
    async with to() as suite:
        yield suite


class Heard:
    def __init__(self) -> None:
        self.lines: list[str] = []

    async def __call__(self, line: str) -> None:
        self.lines.append(line)


def wait_for(condition: Callable[[], bool]) -> Awaitable[None]:
    async def waiting() -> None:
        async with asyncio.timeout(5):
            while not condition():  # noqa: ASYNC110 - the stand-in has no event for it
                await asyncio.sleep(0.01)

    return waiting()


async def test_a_run_is_followed_to_its_end_and_counted_from_its_log(suite: WorkflowSuite) -> None:
    heard = Heard()
    outcome = await suite.run(heard)
    assert (outcome.ok, outcome.passed, outcome.failed) == (True, 61, 0)
    assert outcome.url == f"https://github.com/{github.REPOSITORY}/actions/runs/{github.FIRST_RUN}"
    assert heard.lines[0] == f"Started: {outcome.url}"
    assert heard.lines[1:] == [f"test: {step}: success" for step in github.STEPS]
    assert "\nPASS convex/users.test.ts\n" in outcome.output
    assert github.TOKEN not in outcome.output


async def test_failed_tests_are_a_failure_with_counts(neighbours: Neighbours, suite: WorkflowSuite) -> None:
    neighbours.github.outcome = "failure"
    outcome = await suite.run(Heard())
    assert (outcome.ok, outcome.passed, outcome.failed) == (False, 59, 2)


async def test_a_server_that_does_not_name_the_run_has_it_looked_for(
    neighbours: Neighbours, suite: WorkflowSuite
) -> None:
    neighbours.github.start()
    neighbours.github.tells_run = False
    outcome = await suite.run(Heard())
    assert outcome.ok
    assert outcome.url.endswith(str(github.FIRST_RUN + 1))


async def test_a_lost_answer_starts_no_second_run(neighbours: Neighbours, suite: WorkflowSuite) -> None:
    neighbours.lose_answer("POST", "/github/repos")
    assert (await suite.run(Heard())).ok
    assert len(neighbours.github.runs) == 1


async def test_an_order_that_never_arrived_is_an_outage_and_starts_nothing(
    neighbours: Neighbours, suite: WorkflowSuite
) -> None:
    neighbours.faults.add("drop", path=f"/github/repos/{github.REPOSITORY}/actions/workflows/test.yml/dispatches")
    with pytest.raises(Outage, match=r"starting test\.yml"):
        await suite.run(Heard())
    assert neighbours.github.runs == []


async def test_an_outage_on_the_way_does_not_end_the_watch(neighbours: Neighbours, suite: WorkflowSuite) -> None:
    neighbours.github.run_seconds = 3600
    heard = Heard()
    running = asyncio.create_task(suite.run(heard))
    await wait_for(lambda: bool(heard.lines))
    neighbours.faults.add("status", path="/github/", status=502, times=4)
    await wait_for(lambda: any("GitHub did not answer" in line for line in heard.lines))
    neighbours.github.runs[0].seconds = 0
    assert (await running).ok


async def test_a_run_beyond_its_time_is_cancelled_and_has_failed(neighbours: Neighbours, to: Connect) -> None:
    neighbours.github.run_seconds = 60
    async with to(limit=timedelta(seconds=0.3)) as suite:
        outcome = await suite.run(Heard())
    assert not outcome.ok
    assert "Cancelled: it did not end within" in outcome.output
    assert neighbours.github.runs[0].cancelled_at is not None


async def test_whoever_cancels_the_suite_cancels_the_run(neighbours: Neighbours, suite: WorkflowSuite) -> None:
    neighbours.github.run_seconds = 60
    heard = Heard()
    running = asyncio.create_task(suite.run(heard))
    await wait_for(lambda: bool(heard.lines))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert neighbours.github.runs[0].cancelled_at is not None


async def test_a_wrong_workflow_names_the_settings(to: Connect) -> None:
    async with to(workflow="tests.yml") as suite:
        with pytest.raises(Refused, match="does not know the repository or the workflow") as refused:
            await suite.run(Heard())
    assert "LIFEBOAT_GITHUB__WORKFLOW" in refused.value.hint


async def test_what_is_no_repository_is_refused_before_anything_is_asked() -> None:
    with pytest.raises(Refused, match="is not the name of a repository"):
        async with connect("t", "https://github.com/a/b", "test.yml"):
            pass


async def test_the_token_is_not_sent_to_where_the_log_is_kept() -> None:
    seen: dict[str, str | None] = {}
    run = {"id": 7, "status": "completed", "conclusion": "success", "html_url": "https://github.com/a/b/actions/runs/7"}
    job = {"id": 8, "name": "test", "status": "completed", "conclusion": "success", "steps": []}

    def reply(request: httpx.Request) -> httpx.Response:
        seen[request.url.host] = request.headers.get("Authorization")
        path = request.url.path
        if request.url.host != "api.github.com":
            return httpx.Response(200, text="2026-02-20T14:30:00.1234567Z Tests:       4 passed, 4 total\n")
        if path.endswith("/logs"):
            return httpx.Response(302, headers={"Location": "https://logs.example.net/8"})
        if path.endswith("/dispatches"):
            return httpx.Response(200, json={"workflow_run_id": 7})
        if path.endswith("/jobs"):
            return httpx.Response(200, json={"jobs": [job]})
        return httpx.Response(200, json={"workflow_runs": []} if path.endswith("/workflows/t.yml/runs") else run)

    async with connect("secret-token", "a/b", "t.yml", transport=httpx.MockTransport(reply)) as suite:
        outcome = await suite.run(Heard())
    assert (outcome.ok, outcome.passed) == (True, 4)
    assert seen == {"api.github.com": "Bearer secret-token", "logs.example.net": None}
