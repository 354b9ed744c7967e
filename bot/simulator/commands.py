"""Knows what people can say to the simulated deployments in the demo: break them, repair them, ask their support. Knows
no real Convex.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from bot.chat.cards import Block, Buttons, Card, Heading, Snippet, Tone, When, text
from bot.chat.declare import Group, Help
from bot.house import Context
from bot.simulator.remote import Remote
from bot.views import words
from bot.views.actions import say

SHOWN = 3
_LONGEST_LETTER = 2500


class Scenario(StrEnum):
    """Disasters that can be played."""

    BUGGY_MIGRATION = "buggy-migration"
    WEBHOOK_DELETE = "webhook-delete"
    FAILED_DEPLOYMENT = "failed-deployment"


class Fault(StrEnum):
    """Ways in which Convex can be made to fail."""

    OUTAGE = "outage"
    SLOW = "slow"
    TRUNCATED_DOWNLOAD = "truncated-download"
    ENDLESS_EXPORT = "endless-export"
    NONE = "none"


_TOLD = {
    Scenario.BUGGY_MIGRATION: "A migration took 312 users for duplicates and deleted them. Their posts are orphans.",
    Scenario.WEBHOOK_DELETE: "A webhook deleted one user who had not asked for it.",
    Scenario.FAILED_DEPLOYMENT: "A deployment wrote “[object Object]” into the titles of the newest posts.",
}
_FAULTS: dict[Fault, tuple[str, dict[str, Any], str]] = {
    Fault.OUTAGE: ("fault", {"kind": "status", "status": 503, "times": 40}, "The next 40 requests are answered 503."),
    Fault.SLOW: ("fault", {"kind": "slow", "seconds": 3, "times": 40}, "The next 40 requests take three seconds each."),
    Fault.TRUNCATED_DOWNLOAD: (
        "fault",
        {"kind": "truncate", "path": "/api/export/zip", "times": 1},
        "The next download breaks off half-way.",
    ),
    Fault.ENDLESS_EXPORT: ("settings", {"endless_exports": True}, "Exports never complete until you say none."),
    Fault.NONE: ("clear", {}, "Convex behaves again."),
}


def group(url: str, token: str) -> Group:
    """The commands over the control interface of a running simulator."""
    commands = Group("simulator", "The demo's own: break the simulated production, and have it repaired.")

    control = Remote(url, token)

    @commands.command(private=False)
    async def break_(
        _ctx: Context, scenario: Annotated[Scenario, Help("What goes wrong")] = Scenario.BUGGY_MIGRATION
    ) -> Card:
        """Let a disaster happen in the simulated production."""
        written = (await control("scenario", {"name": scenario}))["written"]
        return Card(
            "Something happened in production.",
            (
                text(_TOLD[scenario], f" {words.many(written, 'document')} changed."),
                Buttons((say("Am I safe?", "/backup status"), say("Take a copy", "/backup export", "primary"))),
                Buttons((say("Undo the disaster", "/simulator repair"),)),
            ),
            Tone.WARNING,
        )

    @commands.command(private=False)
    async def repair(_ctx: Context) -> Card:
        """Take every disaster back, as if it had not happened."""
        written = (await control("scenario", {"name": "reset"}))["written"]
        return Card(f"Production is as it was: {words.many(written, 'document')} put back.", (), Tone.GOOD)

    @commands.command(private=False)
    async def fault(_ctx: Context, kind: Annotated[Fault, Help("How Convex fails")] = Fault.NONE) -> Card:
        """Let the simulated Convex fail in a chosen way, or behave again."""
        action, given, told = _FAULTS[kind]
        await control(action, given)
        return Card(told, (Buttons((say("Behave again", "/simulator fault none"),)),) if kind is not Fault.NONE else ())

    @commands.command(private=False)
    async def support(_ctx: Context) -> Card:
        """Look into the simulated Convex support's inbox: who wrote, and what it answered."""
        return _inbox((await control("support", {}))["letters"])

    return commands


def _inbox(letters: list[dict[str, Any]]) -> Card:
    if not letters:
        return Card("Convex support has no letters.", (text("In the demo, /incident email writes one."),))
    blocks: list[Block] = []
    for letter in reversed(letters[-SHOWN:]):
        answer = letter["answer"]
        blocks.append(Heading(letter["subject"] or "(no subject)"))
        blocks.append(text("From ", letter["from"], ", ", When(datetime.fromisoformat(letter["received_at"])), "."))
        if letter is letters[-1]:
            blocks.append(Snippet(letter["text"][:_LONGEST_LETTER]))
        blocks.append(Snippet(answer["text"]) if answer else text("Not for support: it has no answer."))
    restored = sum(bool(letter["answer"] and letter["answer"]["restored"]) for letter in letters)
    title = f"Convex support has {words.many(len(letters), 'letter')} and restored {words.many(restored, 'time')}."
    return Card(title, tuple(blocks), Tone.NEUTRAL)
