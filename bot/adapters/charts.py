"""Knows how Vega-Lite specifications become pictures (vl-convert). Knows nothing of what they show.

Each picture is drawn by a child process of its own, which ends with it: the library is 88 MB of native code with a
JavaScript engine in it, so it is neither loaded into the bot, nor kept in memory between two charts, which are hours
apart, nor able to take the bot along when it dies. A drawing takes about half a second.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from typing import Any, Literal

from bot.domain.errors import Outage

SERVICE = "The drawing of charts"
SECONDS = 20.0
"""How long one drawing may take, start of the child included."""
SCALE = 2.0
"""Pixels of a PNG for each of the specification's: sharp on dense screens."""
VEGA_LITE = "6.4"
AT_ONCE = 2
_WORDS_KEPT = 300
_NICENESS = 10


class VegaCharts:
    """A `bot.ports.Charts`. `python` runs the children; `seconds` bounds each."""

    def __init__(self, *, python: str = sys.executable, seconds: float = SECONDS) -> None:
        self._python = python
        self._seconds = seconds
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def png(self, spec: Mapping[str, Any]) -> bytes:
        """A chart as PNG, in twice the specification's size. Raises Outage."""
        return await self._drawn("png", spec)

    async def svg(self, spec: Mapping[str, Any]) -> str:
        """A chart as SVG, its words as text. Raises Outage."""
        return (await self._drawn("svg", spec)).decode()

    async def _drawn(self, form: Literal["png", "svg"], spec: Mapping[str, Any]) -> bytes:
        async with self._turns:
            try:
                process = await asyncio.create_subprocess_exec(
                    *(self._python, "-m", __name__, form),
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.PIPE,
                    start_new_session=True,
                )
            except OSError as error:
                raise _failed(f"no process could be started: {error.strerror}") from error
            try:
                async with asyncio.timeout(self._seconds):
                    picture, complaint = await process.communicate(json.dumps(spec).encode())
            except TimeoutError:
                raise _failed(f"not done after {self._seconds:.0f} s") from None
            finally:
                _end(process)
                await process.wait()
        if process.returncode != 0 or not picture:
            words = " ".join(complaint.decode(errors="replace").split())[-_WORDS_KEPT:]
            raise _failed(words or f"it ended with {process.returncode}")
        return picture


def connect() -> VegaCharts:
    """Charts; nothing is started before the first is asked for."""
    return VegaCharts()


def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        try:
            # The child leads its own group.
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def _failed(reason: str) -> Outage:
    return Outage(
        SERVICE,
        f"The chart could not be drawn ({reason}). What it would have shown is said in words.",
        "The numbers are right without it; the next chart is tried anew.",
    )


def main() -> int:
    """The child: draw the specification on standard input to standard output, as the form that is named."""
    os.nice(_NICENESS)
    import vl_convert

    spec = sys.stdin.read()
    # A specification brings its numbers along: nothing is fetched.
    nowhere: list[str] = []
    try:
        if sys.argv[1] == "png":
            picture = vl_convert.vegalite_to_png(spec, vl_version=VEGA_LITE, scale=SCALE, allowed_base_urls=nowhere)
        else:
            picture = vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE, allowed_base_urls=nowhere).encode()
    except ValueError as error:
        sys.stderr.write(str(error))
        return 1
    sys.stdout.buffer.write(picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
