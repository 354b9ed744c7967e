"""Knows how a simulator in another process is told what to do. Knows nothing of what that does."""

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

from bot.domain.errors import Outage, Refused
from bot.domain.plan_rehearsals import Play
from bot.simulator.control import HEADER

_PATIENCE = aiohttp.ClientTimeout(total=30)


class Remote:
    """The control interface of a running simulator."""

    def __init__(self, url: str, token: str) -> None:
        self._url, self._token = url, token

    async def __call__(self, action: str, given: dict[str, Any]) -> Any:
        """Turn a switch; gives what it says. Raises Refused where it may not be turned, Outage without an answer."""
        try:
            async with (
                aiohttp.ClientSession(timeout=_PATIENCE, headers={HEADER: self._token}) as session,
                session.post(f"{self._url}/simulator/{action}", json=given) as response,
            ):
                if response.status == 400:
                    raise Refused((await response.json())["message"], "Nothing was changed.")
                response.raise_for_status()
                return await response.json()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Outage("The simulator", "The simulator did not answer.", "Start Lifeboat again.") from error


class Ground:
    """A `bot.ports.TrainingGround` in another process. `renew` is called with a new key, for Lifeboat to use."""

    def __init__(self, remote: Remote, renew: Callable[[str], Awaitable[None]]) -> None:
        self._remote, self._renew = remote, renew
        self._keys = 0

    async def begin_anew(self) -> None:
        await self._remote("fresh", {})

    async def play(self, what: Play) -> None:
        if what is Play.LOST_KEY:
            await self._remote("withdraw", {})
        else:
            await self._remote("scenario", {"name": what})

    async def new_key(self) -> None:
        self._keys += 1
        await self._renew((await self._remote("key", {"name": f"rehearsal {self._keys}"}))["key"])
