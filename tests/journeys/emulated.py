"""Slack and Discord as a bot and a person meet them on loopback, with what can go wrong there: one way for both."""

from typing import Protocol

from tests.emulators.discord import DiscordEmulator
from tests.emulators.discord.faults import ENDLESS
from tests.emulators.slack import SlackEmulator
from tests.journeys.chat import Chat
from tests.journeys.on_discord import DiscordChat
from tests.journeys.on_slack import SlackChat
from tests.waiting import until

CHANNEL = "backups"
_DISCORD_POSTS = "POST /channels/{id}/messages"
_DISCORD_ANSWERS = "PATCH /webhooks/{application}/{token}/messages/{message}"


class Emulated(Protocol):
    """A platform with Ada in it. `settings` let a bot in, `wrong` is what replaces them to keep it out."""

    name: str
    settings: dict[str, str]
    wrong: dict[str, str]
    mend: str
    """The setting that a bot with `wrong` has to tell of."""
    in_plan: str
    """Ada's line in the plan."""
    chat: Chat

    async def connected(self, bots: int) -> None:
        """Wait until so many bots hear what is said."""
        ...

    def posted(self, words: str) -> list[str]:
        """The messages in the channel itself, for all to see, that hold these words, oldest first."""
        ...

    def under(self, head: str) -> list[str]:
        """The messages in the thread of the newest that holds these words, without those that are only a file."""
        ...

    def private(self, words: str) -> int:
        """How many messages for Ada's eyes alone hold these words."""
        ...

    def tell_every_bot(self) -> None:
        """Deliver everything to each bot from now on."""
        ...

    def down(self) -> None:
        """Nothing gets through, until `up`."""
        ...

    def up(self) -> None:
        """All is well again."""
        ...

    def take_no_posts(self) -> None:
        """Everything works but posting, until `up`."""
        ...

    def lose_answer_to_post(self) -> None:
        """The next message is posted, and the bot never told so."""
        ...

    async def is_heard(self, line: str) -> bool:
        """Say a line, and whether a bot acknowledged it; if not, Ada reads that the app did not respond."""
        ...

    async def say_and_cut(self, line: str) -> None:
        """Say a line, and cut every socket after the bot heard it and before it could answer."""
        ...


class OnSlack:
    """The emulated Slack; `by_http` is the address of the one bot that it posts to instead of opening sockets."""

    name, mend = "slack", "LIFEBOAT_SLACK__BOT_TOKEN"

    def __init__(self, slack: SlackEmulator, *, by_http: bool = False) -> None:
        self.emulator = slack
        self._ada = slack.person("ada")
        self.settings = {"LIFEBOAT_SLACK__BOT_TOKEN": slack.bot_token, "LIFEBOAT_SLACK__API": slack.api}
        if by_http:
            self.settings["LIFEBOAT_SLACK__SIGNING_SECRET"] = slack.signing_secret
        else:
            self.settings["LIFEBOAT_SLACK__APP_TOKEN"] = slack.app_token
        self.wrong = {"LIFEBOAT_SLACK__BOT_TOKEN": "xoxb-of-another-workspace"}
        self.in_plan = f'slack = "{self._ada.id}"'
        self.chat: Chat = SlackChat(self._ada, CHANNEL)

    async def connected(self, bots: int) -> None:
        await self.emulator.ready(bots, within=30)

    def posted(self, words: str) -> list[str]:
        every = self.emulator.posted(CHANNEL)
        return [one.words for one in every if one.thread_ts in (None, one.ts) and words in one.words]

    def under(self, head: str) -> list[str]:
        every = self.emulator.posted(CHANNEL)
        heads = [one.ts for one in every if one.thread_ts in (None, one.ts) and head in one.words]
        return [one.words for one in every if one.thread_ts == heads[-1] != one.ts and one.words]

    def private(self, words: str) -> int:
        return sum(one.ephemeral and words in one.words for one in self._ada.messages(CHANNEL))

    def tell_every_bot(self) -> None:
        self.emulator.faults.deliver_twice = True

    def down(self) -> None:
        self.emulator.faults.down()

    def up(self) -> None:
        self.emulator.faults.clear()

    def take_no_posts(self) -> None:
        self.emulator.faults.fail("chat.postMessage", 503, times=ENDLESS)

    def lose_answer_to_post(self) -> None:
        self.emulator.faults.lose_answer("chat.postMessage")

    async def is_heard(self, line: str) -> bool:
        return (await self._ada.say(line, CHANNEL)).answered

    async def say_and_cut(self, line: str) -> None:
        # The acknowledgement is lost with the socket: the person reads that the app did not respond.
        self.emulator.faults.cut_after_delivery = 1
        await self._ada.say(line, CHANNEL)
        assert len(self.emulator.timeouts) == 1


class OnDiscord:
    """The emulated Discord."""

    name, mend = "discord", "LIFEBOAT_DISCORD__TOKEN"

    def __init__(self, discord: DiscordEmulator) -> None:
        self.emulator = discord
        self._ada = discord.person("ada")
        self.settings = {
            "LIFEBOAT_DISCORD__TOKEN": discord.token,
            "LIFEBOAT_DISCORD__GUILD": discord.guild_id,
            "LIFEBOAT_DISCORD__API": discord.api,
            "LIFEBOAT_DISCORD__GATEWAY": discord.gateway,
        }
        self.wrong = {"LIFEBOAT_DISCORD__TOKEN": "MTIwMDAwMDAw.of-another.bot"}
        self.in_plan = f'discord = "{self._ada.id}"'
        self.chat: Chat = DiscordChat(discord, self._ada, CHANNEL)

    async def connected(self, bots: int) -> None:
        await self.emulator.ready(bots, within=30)

    def posted(self, words: str) -> list[str]:
        return [one.words for one in self.emulator.posted(CHANNEL) if words in one.words]

    def under(self, head: str) -> list[str]:
        thread = [one for one in self.emulator.posted(CHANNEL) if head in one.words][-1].thread
        return [one.words for one in self.emulator.posted(thread)] if thread else []

    def private(self, words: str) -> int:
        return sum(one.ephemeral and words in one.words for one in self._ada.messages(CHANNEL))

    def tell_every_bot(self) -> None:
        """It does so by itself."""

    def down(self) -> None:
        self.emulator.faults.down()

    def up(self) -> None:
        self.emulator.faults.clear()

    def take_no_posts(self) -> None:
        self.emulator.faults.fail(_DISCORD_POSTS, 503, times=ENDLESS)

    def lose_answer_to_post(self) -> None:
        self.emulator.faults.lose_answer(_DISCORD_POSTS)

    async def is_heard(self, line: str) -> bool:
        return (await self._ada.say(line, CHANNEL)).answered

    async def say_and_cut(self, line: str) -> None:
        self.emulator.faults.slow(_DISCORD_ANSWERS, 1, times=1)
        sent = await self._ada.say(line, CHANNEL)
        assert sent.answered
        resumed = self.emulator.resumed + self.emulator.identified
        self.emulator.faults.drop_sockets()
        await until(lambda: self.emulator.resumed + self.emulator.identified > resumed)
