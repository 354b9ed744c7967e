"""Knows how the place of a message is written in its id. Knows nothing of what stands there.

The store keeps one text for each message, beside the channel it was wanted in. One that stands in a thread, or whose
thread hangs from an earlier message, says so: `message`, `message@thread it stands in`, `message#thread of its own`.
"""

import re
from dataclasses import dataclass

_WRITTEN = re.compile(r"(\d+)(?:@(\d+))?(?:#(\d+))?")


@dataclass(frozen=True, slots=True)
class Spot:
    """A message, the channel or thread that it stands in, and the thread that holds its details, if it is known."""

    message: int
    channel: int
    thread: int | None = None

    @staticmethod
    def read(channel: str, written: str) -> "Spot":
        """What `written_in` gave for a message that was wanted in that channel."""
        found = _WRITTEN.fullmatch(written)
        if found is None:
            raise ValueError(f"{written!r} is no message of Discord")
        message, where, thread = found.groups()
        return Spot(int(message), int(where or channel), int(thread) if thread else None)

    def written_in(self, channel: str) -> str:
        """The id to keep for a message that was wanted in that channel."""
        where = f"@{self.channel}" if self.channel != int(channel) else ""
        thread = f"#{self.thread}" if self.thread is not None else ""
        return f"{self.message}{where}{thread}"
