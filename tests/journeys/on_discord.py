"""A person on the emulated Discord."""

from tests.emulators.discord import DiscordEmulator
from tests.emulators.discord.driver import Person
from tests.emulators.discord.seen import Seen
from tests.waiting import until


class DiscordChat:
    """One person in one channel; in its threads too."""

    def __init__(self, emulator: DiscordEmulator, person: Person, channel: str) -> None:
        self._emulator = emulator
        self._person = person
        self._channel = channel

    async def say(self, line: str) -> None:
        sent = await self._person.say(line, self._channel)
        assert sent.answered, "the application did not respond"

    async def sees(self, words: str, within: float = 20, *, times: int = 1) -> str:
        await until(lambda: len(self._holding(words)) >= times, within=within)
        return self._holding(words)[-1].words

    async def press(self, label: str, words: str = "") -> None:
        await until(lambda: any(label in one.buttons for one in self._holding(words)))
        newest = [one for one in self._holding(words) if label in one.buttons][-1]
        sent = await self._person.press(newest, label)
        assert sent.answered, "the application did not respond"

    def _holding(self, words: str) -> list[Seen]:
        return [one for one in self._person.messages(self._channel) if words in one.words]

    async def fill(self, **values: str) -> None:
        if self._person.modal is None:
            await until(lambda: any({"Correct it", "Open the form"} & {*one.buttons} for one in self._holding("")))
            offered = [label for one in self._holding("") for label in one.buttons]
            await self.press(next(one for one in reversed(offered) if one in ("Correct it", "Open the form")))
        sent = await self._person.submit(wait=True, **values)
        assert sent.answered, "the application did not respond"

    async def form_says(self, words: str) -> None:
        await until(lambda: any("Correct it" in one.buttons for one in self._holding(words)))
