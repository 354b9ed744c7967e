"""Knows the functions that an app has scheduled: they run when due, and queue up while the deployment is paused. Knows
nothing of what they do.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from bot.simulator.deployment import SYSTEM_NUMBERS, Deployment
from bot.simulator.values import Document


@dataclass
class Job:
    """One scheduled function. States: pending, success, failed, canceled."""

    id: str
    created_ms: float
    name: str
    scheduled_ms: float
    run: Callable[[], object]
    state: str = "pending"

    def document(self) -> Document:
        """As `_scheduled_functions` shows it."""
        return {
            "_id": self.id,
            "_creationTime": self.created_ms,
            "name": self.name,
            "args": [],
            "scheduledTime": self.scheduled_ms,
            "state": {"kind": self.state},
        }


class Scheduler:
    """A deployment's scheduled functions."""

    def __init__(self, deployment: Deployment) -> None:
        self.jobs: list[Job] = []
        self._deployment = deployment
        self._tasks: set[asyncio.Task[None]] = set()

    def schedule(self, name: str, seconds: float, run: Callable[[], object]) -> Job:
        """Let a function run in so many seconds, or as soon after that as the deployment is not paused."""
        now = self._deployment.now_ms()
        identifier = self._deployment.mint_id(SYSTEM_NUMBERS["_scheduled_functions"])
        job = Job(identifier, now, name, now + seconds * 1000, run)
        self.jobs.append(job)
        task = asyncio.get_running_loop().create_task(self._wait(job, seconds))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job

    def cancel_all(self, name: str | None = None) -> int:
        """Cancel what has not run, or what of it runs this function; gives how many."""
        doomed = [job for job in self.jobs if job.state == "pending" and name in (None, job.name)]
        for job in doomed:
            job.state = "canceled"
        self._deployment.announce()
        return len(doomed)

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _wait(self, job: Job, seconds: float) -> None:
        await asyncio.sleep(seconds)
        while self._deployment.paused and job.state == "pending":
            await self._deployment.change.wait()
        if job.state == "pending":
            job.state = "failed"
            job.run()
            job.state = "success"
            self._deployment.announce()
