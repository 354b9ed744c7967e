"""What the emulated Discord refuses: bodies, commands, edits of old messages, archived threads."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import discord
import pytest

from tests.emulators.discord import DiscordEmulator
from tests.emulators.discord_client import Bot, Card, running
from tests.emulators.test_discord_emulator import channel

V2 = 1 << 15


class Raw:
    """Requests as nobody's library would send them."""

    def __init__(self, emulator: DiscordEmulator, http: aiohttp.ClientSession) -> None:
        self._emulator = emulator
        self._http = http

    async def __call__(self, method: str, path: str, body: Any, kind: str = "application/json") -> tuple[int, Any]:
        headers = {"Authorization": f"Bot {self._emulator.token}", "Content-Type": kind}
        data = body if isinstance(body, bytes) else discord.utils._to_json(body).encode()
        async with self._http.request(method, self._emulator.api + path, data=data, headers=headers) as response:
            assert response.headers.get("Content-Type") in ("application/json", None)
            return response.status, await response.json() if response.status != 204 else None

    async def post(self, body: Any) -> tuple[int, Any]:
        return await self("POST", f"/channels/{self._emulator.channel('general')}/messages", body)


@pytest.fixture
async def emulator() -> AsyncIterator[DiscordEmulator]:
    async with DiscordEmulator() as emulator:
        yield emulator


@pytest.fixture
async def raw(emulator: DiscordEmulator) -> AsyncIterator[Raw]:
    async with aiohttp.ClientSession() as http:
        yield Raw(emulator, http)


def text(content: str) -> dict[str, Any]:
    return {"type": 10, "content": content}


def button(**more: Any) -> dict[str, Any]:
    return {"type": 2, "style": 1, "label": "Go", "custom_id": "go", **more}


def row(*inside: dict[str, Any]) -> dict[str, Any]:
    return {"type": 1, "components": list(inside)}


def select(options: int, **more: Any) -> dict[str, Any]:
    every = [{"label": f"Option {at}", "value": str(at)} for at in range(options)]
    return {"type": 3, "custom_id": "pick", "options": every, **more}


AT_THE_LIMIT = {
    "40 components": [{"type": 17, "components": [text("x") for _ in range(39)]}],
    "4000 characters": [text("x" * 2000), text("y" * 2000)],
    "5 buttons": [row(*(button(custom_id=str(at)) for at in range(5)))],
    "25 options": [row(select(25))],
    "an id of 100": [row(button(custom_id="x" * 100))],
    "a label of 80": [row(button(label="x" * 80))],
}
BEYOND = {
    "41 components": [{"type": 17, "components": [text("x") for _ in range(40)]}],
    "4001 characters": [text("x" * 2000), text("y" * 2001)],
    "6 buttons": [row(*(button(custom_id=str(at)) for at in range(6)))],
    "26 options": [row(select(26))],
    "no options": [row(select(0))],
    "an id of 101": [row(button(custom_id="x" * 101))],
    "a label of 81": [row(button(label="x" * 81))],
    "an empty label": [row(button(label=""))],
    "the same id twice": [row(button(), button())],
    "a button beside a menu": [row(button(), select(2))],
    "a link with an id": [row(button(style=5, url="https://example.org"))],
    "a link to nowhere": [row({"type": 2, "style": 5, "label": "Out", "url": "javascript:alert(1)"})],
    "a loose button": [button()],
    "a container in a container": [{"type": 17, "components": [{"type": 17, "components": [text("x")]}]}],
    "a section without its button": [{"type": 9, "components": [text("x")]}],
    "an empty text": [text("")],
    "an empty row": [row()],
    "a form's input": [{"type": 18, "label": "Why", "component": {"type": 4, "custom_id": "why", "style": 1}}],
    "a file that was not sent": [{"type": 13, "file": {"url": "attachment://report.txt"}}],
}


@pytest.mark.parametrize("components", AT_THE_LIMIT.values(), ids=AT_THE_LIMIT)
async def test_what_is_at_the_limit_is_taken(raw: Raw, components: list[Any]) -> None:
    status, answer = await raw.post({"flags": V2, "components": components})
    assert (status, answer.get("code")) == (200, None)


@pytest.mark.parametrize("components", BEYOND.values(), ids=BEYOND)
async def test_what_is_beyond_a_limit_is_refused_with_its_place(raw: Raw, components: list[Any]) -> None:
    status, answer = await raw.post({"flags": V2, "components": components})
    assert (status, answer["code"]) == (400, 50035)
    assert "components" in answer["errors"]


async def test_components_of_the_second_version_stand_alone(raw: Raw) -> None:
    for beside in ({"content": "x"}, {"embeds": [{"title": "x"}]}, {"poll": {"question": {"text": "x"}}}):
        status, answer = await raw.post({"flags": V2, "components": [text("x")], **beside})
        assert (status, list(answer["errors"])) == (400, list(beside))
    status, _ = await raw.post({"components": [text("x")]})
    assert status == 400


async def test_the_second_version_cannot_be_taken_back_by_an_edit(raw: Raw, emulator: DiscordEmulator) -> None:
    _, message = await raw.post({"flags": V2, "components": [text("x")]})
    path = f"/channels/{message['channel_id']}/messages/{message['id']}"
    for change in ({"flags": 0}, {"content": "plain"}):
        assert (await raw("PATCH", path, change))[0] == 400
    status, changed = await raw("PATCH", path, {"components": [text("y")]})
    assert (status, changed["flags"]) == (200, V2)


async def test_bodies_that_are_no_messages_are_refused(raw: Raw, emulator: DiscordEmulator) -> None:
    path = f"/channels/{emulator.channel('general')}/messages"
    assert (await raw.post({}))[1]["code"] == 50006
    assert (await raw.post({"content": "x" * 2001}))[1]["code"] == 50035
    assert (await raw("POST", path, b"{not json"))[1]["code"] == 50109
    assert (await raw("POST", path, {"content": "x"}, kind="text/plain"))[0] == 400
    assert (await raw("POST", "/channels/1/messages", {"content": "x"}))[1]["code"] == 10003
    emulator.hide("general")
    assert (await raw.post({"content": "x"}))[1]["code"] == 50001


async def test_nobody_is_notified_who_was_not_allowed(raw: Raw, emulator: DiscordEmulator) -> None:
    ada, operators = emulator.person("ada").id, emulator.role("operators")
    content = f"@everyone <@{ada}> <@&{operators}>"
    await raw.post({"content": content})
    await raw.post({"content": content, "allowed_mentions": {"parse": []}})
    await raw.post({"content": content, "allowed_mentions": {"users": [ada]}})
    pings = [one.pings for one in emulator.posted("general")]
    assert pings == [{"everyone", ada, operators}, set(), {ada}]


def command(**more: Any) -> dict[str, Any]:
    return {"name": "backup", "description": "Backups", **more}


def option(name: str = "file", **more: Any) -> dict[str, Any]:
    return {"type": 3, "name": name, "description": "Which", **more}


WRONG_COMMANDS = {
    "a capital": [command(name="Backup")],
    "33 letters": [command(name="x" * 33)],
    "no description": [command(description="")],
    "a long description": [command(description="x" * 101)],
    "26 options": [command(options=[option(f"o{at}") for at in range(26)])],
    "an optional before a required": [command(options=[option("a"), option("b", required=True)])],
    "two of one name": [command(), command()],
    "two options of one name": [command(options=[option(), option()])],
    "26 choices": [command(options=[option(choices=[{"name": str(at), "value": str(at)} for at in range(26)])])],
    "choices and completions": [command(options=[option(autocomplete=True, choices=[{"name": "a", "value": "a"}])])],
    "an option beside a sub-command": [command(options=[option(), option("status", type=1)])],
}


@pytest.mark.parametrize("commands", WRONG_COMMANDS.values(), ids=WRONG_COMMANDS)
async def test_wrong_commands_are_not_registered(raw: Raw, emulator: DiscordEmulator, commands: list[Any]) -> None:
    path = f"/applications/{emulator.application_id}/guilds/{emulator.guild_id}/commands"
    status, answer = await raw("PUT", path, commands)
    assert (status, answer["code"]) == (400, 50035)
    assert emulator.commands.registered[emulator.guild_id] == []


async def test_a_command_keeps_its_id_when_it_is_registered_again(raw: Raw, emulator: DiscordEmulator) -> None:
    path = f"/applications/{emulator.application_id}/commands"
    _, first = await raw("PUT", path, [command()])
    _, second = await raw("PUT", path, [command(description="Anew"), command(name="other")])
    assert first[0]["id"] == second[0]["id"]


async def test_a_message_older_than_an_hour_takes_few_edits(emulator: DiscordEmulator) -> None:
    async with running(emulator) as bot:
        message = await (await channel(bot, emulator)).send(view=Card())
        for _ in range(10):
            await message.edit(view=Card())
        emulator.clock.advance(3601)
        with pytest.raises(discord.RateLimited) as refused:
            for _ in range(10):
                await message.edit(view=Card())
    assert refused.value.retry_after > 3000
    assert emulator.called("PATCH /channels/{id}/messages/{id}")[-1].answer["code"] == 30046


async def test_a_thread_opens_under_a_message_once(emulator: DiscordEmulator) -> None:
    async with running(emulator) as bot:
        message = await (await channel(bot, emulator)).send("An export")
        thread = await message.create_thread(name="Details")
        await thread.send("Step one")
        assert thread.id == message.id
        with pytest.raises(discord.HTTPException) as refused:
            await message.create_thread(name="Details")
    assert refused.value.code == 160004
    assert [one.words for one in emulator.posted(str(thread.id))] == ["Step one"]
    assert emulator.posted("backups")[0].thread == str(thread.id)


async def test_an_archived_thread_opens_by_a_post_but_not_by_an_edit(emulator: DiscordEmulator) -> None:
    async with running(emulator) as bot:
        target = await channel(bot, emulator)
        thread = await target.create_thread(name="Drill", type=discord.ChannelType.public_thread)
        message = await thread.send("Step one")
        emulator.archive("Drill")
        with pytest.raises(discord.HTTPException) as refused:
            await message.edit(content="Step one, done")
        assert refused.value.code == 50083
        await thread.send("Step two")
        await message.edit(content="Step one, done")
        emulator.clock.advance(1441 * 60)
        asleep = await bot.fetch_channel(thread.id)
        assert isinstance(asleep, discord.Thread)
        assert asleep.archived
        await thread.edit(archived=False)
        await message.edit(content="Step one, done again")
        emulator.archive("Drill", locked=True)
        with pytest.raises(discord.HTTPException):
            await thread.send("Step three")


async def test_a_still_clock_gives_the_same_ids_in_every_run() -> None:
    ids = []
    for _ in range(2):
        async with DiscordEmulator(start=1_767_603_600) as emulator, running(emulator) as bot:
            ids.append((await (await channel(bot, emulator)).send("Hello")).id)
    assert ids[0] == ids[1]


async def test_files_are_kept_and_shown_with_the_message(emulator: DiscordEmulator, tmp_path: Any) -> None:
    async with running(emulator) as bot:
        report = tmp_path / "report.txt"
        report.write_text("all well")
        message = await (await channel(bot, emulator)).send("See", file=discord.File(report, description="A report"))
        (seen,) = emulator.posted("backups")
        assert [(one.name, one.content) for one in seen.attachments] == [("report.txt", b"all well")]
        async with aiohttp.ClientSession() as http, http.get(message.attachments[0].url) as response:
            assert await response.read() == b"all well"
        await message.edit(content="Gone", attachments=[])
        assert emulator.posted("backups")[0].attachments == ()
        assert isinstance(bot, Bot)


async def test_the_bot_may_do_what_it_was_invited_for_and_no_more() -> None:
    enough = discord.Permissions(view_channel=True, send_messages=True)
    async with DiscordEmulator(permissions=enough.value) as emulator, running(emulator) as bot:
        message = await (await channel(bot, emulator)).send("Hello")
        for beyond in (message.pin(), message.create_thread(name="Details")):
            with pytest.raises(discord.Forbidden) as refused:
                await beyond
            assert refused.value.code == 50013
        assert [one async for one in message.channel.history()] == []


async def test_a_private_answer_leaves_the_screen_with_the_client_but_stays_for_the_bot(
    emulator: DiscordEmulator,
) -> None:
    ada = emulator.person("ada")
    async with running(emulator) as bot:
        await ada.say("/backup status", "general")
        ada.restart()
        assert ada.messages("general") == []
        assert (await bot.seen[0].original_response()).flags.ephemeral


async def test_a_route_that_is_not_emulated_says_so(raw: Raw) -> None:
    assert await raw("GET", "/nowhere", {}) == (404, {"message": "404: Not Found", "code": 0})
