"""A person on the emulated Slack."""

from tests.emulators.slack.driver import Person
from tests.emulators.slack.seen import Seen
from tests.waiting import until


class SlackChat:
    """One person in one channel."""

    def __init__(self, person: Person, channel: str) -> None:
        self._person = person
        self._channel = channel
        self._errors: dict[str, str] = {}

    async def say(self, line: str) -> None:
        sent = await self._person.say(line, self._channel)
        assert sent.answered, "the app did not respond"

    async def sees(self, words: str, within: float = 20, *, times: int = 1) -> str:
        await until(lambda: len(self._holding(words)) >= times, within=within)
        return self._holding(words)[-1].words

    async def press(self, label: str, words: str = "") -> None:
        await until(lambda: any(label in one.buttons for one in self._holding(words)))
        newest = [one for one in self._holding(words) if label in one.buttons][-1]
        sent = await self._person.press(newest, label)
        assert sent is not None and sent.answered, "the app did not respond"

    async def fill(self, **values: str) -> None:
        await until(lambda: self._person.modal)
        self._errors = await self._person.submit(**values) or {}

    async def form_says(self, words: str) -> None:
        assert any(words in one for one in self._errors.values()), self._errors

    def _holding(self, words: str) -> list[Seen]:
        return [one for one in self._person.messages(self._channel) if words in one.words]
