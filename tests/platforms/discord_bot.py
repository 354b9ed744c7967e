"""The door to Discord over a small world: real discord.py, real sockets, real SQLite; commands keep what they did."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from bot.chat.cards import Attachment, Button, Buttons, Card, Choice, Code, Form, Mention, Pick, text
from bot.chat.cards import Field as FormField
from bot.chat.declare import Group, Help, Rest, Suggest
from bot.chat.ids import Action, Answer
from bot.domain.errors import Refused
from bot.domain.people import Role
from bot.domain.plan import Plan
from bot.house import Context
from bot.platforms.discord.listen import Discord
from bot.platforms.discord.permissions import bits
from bot.router import Router
from bot.views.actions import say
from tests.emulators.discord import DiscordEmulator
from tests.routing import PLAN, START, FakeClock, routing
from tests.waiting import until

OPERATORS = "1200000000000000200"
"""The first role of the emulated server."""
TURN = Action("tide.turn", (), Answer.REPLACE)
KEEP_OUT = Action("tide.keep-out", (), Answer.REPLACE)
NOTE = Action("tide.note", (), Answer.FORM)
NOTED = Action("tide.noted", ())
COPIES = ("copy-1", "copy-2", "the third", "x" * 101)


class Moon(StrEnum):
    """Its phases."""

    FULL = "full"
    NEW = "new"


@dataclass
class World:
    """What the commands have done, and what holds them up."""

    made: list[tuple[Any, ...]] = field(default_factory=list)
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
        world.made.append(("status", ctx.by, ctx.place.channel))
        await asyncio.sleep(world.seconds)
        return Card(
            "The tide is low",
            (
                text("Seen by ", ctx.by.name, ". Type ", Code("/tide rise"), "."),
                Buttons(
                    (
                        Button("Turn", TURN()),
                        Button("Note…", NOTE()),
                        Button("Out", KEEP_OUT()),
                        say("Keep…", "/tide keep"),
                    )
                ),
                Pick("Which copy", say("", "/tide keep --copy").press, (Choice("First", "copy-1"), Choice("No", "no"))),
            ),
        )

    @group.command(private=False)
    async def rise(
        ctx: Context,
        metres: Annotated[int, Help("How high")] = 1,
        moon: Annotated[Moon, Help("Its phase")] = Moon.NEW,
        quickly: Annotated[bool, Help("At once")] = False,
    ) -> Card:
        """Let it rise, before everybody."""
        world.made.append(("rise", metres, moon, quickly))
        return Card(
            "The tide rises", (text(Mention("ada", "Ada Okafor"), " sees it."), Buttons((Button("Turn", TURN()),)))
        )

    @group.command(private=False, needs=Role.OPERATOR)
    async def drain(ctx: Context) -> None:
        """Pull the plug; what becomes of it is posted."""
        world.made.append(("drain", ctx.by.id))

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
        await asyncio.sleep(world.seconds)
        if copy == "no":
            raise Refused("There is no such copy.", parameter="copy")
        world.made.append(("keep", copy, reason))
        return Card(f"Kept {copy}")

    @group.on(TURN)
    async def turn(ctx: Context) -> Card:
        world.made.append(("turn", ctx.by.id))
        return Card("The tide has turned", (Buttons((Button("Turn", TURN()),)),))

    @group.on(KEEP_OUT)
    async def keep_out(ctx: Context) -> Card:
        raise Refused("Not now.")

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
    """The shipped plan, with Discord ids of its people, and operators by a role."""
    members = {key: one.model_copy(update={"discord": people.get(key)}) for key, one in PLAN.people.items()}
    roles = {**PLAN.roles, "operator": PLAN.roles["operator"].model_copy(update={"discord": OPERATORS})}
    return PLAN.model_copy(update={"people": members, "roles": roles})


@dataclass
class Sea:
    """An emulated Discord, the world behind the door, and the clock of both."""

    emulator: DiscordEmulator
    world: World
    router: Router
    clock: FakeClock

    def door(self, **changes: Any) -> Discord:
        """A door to it, not open yet."""
        at = {"token": self.emulator.token, "api": self.emulator.api, "gateway": self.emulator.gateway}
        return Discord(self.router, self.router.house, **{**at, "guild": int(self.emulator.guild_id), **changes})

    @asynccontextmanager
    async def opened(self, **changes: Any) -> AsyncIterator[Discord]:
        """A door that hears; left again at the end."""
        door = self.door(**changes)
        door.open()
        try:
            await until(lambda: hears(door), within=10)
            yield door
        finally:
            await door.close()


async def hears(door: Discord) -> bool:
    """Whether it is connected, as it says itself."""
    return await door.deaf() == ""


@asynccontextmanager
async def sea(folder: Path, **emulated: Any) -> AsyncIterator[Sea]:
    """A small world, and a Discord that invited the bot with exactly what it asks for."""
    world, clock = World(), FakeClock()
    given = {"start": START.timestamp(), "permissions": bits(), **emulated}
    async with DiscordEmulator(**given) as emulator, routing(folder, tide(world), clock=clock) as bare:
        ada, chloe = emulator.person("ada"), emulator.person("chloe")
        house = replace(bare.house, plan=plan(ada=ada.id, chloe=chloe.id))
        yield Sea(emulator, world, Router(house, bare.groups), clock)
