"""One way to act as a person, whatever the platform: a story that is written once is played on each."""

from typing import Protocol


class Chat(Protocol):
    """A person in one channel. What is waited for is waited for `within` seconds, and then an AssertionError."""

    async def say(self, line: str) -> None:
        """Say a line such as `/backup status`, as this platform's people do."""
        ...

    async def sees(self, words: str, within: float = 20, *, times: int = 1) -> str:
        """Wait until so many messages hold these words, and give all the words of the newest of them."""
        ...

    async def press(self, label: str, words: str = "") -> None:
        """Press the newest button of that label, in a message that holds these words."""
        ...

    async def fill(self, **values: str) -> None:
        """Fill the form that is open, and send it."""
        ...

    async def form_says(self, words: str) -> None:
        """Wait until the form that was sent is refused with these words; it can be filled again then."""
        ...
