"""A console over a small world: real server, real SQLite, real router, and commands that keep what they did."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

from playwright.async_api import Browser, BrowserContext, Page, expect

from bot.chat.cards import (
    Attachment,
    Bold,
    Button,
    Buttons,
    Card,
    Choice,
    Code,
    Divider,
    Field,
    Form,
    Heading,
    Items,
    Link,
    LinkButton,
    Mention,
    Pick,
    Progress,
    Snippet,
    Table,
    Tone,
    When,
    fields,
    text,
)
from bot.chat.declare import Group, Help, Rest, Suggest
from bot.chat.ids import Action, Answer
from bot.domain.errors import Refused
from bot.domain.people import PersonId, Role
from bot.house import Context
from bot.platforms.web.listen import Console
from bot.router import Router
from bot.server import Server
from bot.views.actions import say
from tests.routing import START, FakeClock, routing

TOKENS = {"ada": "ada-has-a-long-token-0", "ben": "ben-has-a-long-token-1"}
COUNT = Action("shelf.count", (), Answer.PUBLIC)
TURN = Action("shelf.turn", ("label",), Answer.REPLACE)
NOTE = Action("shelf.note", (), Answer.FORM)
FILED = Action("shelf.filed", ())


class Size(Enum):
    SMALL = "small"
    LARGE = "large"


@dataclass
class World:
    """What the commands have done."""

    counted: int = 0
    notes: list[str] = field(default_factory=list)


async def _titles(_ctx: Context, typed: str) -> Sequence[Choice]:
    known = ("atlas", "almanac", "bestiary", "two words")
    return [Choice(f"{one} (a book)", one) for one in known if one.startswith(typed)]


def shelf(world: World) -> Group:
    """Commands about a shelf of books: public and private, with choices, suggestions, forms and every block."""
    group = Group("shelf", "Look at the shelf.")

    @group.command()
    async def status(ctx: Context) -> Card:
        """Show how the shelf stands."""
        return Card("The shelf stands", (text("Nothing fell. "), Buttons((Button("Count", COUNT()),))), Tone.GOOD)

    @group.command(private=False)
    async def show(
        ctx: Context,
        title: Annotated[str, Help("Which book"), Suggest(_titles)] = "",
        size: Annotated[Size, Help("How large")] = Size.SMALL,
        open_it: Annotated[bool, Help("Open it as well")] = False,
    ) -> Card:
        """Show a book to everybody."""
        return Card(f"Book {title or 'any'}", (text(f"size {size.value}, open {open_it}"),))

    @group.command()
    async def borrow(
        ctx: Context,
        title: Annotated[str, Help("Which book"), Suggest(_titles)],
        copies: Annotated[int, Help("How many copies")],
    ) -> Card:
        """Borrow a book for a while."""
        if title == "bestiary":
            raise Refused("The bestiary is never lent. Nothing was borrowed.", "Take the atlas.")
        world.notes.append(f"{title} x{copies}")
        return Card(f"{ctx.by.name} borrowed {title}")

    @group.command()
    async def echo(ctx: Context, words: Annotated[str, Help("What to show"), Rest()]) -> Card:
        """Show hostile words everywhere a card can hold them."""
        return hostile_card(words)

    @group.command()
    async def everything(ctx: Context) -> Card:
        """Show every block there is."""
        return everything_card()

    @group.command()
    async def counter(ctx: Context) -> Card:
        """Show a card that is replaced when it is pressed."""
        return Card("Turned 0 times", (Buttons((Button("Turn", TURN("1"), "primary"), Button("Note", NOTE()))),))

    @group.command(needs=Role.OPERATOR)
    async def burn(ctx: Context) -> Card:
        """Burn the shelf, if you may."""
        world.counted = -1
        return Card("Burnt")

    @group.on(COUNT)
    async def count(ctx: Context) -> Card:
        world.counted += 1
        return Card(f"Counted {world.counted}", (text("by ", Mention(ctx.by.id, ctx.by.name)),))

    @group.on(TURN)
    async def turn(ctx: Context, label: str) -> Card:
        return Card(f"Turned {label} times", (Buttons((Button("Turn", TURN(str(int(label) + 1)), "primary"),)),))

    @group.on(NOTE)
    async def note(ctx: Context) -> Form:
        return note_form()

    @group.on(FILED)
    async def filed(ctx: Context, note: str, kind: str = "") -> Card | Form:
        if len(note) < 5:
            return note_form(note, "A note has at least five letters.")
        world.notes.append(note)
        return Card(f"Noted: {note}")

    return group


def note_form(value: str = "", error: str = "") -> Form:
    """A form of our own, not of a command."""
    return Form(
        "Leave a note",
        (
            Field("note", "Your note", "At least five letters.", value, multiline=True, error=error),
            Field("kind", "Kind", required=False, choices=(Choice("Praise", "praise"), Choice("Blame", "blame"))),
        ),
        FILED(),
        "Leave it",
    )


def hostile_card(words: str) -> Card:
    """The same words in every place that takes some."""
    return Card(
        words,
        (
            text(words, Bold(words), Code(words), Mention(words, words), Link(words, words)),
            Heading(words),
            Items(((words,),)),
            fields([(words, words)]),
            Table((words,), (((words,),),)),
            Snippet(words),
            Progress(words, 1, 2),
            Buttons((Button(words, COUNT()), LinkButton(words, words))),
            Pick(words, say("x", "/shelf show").press, (Choice(words, words),)),
            Attachment(words, words),
        ),
        footer=(words,),
    )


def everything_card() -> Card:
    """Every block and span, with likely contents."""
    rows = (
        (("users",), ("12,480",), ("12,480",), ("0",), ("sound",)),
        (("posts",), ("48,211",), ("48,523",), ("−312",), ("312 orphans: posts.authorId leads to no user",)),
        (("notifications",), ("0",), ("9,120",), ("−9,120",), ("empty, and the plan expects rows",)),
    )
    return Card(
        "Production can be restored, with two findings to look at",
        (
            text(
                "The newest sound copy is ",
                When(START - timedelta(hours=3), relative=True),
                ". ",
                Bold("38 tables"),
                ".",
            ),
            text("312 posts lead to users that are gone.", tone=Tone.BAD),
            text(
                "Checked against ", Link("the dashboard", "https://dashboard.convex.dev"), " 40 s ago.", tone=Tone.GOOD
            ),
            fields(
                [("Environment", "production"), ("Size", "412 MB"), ("Kept until", When(START + timedelta(days=30)))]
            ),
            Heading("Tables"),
            Table(
                ("Table", "Rows", "Production", "Difference", "What it means"),
                rows,
                numeric=(1, 2, 3),
                tones=(Tone.GOOD, Tone.BAD, Tone.WARNING),
            ),
            Heading("What to do"),
            Items((("Keep this copy: ", Code("/backup keep")), ("Look at the newest posts",)), ordered=True),
            Snippet("npx convex import --replace backup.zip\n# asks before it changes anything"),
            Progress("Downloading 212 of 412 MB", 212, 412),
            Progress("Waiting for Convex", 0, None),
            Divider(),
            Pick(
                "Another copy",
                say("x", "/shelf show").press,
                (Choice("Today 12:00", "atlas"), Choice("Yesterday", "almanac")),
            ),
            Buttons(
                (
                    say("Show it", "/shelf show atlas", "primary"),
                    say("Count", "/shelf status"),
                    say("Burn it", "/shelf burn", "danger"),
                    LinkButton("Dashboard", "https://dashboard.convex.dev"),
                )
            ),
            Attachment("report.json", "report/none.json", 48_211),
        ),
        Tone.WARNING,
        footer=("Verified in 4 s by ", Mention("ada", "Ada Okafor"), " at ", When(START), "."),
    )


@dataclass
class Desk:
    """A console that is open, and how to sit down at it."""

    url: str
    world: World
    router: Router
    console: Console
    server: Server
    clock: FakeClock
    browser: Browser
    complaints: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    async def sit(self, person: str = "", path: str = "/", **options: Any) -> Page:
        """Open the page in a browser of its own; `person` signs in by token."""
        context = await self.browser.new_context(**options)
        self.contexts.append(context)
        page = await context.new_page()
        page.set_default_timeout(8000)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        await page.goto(self.url + path)
        if person:
            await page.fill("#token", TOKENS[person])
            await page.keyboard.press("Enter")
            await page.wait_for_url("**/c/*")
        await expect(page.locator("#line, #token")).to_be_focused()
        return page

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)


@asynccontextmanager
async def open_console(folder: Path, browser: Browser, *, demo: bool) -> AsyncIterator[Desk]:
    """Start the server; at the end, nothing may have complained in any browser."""
    world, clock = World(), FakeClock()
    async with routing(folder, shelf(world), clock=clock) as router:
        console = _console(router, {} if demo else TOKENS, demo=demo)
        server = Server({}, _no_gauges)
        console.mount(server.app)
        desk = Desk(await server.start(), world, router, console, server, clock, browser)
        try:
            yield desk
        finally:
            for context in desk.contexts:
                await context.close()
            await server.stop()
        assert not desk.complaints, "\n".join(desk.complaints)


@asynccontextmanager
async def another(
    desk: Desk, tokens: Mapping[str, str], *, demo: bool = False, public_url: str = "", port: int = 0
) -> AsyncIterator[tuple[Console, str]]:
    """A second server on the same database, as after a restart or in another process; with its URL."""
    console = _console(desk.router, tokens, demo=demo, public_url=public_url)
    server = Server({}, _no_gauges, port=port)
    console.mount(server.app)
    try:
        yield console, await server.start()
    finally:
        await server.stop()


def _console(router: Router, tokens: Mapping[str, str], *, demo: bool, public_url: str = "") -> Console:
    return Console(
        router,
        router.house,
        welcome=Card("Welcome to the shelf", (Buttons((say("How it stands", "/shelf status", "primary"),)),)),
        channels=("books", "papers"),
        tokens={token: PersonId(person) for person, token in tokens.items()},
        demo=PersonId("ada") if demo else None,
        public_url=public_url,
    )


async def _no_gauges() -> dict[str, float]:
    return {}
