"""A person on the emulated Slack."""

from tests.emulators.slack import SlackEmulator
from tests.emulators.slack.driver import Person
from tests.emulators.slack.seen import Seen
from tests.waiting import until


class SlackChat:
    """One person in one channel."""

    def __init__(self, emulator: SlackEmulator, person: Person, channel: str) -> None:
        self._emulator = emulator
        self._person = person
        self._channel = channel
        self._errors: dict[str, str] = {}

    async def say(self, line: str) -> None:
        await self._person.say(line, self._channel)
        assert not self._emulator.timeouts

    async def sees(self, words: str, within: float = 20, *, times: int = 1) -> str:
        await until(lambda: len(self._holding(words)) >= times, within=within)
        return self._holding(words)[-1].words

    async def press(self, label: str, words: str = "") -> None:
        await until(lambda: any(label in one.buttons for one in self._holding(words)))
        await self._person.press([one for one in self._holding(words) if label in one.buttons][-1], label)
        assert not self._emulator.timeouts

    async def fill(self, **values: str) -> None:
        await until(lambda: self._person.modal)
        self._errors = await self._person.submit(**values) or {}

    async def form_says(self, words: str) -> None:
        assert any(words in one for one in self._errors.values()), self._errors

    def _holding(self, words: str) -> list[Seen]:
        return [one for one in self._person.messages(self._channel) if words in one.words]
