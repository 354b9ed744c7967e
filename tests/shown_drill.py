"""One test of the backups on Slack, Discord and the web page at once, with data that take a while.
`python -m tests.shown_drill MEGABYTES FOLDER` plays it, and keeps every board that was seen, and pictures of the page.
"""

import asyncio
import re
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from playwright.async_api import Browser, Page

from bot.domain.incident_events import Event
from bot.simulated import simulator
from bot.simulator.remote import Remote
from bot.store import incidents
from bot.store.database import Database
from tests.chromium import launched
from tests.emulators.discord import DiscordEmulator
from tests.emulators.slack import SlackEmulator
from tests.journeys.bot import Bot
from tests.journeys.on_discord import DiscordChat
from tests.journeys.on_slack import SlackChat
from tests.waiting import until

TOKEN = "a-token-of-chloe-alone"
ASKED, ASKED_ON_BOARD = "This is what Convex would do", "Nothing is written until one of them agrees"
JUDGED, OVER = "By what was found it is a", "6 of 6 done"
WIDTHS = {"desktop": 1280, "phone": 390}
LONGEST_SECONDS = 900.0
_PLAN = Path(__file__).parent.parent / "bot" / "plan.toml"
_ROOM = re.compile("practice-.*-drill")
_TURN = re.compile(r"(?:Now|Next|Failed): (\d+\. .+)")
_WORK = re.compile(r"(?:Asking|Downloading|Verifying|Uploading|Convex is|Convex looks|Convex:)(?: [a-z]+)*")
_LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Board:
    """A board as it stood, from so many seconds after the test began."""

    at: float
    words: str

    @property
    def stage(self) -> str:
        """The step that it says is on, and what is being waited for."""
        return " · ".join(found[0] for found in (_TURN.search(self.words), _WORK.search(self.words)) if found)


@dataclass
class Played:
    """A test that was played: its boards by platform, its events, and what the platforms were asked."""

    slack: SlackEmulator
    discord: DiscordEmulator
    bot: Bot
    boards: dict[str, list[Board]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    def refusals(self) -> list[str]:
        """What a platform refused of what the bot sent."""
        slack = [f"slack {one.method}: {one.error}" for one in self.slack.calls if one.error]
        return slack + [f"discord {one.route}: {one.answer}" for one in self.discord.calls if one.status >= 400]

    def edits(self) -> dict[str, int]:
        """The most edits of messages within a minute, by platform."""
        moments = {
            "slack": [one.at for one in self.slack.called("chat.update")],
            "discord": [one.at for one in self.discord.calls if one.method == "PATCH" and "/messages/" in one.route],
        }
        within = {name: [sum(at <= one < at + 60 for one in some) for at in some] for name, some in moments.items()}
        return {name: max(counts, default=0) for name, counts in within.items()}


@asynccontextmanager
async def stage(megabytes: int, folder: Path, bytes_per_second: float | None = None) -> AsyncIterator[Played]:
    """Everything that it is played on, and the bot, ready; copies come at this rate, or as fast as they can."""
    async with AsyncExitStack() as stack:
        opened = simulator(folder / "convex", "--size-mb", str(megabytes))
        ready = await stack.enter_async_context(opened)
        there = await ready()
        production = Remote(there["production"]["url"], there["control"]["token"])
        await production("settings", {"bytes_per_second": bytes_per_second})
        slack = await stack.enter_async_context(SlackEmulator())
        discord = await stack.enter_async_context(DiscordEmulator())
        plan = _PLAN.read_text("utf-8")
        plan = plan.replace("[people.ada]\n", f'[people.ada]\nslack = "{slack.person("ada").id}"\n')
        plan = plan.replace("[people.ben]\n", f'[people.ben]\ndiscord = "{discord.person("ben").id}"\n')
        (folder / "plan.toml").write_text(plan, "utf-8")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        settings = {
            "LIFEBOAT_PLAN": str(folder / "plan.toml"),
            "LIFEBOAT_WEB_TOKENS__CHLOE": TOKEN,
            "LIFEBOAT_SLACK__BOT_TOKEN": slack.bot_token,
            "LIFEBOAT_SLACK__APP_TOKEN": slack.app_token,
            "LIFEBOAT_SLACK__API": slack.api,
            "LIFEBOAT_DISCORD__TOKEN": discord.token,
            "LIFEBOAT_DISCORD__GUILD": discord.guild_id,
            "LIFEBOAT_DISCORD__API": discord.api,
            "LIFEBOAT_DISCORD__GATEWAY": discord.gateway,
        }
        for name in ("production", "staging"):
            settings |= {f"LIFEBOAT_CONVEX__{name.upper()}__{key.upper()}": there[name][key] for key in ("url", "key")}
        bot = Bot(folder, port, settings)
        stack.push_async_callback(bot.stop)
        await bot.start()
        yield Played(slack, discord, bot)


async def play(played: Played, folder: Path, pages: Sequence[Page] = (), pictures: Path | None = None) -> None:
    """Let Ada begin it on Slack, Ben agree on Discord and Ada conclude it; pictures are taken of every stage."""
    watching = asyncio.create_task(_watch(played, pages, pictures))
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            await SlackChat(played.slack.person("ada"), "backups").say("/drill start")
            await until(lambda: _rooms(played.slack) and _rooms(played.discord))
            ada = SlackChat(played.slack.person("ada"), _rooms(played.slack)[0])
            ben = DiscordChat(played.discord, played.discord.person("ben"), _rooms(played.discord)[0])
            await ben.sees(ASKED, within=LONGEST_SECONDS)
            await _rest(pages)
            await ben.press("Agree", ASKED)
            await ada.sees(JUDGED, within=LONGEST_SECONDS)
            await _rest(pages)
            await ada.say("/drill conclude As written.")
            await ada.sees(OVER, within=LONGEST_SECONDS)
            await ben.sees(OVER, within=30)
            await _rest(pages)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    played.events = await _events(folder)


async def _rest(pages: Sequence[Page]) -> None:
    """Long enough for boards to be redrawn once more, where somebody looks at them."""
    if pages:
        await asyncio.sleep(7)


async def _watch(played: Played, pages: Sequence[Page], pictures: Path | None) -> None:
    """Note each board whenever it has become another."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    while True:
        for platform, words in [one async for one in _boards(played, pages)]:
            known = played.boards.setdefault(platform, [])
            if known and known[-1].words == words:
                continue
            board = Board(loop.time() - begun, words)
            if platform == "web" and pictures is not None and (not known or known[-1].stage != board.stage):
                await _pictured(pages, pictures, board)
            known.append(board)
        await asyncio.sleep(_LOOK_SECONDS)


async def _boards(played: Played, pages: Sequence[Page]) -> AsyncIterator[tuple[str, str]]:
    for platform, emulator in (("slack", played.slack), ("discord", played.discord)):
        for room in _rooms(emulator):
            for one in emulator.posted(room):
                if one.pinned:
                    yield platform, one.words
    for page in pages[:1]:
        pinned = page.locator("a.pinned")
        if await pinned.count() and (at := await pinned.get_attribute("href")):
            yield "web", await page.locator(at).inner_text()
        elif await page.get_by_role("link", name=_ROOM).count():
            for each in pages:
                await each.goto(await page.get_by_role("link", name=_ROOM).first.evaluate("link => link.href"))


async def _pictured(pages: Sequence[Page], folder: Path, board: Board) -> None:
    name = re.sub(r"\W+", "-", board.stage.lower()).strip("-") or "over"
    for page, width in zip(pages, WIDTHS, strict=True):
        pinned = page.locator(str(await page.locator("a.pinned").get_attribute("href")))
        # What moves is at its end: a bar that grows would be caught on its way.
        await pinned.screenshot(path=folder / f"{board.at:05.0f}-{name}-{width}.png", animations="disabled")


def _rooms(emulator: SlackEmulator | DiscordEmulator) -> list[str]:
    return [one.name for one in emulator.world.channels.values() if one.name.startswith("practice-")]


async def _events(folder: Path) -> list[Event]:
    database = Database.open(f"sqlite:///{folder / 'data' / 'lifeboat.db'}")
    try:
        async with database.read() as db:
            [drill] = await incidents.listed(db, practice=True)
            return await incidents.timeline(db, drill.id)
    finally:
        await database.close()


@asynccontextmanager
async def at_the_page(browser: Browser, bot: Bot) -> AsyncIterator[list[Page]]:
    """Chloe at the page, at every width."""
    pages = [await browser.new_page(viewport={"width": width, "height": 2200}) for width in WIDTHS.values()]
    for page in pages:
        await page.goto(bot.url)
        await page.locator("[name=token]").fill(TOKEN)
        await page.keyboard.press("Enter")
        await page.locator("#line").wait_for()
    yield pages
    for page in pages:
        await page.close()


def written(played: Played) -> str:
    """What was seen and what happened, when, and what was asked of the platforms, as Markdown."""
    lines = []
    for platform, boards in played.boards.items():
        lines.append(f"# {platform}\n")
        lines += [f"## after {one.at:.1f} s: {one.stage or 'over'}\n\n{one.words}\n" for one in boards]
    for emulator in (played.slack, played.discord):
        for room in _rooms(emulator):
            lines.append(f"# all that stands in {room}\n")
            lines += [f"{one.words}\n{one.buttons}\n" for one in emulator.posted(room)]
    lines.append("# events\n")
    for one, later in pairwise(played.events):
        lines.append(f"{(later.at - one.at).total_seconds():8.2f} s until {later.body.type}")
    edited = Counter(f"{one.body['channel']} {one.body['ts']}" for one in played.slack.called("chat.update"))
    lines += ["\n# platforms\n", f"edits within a minute: {played.edits()}", f"on Slack by message: {edited}"]
    return "\n".join((*lines, *played.refusals()))


async def main(megabytes: int, folder: Path) -> None:
    """Play it once."""
    async with launched() as browser, stage(megabytes, folder) as played, at_the_page(browser, played.bot) as pages:
        try:
            await play(played, folder, pages, folder)
        finally:
            await asyncio.to_thread((folder / "boards.md").write_text, written(played), "utf-8")


if __name__ == "__main__":
    into = Path(sys.argv[2]).resolve()
    into.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(int(sys.argv[1]), into))
