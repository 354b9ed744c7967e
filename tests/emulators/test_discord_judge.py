"""Discord's own API description, held against the emulator's answers, discord.py's bodies and planted wrong ones."""

from typing import Any

import discord
import pytest

from tests.emulators.discord import DiscordEmulator, judge
from tests.emulators.discord_client import Bot, Card, running


async def everything(emulator: DiscordEmulator, bot: Bot) -> None:
    """Use every route that there is a schema for."""
    ada = emulator.person("ada", roles=["operators"])
    status = await ada.say("/backup status", "general")
    assert status.message is not None
    await ada.press(status.message, "Again")
    picked = await ada.pick(status.message, "Second")
    await ada.sees("Picked", "general")
    assert picked.answered
    await (await ada.say("/backup export production --files", "general")).shown()
    await ada.autocomplete("/backup export", "environment", "p", "general")
    await ada.press(status.message, "Ask")
    await ada.submit(reason="a drill", target="Staging")
    await bot.seen[0].followup.send("More", ephemeral=True)

    target = await bot.fetch_channel(int(emulator.channel("backups")))
    assert isinstance(target, discord.TextChannel)
    message = await target.send(view=Card(), nonce="once")
    thread = await message.create_thread(name="Details")
    await thread.send("A file", file=discord.File(__file__, description="This test"))
    await thread.edit(archived=True)
    await bot.fetch_channel(thread.id)
    await target.create_thread(name="Other", type=discord.ChannelType.public_thread)
    await message.pin()
    assert [pin.id async for pin in target.pins()] == [message.id]
    assert len([one async for one in target.history()]) == 2
    await (await target.fetch_message(message.id)).edit(view=Card("Edited"))
    await target.edit(topic="New")
    guild = await bot.fetch_guild(int(emulator.guild_id))
    await guild.fetch_roles()
    await guild.fetch_channels()
    await guild.fetch_member(int(ada.id))
    await guild.active_threads()
    await guild.create_text_channel("War Room", topic="Here")
    await bot.tree.fetch_commands(guild=bot.home)
    await bot.tree.sync()
    with pytest.raises(discord.HTTPException):
        await target.fetch_message(1)
    with pytest.raises(discord.HTTPException):
        await target.send("x" * 2001)


async def test_all_that_the_emulator_answers_and_discord_py_sends_is_as_described(node: dict[str, str]) -> None:
    async with DiscordEmulator() as emulator, running(emulator) as bot:
        await everything(emulator, bot)
    sent = [call for call in emulator.calls if call.body and call.status < 400]
    questions = [*judge.sent(sent), *judge.answered(emulator.calls)]
    assert len(questions) > 50
    assert judge.complaints(questions, node) == []


def button(**more: Any) -> dict[str, Any]:
    return {"type": 2, "style": 1, "label": "Go", "custom_id": "go", **more}


def row(*inside: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"type": 1, "components": list(inside)}]


def modal(**more: Any) -> dict[str, Any]:
    asked = {"type": 18, "label": "Why", "component": {"type": 4, "custom_id": "why", "style": 1}}
    return {"title": "Restore", "custom_id": "restore", "components": [asked], **more}


OPTIONS = [{"label": str(at), "value": str(at)} for at in range(26)]
PLANTED = {
    "long content": judge.message("", {"content": "x" * 4001}),
    "six buttons": judge.message("", {"components": row(*(button(custom_id=str(at)) for at in range(6)))}),
    "a long id": judge.message("", {"components": row(button(custom_id="x" * 101))}),
    "26 options": judge.message("", {"components": row({"type": 3, "custom_id": "pick", "options": OPTIONS})}),
    "an unknown component": judge.message("", {"components": [{"type": 99}]}),
    "an unknown key": judge.message("", {"contents": "x"}),
    "an unknown key deep down": judge.message("", {"components": row(button(colour="red"))}),
    "a long title": judge.modal("", modal(title="x" * 46)),
    "a form of nothing": judge.modal("", modal(components=[])),
    "a long command": judge.commands("", [{"name": "x" * 33, "description": "x"}])[0],
    "an answer without its author": judge.Question("", "MessageResponse", {"id": "1", "content": "x"}),
    "an unknown schema": judge.Question("", "Nonsense", {}),
}


def test_planted_wrong_bodies_are_told_apart_from_right_ones(node: dict[str, str]) -> None:
    right = [
        judge.message("right", {"content": "x", "components": row(button())}),
        judge.modal("right", modal()),
        *judge.commands("right", [{"name": "backup", "description": "Backups"}]),
    ]
    named = [judge.Question(name, planted.schema, planted.value) for name, planted in PLANTED.items()]
    complained = {line.split(" (")[0] for line in judge.complaints([*right, *named], node)}
    assert complained == set(PLANTED)
