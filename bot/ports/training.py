"""Knows what a rehearsal needs from the simulated deployment that it is held on. Knows no simulator."""

from typing import Protocol

from bot.domain.plan_rehearsals import Play


class TrainingGround(Protocol):
    """The one deployment to train on. Each call raises Outage where it does not answer."""

    async def begin_anew(self) -> None:
        """Hold fresh data, as if nothing had ever happened."""
        ...

    async def play(self, what: Play) -> None:
        """Let something happen there."""
        ...

    async def new_key(self) -> None:
        """Make a key there, and use it from now on."""
        ...
