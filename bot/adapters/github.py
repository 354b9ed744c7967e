"""Knows how a GitHub Actions workflow is started, followed and cancelled. Knows nothing of what it tests.

Sources: https://docs.github.com/rest/actions/workflows#create-a-workflow-dispatch-event (`return_run_details` gives the
run's id since February 2026; a GitHub Enterprise Server before that answers 204, and the run is looked for),
https://docs.github.com/rest/actions/workflow-runs and https://docs.github.com/rest/actions/workflow-jobs.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from time import monotonic
from urllib.parse import quote

import httpx
from pydantic import BaseModel, TypeAdapter

from bot.adapters.rest import Mend, RestClient, Vendor
from bot.adapters.rest import connect as connected
from bot.domain.errors import LifeboatError, Outage, Refused
from bot.domain.suites import Tally, Transcript, plain
from bot.ports import SuiteOutcome

API = "https://api.github.com"
LIMIT = timedelta(minutes=30)
POLL = 5.0
"""Seconds between two looks at a run: some 720 of the 5,000 requests that a token has in an hour."""
SEARCHES = 12
GITHUB = Vendor(
    "GitHub",
    "Make a fine-grained token for the repository with Actions: Read and write, and set LIFEBOAT_GITHUB__TOKEN.",
    "https://www.githubstatus.com",
    {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"},
)
WORKFLOW = Mend(
    "the repository or the workflow, or the token may not see them",
    "Check LIFEBOAT_GITHUB__REPOSITORY (owner/name), LIFEBOAT_GITHUB__WORKFLOW (its file's name, such as test.yml, "
    "with `on: workflow_dispatch`) and LIFEBOAT_GITHUB__REF (a branch or tag that has it).",
)
RUN = Mend("that run (any more)", "The repository's Actions page lists its runs.")
STAMP = re.compile(r"^\ufeff?\d{4}-\d\d-\d\dT[\d:.]+Z ")
"""What begins each line of a job's log."""


class _Started(BaseModel):
    workflow_run_id: int


class _Run(BaseModel):
    id: int
    status: str | None
    conclusion: str | None = None
    html_url: str


class _Runs(BaseModel):
    workflow_runs: list[_Run]


class _Step(BaseModel):
    name: str
    status: str
    conclusion: str | None = None


class _Job(BaseModel):
    id: int
    name: str
    status: str
    conclusion: str | None = None
    steps: list[_Step] = []


class _Jobs(BaseModel):
    jobs: list[_Job]


STARTED = TypeAdapter(_Started)
A_RUN = TypeAdapter(_Run)
RUNS = TypeAdapter(_Runs)
JOBS = TypeAdapter(_Jobs)


class WorkflowSuite:
    """A `bot.ports.TestSuite`: a workflow that can be started by hand, started and followed to its end."""

    def __init__(
        self,
        client: RestClient,
        repository: str,
        workflow: str,
        ref: str,
        limit: timedelta,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._client, self._repository, self._workflow, self._ref = client, repository, workflow, ref
        self._limit, self._sleep = limit, sleep
        self._actions = f"/repos/{repository}/actions"
        self._path = f"{self._actions}/workflows/{quote(workflow, safe='')}"

    @property
    def describes(self) -> str:
        return f"the workflow {self._workflow} of {self._repository} on {self._ref}"

    async def run(self, on_output: Callable[[str], Awaitable[None]]) -> SuiteOutcome:
        """`on_output` hears of each step as it ends; the output is the log of the jobs, and counts are read there."""
        began, transcript, tally = monotonic(), Transcript(), Tally()
        run = await self._start()
        try:
            async with asyncio.timeout(self._limit.total_seconds()) as limit:
                await on_output(f"Started: {run.html_url}")
                run = await self._follow(run, on_output)
        except TimeoutError:
            if not limit.expired():
                raise
            await self._cancel(run)
            transcript.add(f"Cancelled: it did not end within {self._limit.total_seconds() / 60:g} minutes.")
        except asyncio.CancelledError:
            await asyncio.shield(self._cancel(run))
            raise
        await self._logs(run, transcript, tally)
        ok = run.conclusion == "success" and not tally.failed
        return SuiteOutcome(ok, monotonic() - began, transcript.text(), tally.passed, tally.failed, run.html_url)

    async def _start(self) -> _Run:
        """Start the workflow once. Where the answer does not name the run or is lost, look for the one that is new."""
        before = max((run.id for run in await self._latest()), default=0)
        body = {"ref": self._ref, "return_run_details": True}
        doing = f"starting {self._workflow}"
        try:
            reply = await self._client.ask(
                "POST", f"{self._path}/dispatches", body, doing=doing, missing=WORKFLOW, repeatable=False
            )
        except Outage as outage:
            if outage.unsent:
                raise
            lost: Outage | None = outage
        else:
            if reply.status_code == 200:
                return await self._look(self._client.understand(STARTED, reply).workflow_run_id)
            lost = None
        for _ in range(SEARCHES):
            await self._sleep(POLL)
            new = [run for run in await self._latest() if run.id > before]
            if len(new) == 1:
                return new[0]
            if len(new) > 1:
                break
        raise lost or Outage(
            GITHUB.name,
            "GitHub took the order to start the tests, but which run is ours cannot be told. No data was changed.",
            "The repository's Actions page shows it.",
        )

    async def _latest(self) -> list[_Run]:
        parameters = {"event": "workflow_dispatch", "per_page": 20}
        doing = "looking at the latest runs"
        found = await self._client.get(f"{self._path}/runs", RUNS, doing=doing, missing=WORKFLOW, parameters=parameters)
        return found.workflow_runs

    async def _look(self, run_id: int) -> _Run:
        path, doing = f"{self._actions}/runs/{run_id}", "looking at the run"
        return await self._client.get(path, A_RUN, doing=doing, missing=RUN)

    async def _jobs(self, run: _Run) -> list[_Job]:
        path, doing = f"{self._actions}/runs/{run.id}/jobs", "looking at the run's jobs"
        found = await self._client.get(path, JOBS, doing=doing, missing=RUN, parameters={"per_page": 100})
        return found.jobs

    async def _follow(self, run: _Run, on_output: Callable[[str], Awaitable[None]]) -> _Run:
        """Look until it has ended. An outage on the way does not end the run, so it does not end the watch either."""
        told: set[tuple[int, str]] = set()
        while True:
            try:
                run = await self._look(run.id)
                for job in await self._jobs(run):
                    for step in job.steps:
                        if step.status == "completed" and (job.id, step.name) not in told:
                            told.add((job.id, step.name))
                            await on_output(f"{job.name}: {step.name}: {step.conclusion or 'ended'}")
                if run.status == "completed":
                    return run
            except Outage as outage:
                await on_output(outage.problem)
            await self._sleep(POLL)

    async def _cancel(self, run: _Run) -> None:
        """Ask GitHub to cancel it. One that has ended meanwhile (409) cannot be, and need not."""
        try:
            path = f"{self._actions}/runs/{run.id}/cancel"
            await self._client.ask("POST", path, doing="cancelling the run", missing=RUN)
        except LifeboatError:
            # Whoever cancels or waits for it learns of the run itself; it ends by its own time limit at the latest.
            return

    async def _logs(self, run: _Run, transcript: Transcript, tally: Tally) -> None:
        """The jobs' logs. Without them the outcome is known all the same."""
        try:
            for job in await self._jobs(run):
                transcript.add(f"{job.name}: {job.conclusion or job.status}")
                path, doing = f"{self._actions}/jobs/{job.id}/logs", "reading a job's log"
                reply = await self._client.ask("GET", path, doing=doing, missing=RUN)
                for line in map(plain, reply.text.splitlines()):
                    shown = STAMP.sub("", line)
                    tally.hear(shown)
                    transcript.add(shown)
        except LifeboatError as error:
            transcript.add(f"The log could not be read. {error.problem}")


@asynccontextmanager
async def connect(
    token: str,
    repository: str,
    workflow: str,
    ref: str = "main",
    api: str = API,
    *,
    limit: timedelta = LIMIT,
    transport: httpx.AsyncBaseTransport | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[WorkflowSuite]:
    """A workflow for as long as the context lasts; nothing is asked of it yet.

    `repository` is `owner/name`, `workflow` its file's name or id, `ref` a branch or tag; `api` ends in /api/v3 for a
    GitHub Enterprise Server. `transport` and `sleep` are for tests. Raises Refused for a repository that cannot be one.
    """
    repository = repository.strip()
    if re.fullmatch(r"[\w.-]+/[\w.-]+", repository, re.ASCII) is None:
        raise Refused(f"{repository!r} is not the name of a repository. Nothing was asked.", WORKFLOW.hint)
    async with connected(GITHUB, api, token, transport=transport, sleep=sleep) as client:
        yield WorkflowSuite(client, repository, workflow.strip(), ref.strip(), limit, sleep)
