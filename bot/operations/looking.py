"""Knows how soon it is asked again whether something is done. Knows nothing of what is waited for."""

import asyncio

_FIRST, _LONGEST = 0.1, 1.0
_SHARE = 0.1
"""Of what was waited so far: so that what was quick is noticed quickly, and what takes long is seldom asked after."""


class Patience:
    """One wait, from its first question on."""

    def __init__(self) -> None:
        self._since = asyncio.get_running_loop().time()

    async def rest(self) -> None:
        """Wait until it is worth asking again."""
        await asyncio.sleep(pause(asyncio.get_running_loop().time() - self._since))


def pause(waited: float) -> float:
    """Seconds until the next question after so many: a tenth of a second at first, a second at last."""
    return min(_LONGEST, max(_FIRST, waited * _SHARE))
