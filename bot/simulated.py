"""Knows how simulated deployments are brought up in a process of their own, and how a bot is given the one that people
train on. Knows nothing of what they simulate.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bot.access import ConvexAccess
from bot.domain.errors import LifeboatError, Refused
from bot.domain.plan import Plan
from bot.domain.plan_rehearsals import REHEARSAL, rehearsal_environment

_STARTS_WITHIN = 120.0
Ready = Callable[[], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Training:
    """How the deployment to train on is reached, and the token that lets things happen there."""

    access: ConvexAccess
    token: SecretStr


@asynccontextmanager
async def simulator(folder: Path, *options: str) -> AsyncIterator[Ready]:
    """The simulator, in a process of its own so that its work never delays the bot's.

    Gives what to await: once it is ready, how it is reached.
    """
    command = [sys.executable, "-m", "bot.simulator", "--folder", str(folder), "--parent-pid", str(os.getpid())]
    process = await asyncio.create_subprocess_exec(*command, *options, stdout=asyncio.subprocess.PIPE)

    async def ready() -> dict[str, Any]:
        assert process.stdout is not None
        async with asyncio.timeout(_STARTS_WITHIN):
            line = await process.stdout.readline()
        if not line:
            raise LifeboatError("The simulator did not start. Nothing else was started.", "What it said is above.")
        return dict(json.loads(line))

    try:
        yield ready
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


def to_train_on(plan: Plan, told: Mapping[str, Any]) -> tuple[Plan, Training]:
    """The plan with the one environment that rehearsals use, and how that is reached.

    Raises Refused for a plan that says nothing of rehearsals.
    """
    if plan.rehearsal is None:
        raise Refused(
            "The plan has no [rehearsal], so nothing can be rehearsed. Nothing was started.",
            "Copy that part of `lifeboat plan` into your own, or leave LIFEBOAT_REHEARSALS out.",
        )
    there = told[REHEARSAL]
    access = ConvexAccess(url=there["url"], key=SecretStr(there["key"]))
    environments = {**plan.environments, REHEARSAL: rehearsal_environment()}
    plan = plan.model_copy(update={"environments": environments})
    return plan, Training(access, SecretStr(told["control"]["token"]))
