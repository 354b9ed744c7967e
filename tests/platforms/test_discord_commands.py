"""Commands as Discord takes them, and calls of them as the lines that everybody else types."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.chat import parse
from bot.platforms.discord.commands import called, declared, same
from bot.platforms.discord.listen import Discord
from commands import GROUPS
from tests.emulators.discord.command_rules import check_commands
from tests.platforms.discord_bot import World, sea, tide
from tests.waiting import until

SYNC = "PUT /applications/{id}/guilds/{id}/commands"
EVERYWHERE = "PUT /applications/{id}/commands"
TIDE = tide(World())


def named(options: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(one for one in options if one["name"] == name)


def call(command: str, **options: Any) -> Mapping[str, Any]:
    """What Discord sends when `/tide <command>` is called with these options."""
    sent = [{"type": 3, "name": name, "value": value} for name, value in options.items()]
    return {"name": "tide", "type": 1, "options": [{"type": 1, "name": command, "options": sent}]}


def understood(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The arguments that come of a call."""
    read = parse.parse(called(data, [TIDE], "").line, [TIDE])
    assert isinstance(read, parse.Call)
    return read.arguments


def test_every_command_that_there_is_can_be_registered() -> None:
    check_commands(declared(GROUPS, ""))
    check_commands(declared(GROUPS, "campus-conn-"))


def test_a_signature_becomes_typed_options_with_what_is_required_first() -> None:
    (group,) = declared([TIDE], "")
    rise, keep = named(group["options"], "rise")["options"], named(group["options"], "keep")["options"]
    assert [(one["name"], one["type"], one["required"]) for one in rise] == [
        ("metres", 4, False),
        ("moon", 3, False),
        ("quickly", 5, False),
    ]
    assert [one["value"] for one in rise[1]["choices"]] == ["full", "new"]
    assert [(one["name"], one["required"], one.get("autocomplete", False)) for one in keep] == [
        ("copy", True, True),
        ("reason", False, False),
    ]


def test_a_prefix_stands_before_the_group_and_is_taken_off_again() -> None:
    (group,) = declared([TIDE], "cc-")
    assert group["name"] == "cc-tide"
    assert called({**call("status"), "name": "cc-tide"}, [TIDE], "cc-").line == "/tide status"


@pytest.mark.parametrize(
    "words",
    [
        "copy-1",
        "two words",
        'with "quotes"',
        "it's",
        "'quoted' from the start",
        "--force",
        "--force with more",
        "—dashed",
        "a=b",
        "back\\slash",
        "two\nlines",
        "/tide drain",
    ],
)
def test_whatever_is_written_arrives_as_it_was_written(words: str) -> None:
    assert understood(call("keep", reason=words, copy=words)) == {"copy": words, "reason": words}


def test_numbers_switches_and_choices_arrive_whatever_their_order() -> None:
    given = understood(call("rise", quickly=True, moon="full", metres=-3))
    assert given == {"metres": -3, "moon": "full", "quickly": True}
    assert understood(call("rise", quickly=False)) == {"metres": 1, "moon": "new", "quickly": False}


def test_what_is_being_typed_is_told_apart_from_what_is_given() -> None:
    data = call("keep", reason="why", copy="cop")
    data["options"][0]["options"][1]["focused"] = True
    asked = called(data, [TIDE], "")
    assert (asked.typing, asked.typed) == ("copy", "cop")
    assert asked.line == "/tide keep --reason why"


# --- registering -----------------------------------------------------------------------------------------------------


async def test_commands_are_registered_once_and_again_only_when_they_change(tmp_path: Path) -> None:
    async with sea(tmp_path) as here:
        for _ in range(2):
            async with here.opened():
                pass
        assert len(here.emulator.called(SYNC)) == 1
        async with here.opened(prefix="cc-"):
            pass
        assert [one["name"] for one in here.emulator.called(SYNC)[-1].body] == ["cc-tide"]
        assert here.emulator.called(EVERYWHERE) == []


async def test_no_command_stands_twice_when_a_server_of_its_own_is_set(tmp_path: Path) -> None:
    async with sea(tmp_path) as here:
        async with here.opened(guild=None):
            assert here.emulator.commands.registered[None]
        async with here.opened():
            pass
        assert [len(one.body) for one in here.emulator.called(EVERYWHERE)] == [1, 0]


async def test_a_registration_that_is_refused_keeps_nobody_from_pressing_buttons(tmp_path: Path) -> None:
    async with sea(tmp_path) as here:
        here.emulator.faults.rate_limit(SYNC, 3600)
        async with here.opened() as door:
            (symptom,) = [one for one in await door.symptoms() if one.broken]
            assert "takes none for 60 minutes" in symptom.mend
            # The next renewal of the connection mends it.
            here.emulator.faults.reconnect()
            await until(lambda: _is_well(door))
            assert here.emulator.commands.registered[here.emulator.guild_id]
        here.emulator.commands.registered[here.emulator.guild_id] = []
        here.emulator.faults.fail(SYNC, 400, code=50035, message="Invalid Form Body")
        async with here.opened() as door:
            (symptom,) = [one for one in await door.symptoms() if one.broken]
        assert "does not take the commands (50035)" in symptom.found
        async with here.opened() as door:
            assert await _is_well(door)


def test_what_discord_adds_by_itself_is_no_difference() -> None:
    ours = declared([TIDE], "")
    theirs = [{**one, "id": "1", "version": "2", "default_member_permissions": None} for one in reversed(ours)]
    assert same(theirs, ours)
    assert not same(theirs[:0], ours)
    assert not same(declared([TIDE], "x"), ours)


async def _is_well(door: Discord) -> bool:
    return not any(one.broken for one in await door.symptoms())
