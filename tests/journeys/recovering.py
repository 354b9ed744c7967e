"""A team, a production that breaks at a known moment, Convex's support desk, and a bot that knows them all."""

import asyncio
import html
import re
import secrets
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import ClientSession

from bot.simulator.neighbours import Neighbours
from bot.simulator.server import Simulator
from bot.simulator.support import SupportDesk
from tests.emulators.discord import DiscordEmulator
from tests.emulators.slack import SlackEmulator
from tests.journeys.bot import Bot

TOKENS = {"ben": "a-token-of-ben-alone", "chloe": "a-token-of-chloe-alone"}
"""Of those who may sign in at the page."""
ELSEWHERE = "general"
"""The channel that is told of incidents."""
_PLAN = (Path(__file__).parents[2] / "bot" / "plan.toml").read_text("utf-8")
Rows = dict[str, list[bytes]]


@dataclass
class Scene:
    """Production and its support desk in this process. Ada is on Slack and Ben on Discord, where there is one; with
    `all_on_slack` everybody is. Chloe and Ben may sign in at the page.
    """

    convex: Simulator
    desk: SupportDesk
    slack: SlackEmulator | None = None
    discord: DiscordEmulator | None = None
    near: Neighbours | None = None
    all_on_slack: bool = False
    good: Rows = field(default_factory=dict)
    """Every document, as it was just before the damage."""

    def bot(self, folder: Path, **settings: str) -> Bot:
        """A bot with access to all there is."""
        plan = folder / "plan.toml"
        plan.write_text(self._plan(), "utf-8")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        given = {
            "LIFEBOAT_PLAN": str(plan),
            "LIFEBOAT_CONVEX__PRODUCTION__URL": self.convex.url,
            "LIFEBOAT_CONVEX__PRODUCTION__KEY": self.convex.key,
            **{f"LIFEBOAT_WEB_TOKENS__{name.upper()}": token for name, token in TOKENS.items()},
            "LIFEBOAT_SMTP__HOST": self.desk.host,
            "LIFEBOAT_SMTP__PORT": str(self.desk.port),
            "LIFEBOAT_SMTP__SENDER": "ops@campus.example",
            "LIFEBOAT_SMTP__TLS": "none",
        }
        return Bot(folder, port, {**given, **self._chat(), **self._near(), **settings})

    def _plan(self) -> str:
        told = []
        plan = _PLAN.replace('# convex_plan = "Pro"', 'convex_plan = "Pro"')
        if self.slack is not None:
            for name in ("ada", "ben", "chloe") if self.all_on_slack else ("ada",):
                plan = plan.replace(f"[people.{name}]\n", f'[people.{name}]\nslack = "{self.slack.person(name).id}"\n')
            told.append(f'slack = "{self.slack.channel(ELSEWHERE)}"')
        if self.discord is not None:
            plan = plan.replace("[people.ben]\n", f'[people.ben]\ndiscord = "{self.discord.person("ben").id}"\n')
            told.append(f'discord = "{self.discord.channel(ELSEWHERE)}"')
        return plan.replace("# announce =", f"announce = {{ {', '.join(told)} }}\n# announce =")

    def _chat(self) -> Mapping[str, str]:
        found: dict[str, str] = {}
        if self.slack is not None:
            found |= {
                "LIFEBOAT_SLACK__BOT_TOKEN": self.slack.bot_token,
                "LIFEBOAT_SLACK__APP_TOKEN": self.slack.app_token,
                "LIFEBOAT_SLACK__API": self.slack.api,
            }
        if self.discord is not None:
            found |= {
                "LIFEBOAT_DISCORD__TOKEN": self.discord.token,
                "LIFEBOAT_DISCORD__GUILD": self.discord.guild_id,
                "LIFEBOAT_DISCORD__API": self.discord.api,
                "LIFEBOAT_DISCORD__GATEWAY": self.discord.gateway,
            }
        return found

    def _near(self) -> Mapping[str, str]:
        if self.near is None:
            return {}
        to = self.near.described()
        parts = {name: to[name] for name in ("vercel", "svix", "sentry", "github")}
        return {f"LIFEBOAT_{name}__{key}".upper(): value for name, part in parts.items() for key, value in part.items()}

    # --- the damage --------------------------------------------------------------------------------------------------

    async def break_production(self) -> datetime:
        """Let the buggy migration run, and people write before and after it.

        Gives the last whole second before it, after which nothing else was written: the right answer.
        """
        self._somebody_posts()
        target = int(time.time()) + 1
        await asyncio.sleep(target + 0.05 - time.time())
        self.good = self.rows()
        self.convex.scenarios.play("buggy-migration")
        self._somebody_posts()
        return datetime.fromtimestamp(target, UTC)

    def rows(self) -> Rows:
        """Every document of every table as of now."""
        tables = self.convex.deployment.user_tables.items()
        return {name: [one.line for one in table.view().ordered(newest_first=False)] for name, table in tables}

    def is_as_before(self) -> bool:
        """Whether production holds exactly what it held just before the damage."""
        return self.rows() == self.good

    def _somebody_posts(self) -> None:
        deployment = self.convex.deployment
        user = bytes(deployment.tables["users"].rows.ids[0]).decode()
        post = bytes(deployment.tables["posts"].rows.ids[0]).decode()
        deployment.commit([deployment.new("likes", {"kind": "like", "postId": post, "userId": user})])


@asynccontextmanager
async def up(bot: Bot) -> AsyncIterator[Bot]:
    """A bot, ready; it ends with the block."""
    await bot.start()
    try:
        yield bot
    finally:
        await bot.stop()


class Visitor:
    """Somebody at the web page without a browser, who signs in again whenever they have to."""

    def __init__(self, session: ClientSession, bot: Bot, name: str) -> None:
        self._session, self._bot, self._name = session, bot, name

    async def say(self, line: str, channel: str = "backups") -> None:
        """Say a line. Raises ClientError where the bot is not there, or goes before it answers."""
        page = await self._page(channel)
        csrf = re.search(r'"X-CSRF-Token": "([^"]+)"', html.unescape(page))
        assert csrf is not None, page
        form = {"channel": channel, "line": line, "delivery": secrets.token_hex(8)}
        headers = {"X-CSRF-Token": csrf[1], "Origin": self._bot.url}
        async with self._session.post(f"{self._bot.url}/say", data=form, headers=headers) as answer:
            assert answer.status == 200, await answer.text()

    async def _page(self, channel: str) -> str:
        async with self._session.get(f"{self._bot.url}/c/{channel}") as answer:
            shown = await answer.text()
        if 'action="/sign-in"' not in shown:
            return shown
        given, headers = {"token": TOKENS[self._name]}, {"Origin": self._bot.url}
        async with self._session.post(f"{self._bot.url}/sign-in", data=given, headers=headers) as answer:
            assert answer.status == 200
        return await self._page(channel)


# --- what the emulators recorded --------------------------------------------------------------------------------------


def slack_room(slack: SlackEmulator) -> str:
    """The name of the one room that was opened on Slack."""
    [name] = [one.name for one in slack.world.channels.values() if one.name.startswith("inc-")]
    return name


def discord_room(discord: DiscordEmulator) -> str:
    """The name of the one room that was opened on Discord."""
    [name] = [one.name for one in discord.world.channels.values() if one.name.startswith("inc-")]
    return name


def posted_twice(slack: SlackEmulator | None, discord: DiscordEmulator | None) -> list[str]:
    """What stands more than once on a platform: messages by the key that each bears."""
    keys: list[str] = []
    if slack is not None:
        every = [one for place in slack.world.channels.values() for one in place.messages.values() if one.metadata]
        keys += [f"slack {one.channel} {(one.metadata or {})['event_payload']}" for one in every]
    if discord is not None:
        calls = [one for one in discord.called("POST /channels/{id}/messages") if one.status == 200]
        keys += [f"discord {one.path} {nonce}" for one in calls if (nonce := (one.body or {}).get("nonce"))]
    return [key for key, times in Counter(keys).items() if times > 1]
