"""Knows what test runners say: how many tests passed and failed, and how their output is kept readable.

Knows nothing of how they are run.
"""

import re
from collections import deque
from dataclasses import dataclass

ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
"""Colours, cursor moves, links and titles (ECMA-48)."""
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
LONGEST_LINE = 2_000

JEST = re.compile(r"^\s*Tests:\s+(?P<counts>.*\b\d+ total)\s*$")
VITEST = re.compile(r"^\s*Tests\s+(?P<counts>.*\b\d+ \w+.*) \(\d+\)\s*$")
PYTEST = re.compile(r"^=*\s*(?P<counts>(?:\d+ [a-z]+(?:, )?)+) in \d+(?:\.\d+)?s(?: \([\d:]+\))?\s*=*$")
NODE_TAP = re.compile(r"^(?:#|ℹ) (?P<kind>pass|fail) (?P<count>\d+)$")
COUNT = re.compile(r"(\d+) ([a-z]+)")
PASSED = ("passed", "pass")
FAILED = ("failed", "fail", "error", "errors")


def plain(text: str) -> str:
    """A line without colours and control characters, as it stands after its carriage returns, cut where it is long."""
    shown = CONTROLS.sub("", ESCAPES.sub("", text).rstrip("\r\n").rpartition("\r")[2])
    return shown if len(shown) <= LONGEST_LINE else f"{shown[:LONGEST_LINE]}…"


@dataclass(slots=True)
class Tally:
    """Tests counted from what jest, vitest, pytest and node's own runner say at their end; several runs add up.

    Both are None until one of them has said anything.
    """

    passed: int | None = None
    failed: int | None = None

    def hear(self, line: str) -> None:
        """A line of output, as `plain` gives it."""
        summary = JEST.match(line) or VITEST.match(line) or PYTEST.match(line)
        if summary is not None:
            counts = COUNT.findall(summary["counts"])
        elif (told := NODE_TAP.match(line)) is not None:
            counts = [(told["count"], told["kind"])]
        else:
            return
        if summary is not None and not any(kind in _KINDS for _, kind in counts):
            return
        self.passed = (self.passed or 0) + sum(int(count) for count, kind in counts if kind in PASSED)
        self.failed = (self.failed or 0) + sum(int(count) for count, kind in counts if kind in FAILED)


_KINDS = (*PASSED, *FAILED, "skipped", "todo", "total", "deselected", "xfailed", "xpassed")


class Transcript:
    """Output of any length within `limit` characters: its beginning and its end, the middle left out."""

    def __init__(self, limit: int = 200_000) -> None:
        self._half = limit // 2
        self._head: list[str] = []
        self._tail: deque[str] = deque()
        self._sizes = [0, 0]
        self._left_out = 0

    def add(self, line: str) -> None:
        size = len(line) + 1
        if not self._tail and self._sizes[0] + size <= self._half:
            self._head.append(line)
            self._sizes[0] += size
            return
        self._tail.append(line)
        self._sizes[1] += size
        while self._sizes[1] > self._half:
            gone = len(self._tail.popleft()) + 1
            self._sizes[1] -= gone
            self._left_out += gone

    def text(self) -> str:
        gap = [f"… {self._left_out:,} characters left out …"] if self._left_out else []
        return "\n".join([*self._head, *gap, *self._tail])
