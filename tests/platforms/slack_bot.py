"""The door to Slack over a small world: real Bolt, real sockets, real SQLite, and commands that keep what they did."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

from bot.chat.cards import Attachment, Button, Buttons, Card, Choice, Code, Form, Pick, text
from bot.chat.cards import Field as FormField
from bot.chat.declare import Group, Help, Rest, Suggest
from bot.chat.ids import Action, Answer
from bot.domain.errors import Refused
from bot.domain.people import Role
from bot.domain.plan import Plan
from bot.house import Context
from bot.platforms.slack.listen import Slack
from bot.router import Router
from bot.server import Server
from bot.views.actions import say
from commands import lifeboat
from tests.emulators.slack import Person, SlackEmulator
from tests.routing import PLAN, FakeClock, routing
from tests.waiting import until

OPERATORS = "S0OPERATORS"
TURN = Action("tide.turn", (), Answer.REPLACE)
NOTE = Action("tide.note", (), Answer.FORM)
NOTED = Action("tide.noted", ())
COPIES = ("copy-1", "copy-2", "the third")


@dataclass
class World:
    """What the commands have done, and what holds them up."""

    made: list[tuple[Any, ...]] = field(default_factory=list)
    begun: int = 0
    """How often somebody's wish to keep a copy got here."""
    seconds: float = 0.0
    suggestion_seconds: float = 0.0


def tide(world: World) -> Group:
    """Commands about the tide: public and private ones, with forms, confirmations, menus and files."""
    group = Group("tide", "Look at the tide.")

    async def copies(ctx: Context, typed: str) -> Sequence[Choice]:
        await asyncio.sleep(world.suggestion_seconds)
        return [Choice(f"{one} (kept)", one) for one in COPIES if typed in one]

    @group.command()
    async def status(ctx: Context) -> Card:
        """Show how it stands."""
        world.made.append(("status", ctx.by.id, ctx.place.channel))
        await asyncio.sleep(world.seconds)
        return Card(
            "The tide is low",
            (
                text("Seen by ", ctx.by.name, ". Type ", Code("/tide rise"), "."),
                Buttons((Button("Turn", TURN()), say("Rise", "/tide rise"), Button("Note…", NOTE()))),
                Pick("Which copy", say("", "/tide keep").press, (Choice("First", "copy-1"), Choice("None", "no"))),
            ),
        )

    @group.command(private=False)
    async def rise(ctx: Context) -> Card:
        """Let it rise, before everybody."""
        world.made.append(("rise", ctx.by.id, ctx.place.channel))
        return Card("The tide rises", (Buttons((Button("Turn", TURN()),)),))

    @group.command(needs=Role.OPERATOR)
    async def drain(ctx: Context) -> Card:
        """Pull the plug."""
        world.made.append(("drain", ctx.by.id))
        return Card("Drained")

    @group.command(private=False)
    async def report(ctx: Context) -> Card:
        """Show the runbook, with a file."""
        return Card("The report", (Attachment("runbook.md", "runbook.md"), Attachment("copy.zip", "backup/copy.zip")))

    @group.command()
    async def keep(
        ctx: Context,
        copy: Annotated[str, Help("Which copy"), Suggest(copies)],
        reason: Annotated[str | None, Help("Why"), Rest()] = None,
    ) -> Card:
        """Keep a copy."""
        world.begun += 1
        await asyncio.sleep(world.seconds)
        if copy not in COPIES:
            raise Refused("There is no such copy.", parameter="copy")
        world.made.append(("keep", copy, reason))
        return Card(f"Kept {copy}")

    @group.on(TURN)
    async def turn(ctx: Context) -> Card:
        world.made.append(("turn", ctx.by.id))
        return Card("The tide has turned", (Buttons((Button("Turn", TURN()),)),))

    @group.on(NOTE)
    async def note(ctx: Context) -> Form:
        await asyncio.sleep(world.seconds)
        return Form("A note", (FormField("words", "Words"),), NOTED())

    @group.on(NOTED)
    async def noted(ctx: Context, words: str) -> Card:
        world.made.append(("noted", words))
        return Card("Noted")

    return group


def plan(**people: str) -> Plan:
    """The shipped plan, with Slack ids of its people, and operators by a user group."""
    members = {key: one.model_copy(update={"slack": people.get(key)}) for key, one in PLAN.people.items()}
    roles = {**PLAN.roles, "operator": PLAN.roles["operator"].model_copy(update={"slack": OPERATORS})}
    return PLAN.model_copy(update={"people": members, "roles": roles})


@dataclass
class Desk:
    """A bot at an emulated Slack."""

    slack: SlackEmulator
    door: Slack
    router: Router
    world: World
    clock: FakeClock
    eve: Person
    url: str

    async def hears(self) -> None:
        """Wait until the bot is connected."""
        await until(lambda: self.door_is_well())

    async def door_is_well(self) -> bool:
        return await self.door.deaf() == ""


@asynccontextmanager
async def at_slack(
    folder: Path,
    slack: SlackEmulator,
    *,
    http: bool = False,
    hears: bool = True,
    world: World | None = None,
    **rest: Any,
) -> AsyncIterator[Desk]:
    """A bot, connected by a socket, or by HTTP on a real server of ours."""
    world, clock = world or World(), FakeClock()
    eve = slack.person("eve")
    slack.world.groups.setdefault(OPERATORS, [])
    async with routing(folder, tide(world), lifeboat.group, clock=clock) as bare:
        router = Router(replace(bare.house, plan=plan(ada="U0ADA")), bare.groups)
        way: dict[str, Any] = {"signing_secret": slack.signing_secret} if http else {"app_token": slack.app_token}
        settings: dict[str, Any] = {"bot_token": slack.bot_token, "api": slack.api, "ping_seconds": 1.0} | way | rest
        door = Slack(router, router.house, **settings)
        server = Server({}, _nothing)
        door.mount(server.app)
        door.open()
        try:
            url = f"{await server.start()}/slack/events"
            slack.http.url = url if http else ""
            desk = Desk(slack, door, router, world, clock, eve, url)
            if hears:
                await desk.hears()
            yield desk
        finally:
            await server.stop()
            await door.close()


async def _nothing() -> dict[str, float]:
    return {}
