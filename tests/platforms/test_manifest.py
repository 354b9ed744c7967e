"""What Slack and Discord are told of the app is what the code uses: no less, or a command is dead; no more."""

import ast
import asyncio
import base64
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import discord
import pytest
from pydantic import BaseModel
from slack_sdk.web.async_client import AsyncWebClient

from bot.access import DiscordAccess, SlackAccess
from bot.chat.declare import MOST_COMMANDS, Group
from bot.platforms.discord import manifest as on_discord
from bot.platforms.discord.permissions import INTENTS, PERMISSIONS, bits
from bot.platforms.slack import listen
from bot.platforms.slack.manifest import manifest
from bot.platforms.slack.scopes import APP_SCOPES, EVENTS, SCOPES
from commands import GROUPS
from tests.emulators.slack.shapes import Check, boolean, items, record, string

ROOT = Path(__file__).parents[2]
SLACK = Path(listen.__file__).parent
URL = "https://lifeboat.example.edu"
HISTORY = {"channels:history", "groups:history", "im:history"}
ROOMS = {"channels:manage"}
NEEDED: dict[str, set[str]] = {
    "apps_connections_open": {"connections:write"},
    "auth_test": set(),
    "chat_postEphemeral": {"chat:write"},
    "chat_postMessage": {"chat:write"},
    "chat_update": {"chat:write"},
    "conversations_create": ROOMS,
    "conversations_history": HISTORY,
    "conversations_invite": ROOMS,
    "conversations_open": {"im:write"},
    "conversations_replies": HISTORY,
    "conversations_setPurpose": ROOMS,
    "conversations_setTopic": ROOMS,
    "files_upload_v2": {"files:write"},
    "pins_add": {"pins:write"},
    "usergroups_users_list": {"usergroups:read"},
    "users_conversations": {"channels:read"},
    "views_open": set(),
    "views_publish": set(),
}
"""What each method of Slack's client needs: https://docs.slack.dev/reference/methods."""
HEARD = {"app_home_opened": set(), "app_mention": {"app_mentions:read"}, "message.im": {"im:history"}}
"""What each event needs: https://docs.slack.dev/reference/events."""


def called() -> Iterator[str]:
    """The methods of Slack's client that the code calls, wherever and under whatever name it holds the client."""
    methods = {name for name in vars(AsyncWebClient) if "_" in name.strip("_") and name != "api_call"}
    for path in SLACK.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in methods:
                yield node.attr


def listened_to() -> set[str]:
    """The events that Bolt has a listener for; which messages are told, only the subscription says."""
    tree = ast.parse(Path(listen.__file__).read_text("utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    return {ast.literal_eval(call.args[0]) for call in calls if call.func.attr == "event"}  # type: ignore[attr-defined]


# --- Slack -----------------------------------------------------------------------------------------------------------


def test_every_group_is_a_slash_command() -> None:
    made = manifest(GROUPS)["features"]["slash_commands"]
    assert [one["command"] for one in made] == [f"/{group.name}" for group in GROUPS]
    for one, group in zip(made, GROUPS, strict=True):
        assert one["description"] == group.help
        assert one["usage_hint"].split(" | ") == list(group.commands)


def test_a_prefix_names_the_slash_commands() -> None:
    made = manifest(GROUPS, "cc-")["features"]["slash_commands"]
    assert [one["command"] for one in made] == [f"/cc-{group.name}" for group in GROUPS]


def test_the_bot_asks_for_its_scopes_and_no_other() -> None:
    assert manifest(GROUPS)["oauth_config"]["scopes"] == {"bot": list(SCOPES)}


def test_with_private_rooms_the_scopes_of_private_channels_stand_in_the_place_of_those_of_public_ones() -> None:
    asked = set(manifest(GROUPS, private_rooms=True)["oauth_config"]["scopes"]["bot"])
    assert asked - set(SCOPES) == {"groups:read", "groups:write"}
    assert set(SCOPES) - asked == {"channels:read", "channels:manage"}


def test_every_call_to_slack_has_its_scopes() -> None:
    used = set(called())
    assert used == set(NEEDED), "a method is called whose scopes nobody has looked up, or one is not called any more"
    for method in used:
        assert NEEDED[method] <= {*SCOPES, *APP_SCOPES}, method


def test_every_scope_is_there_for_a_call_an_event_or_the_commands() -> None:
    assert {"commands"}.union(*NEEDED.values(), *HEARD.values()) == {*SCOPES, *APP_SCOPES}


def test_the_events_subscribed_to_are_those_listened_to() -> None:
    subscribed = manifest(GROUPS)["settings"]["event_subscriptions"]["bot_events"]
    assert set(subscribed) == set(EVENTS) == set(HEARD)
    assert {one.partition(".")[0] for one in subscribed} == listened_to()


def test_without_an_address_the_app_opens_a_socket_and_slack_posts_nowhere() -> None:
    made = manifest(GROUPS)
    assert made["settings"]["socket_mode_enabled"] is True
    assert "http" not in json.dumps(made)


def test_with_an_address_everything_is_posted_to_where_the_bot_listens() -> None:
    made = manifest(GROUPS, url=URL + "/")
    settings = made["settings"]
    assert settings["socket_mode_enabled"] is False
    told = [one["url"] for one in made["features"]["slash_commands"]]
    told += [settings["event_subscriptions"]["request_url"], settings["interactivity"]["request_url"]]
    told += [settings["interactivity"]["message_menu_options_url"]]
    assert set(told) == {URL + listen.PATH}


# https://github.com/slackapi/manifest-schema/blob/main/schemas/manifest.schema.1.0.0.json, as far as it is used
_SLASH = {"usage_hint": string(1000), "should_escape": boolean, "url": string(3000)}
_EVENTS = {"bot_events": items(string(50), 100), "request_url": string(3500)}
_POSTED = {"request_url": string(3500), "message_menu_options_url": string(3500)}
_TABS = dict.fromkeys(("home_tab_enabled", "messages_tab_enabled", "messages_tab_read_only_enabled"), boolean)
_DISPLAY = {"description": string(140), "long_description": string(4000, 175), "background_color": string(7, 4)}
_FEATURES: dict[str, Check] = {
    "app_home": record({}, _TABS),
    "bot_user": record({"display_name": string(80)}, {"always_online": boolean}),
    "slash_commands": items(record({"command": string(32, 2), "description": string(2000)}, _SLASH), 50),
}
_SETTINGS: dict[str, Check] = {
    "event_subscriptions": record({}, _EVENTS),
    "interactivity": record({"is_enabled": boolean}, _POSTED),
    **dict.fromkeys(("org_deploy_enabled", "socket_mode_enabled", "token_rotation_enabled"), boolean),
}
PUBLISHED = record(
    {"display_information": record({"name": string(35)}, _DISPLAY)},
    {
        "features": record({}, _FEATURES),
        "oauth_config": record({}, {"scopes": record({}, {"bot": items(string(50), 255)})}),
        "settings": record({}, _SETTINGS),
    },
)


def wrong(made: dict[str, Any]) -> list[str]:
    return list(PUBLISHED(made, ""))


@pytest.mark.parametrize("url", ["", URL])
@pytest.mark.parametrize("prefix", ["", "a-prefix-12_"])
def test_the_manifest_keeps_to_what_slack_publishes(prefix: str, url: str) -> None:
    assert wrong(manifest(GROUPS, prefix, url)) == []


def test_a_hint_that_slack_would_refuse_is_cut() -> None:
    crowded = Group("crowded", "More commands than a hint has room for.")

    async def nothing(ctx: object) -> None:
        """Do nothing."""

    for number in range(MOST_COMMANDS):
        nothing.__name__ = f"number_{number}_of_{'very_' * 20}many"
        crowded.command()(nothing)
    assert wrong(manifest([crowded])) == []


def test_the_rules_of_the_manifest_find_what_slack_would_refuse() -> None:
    made = manifest(GROUPS)
    made["display_information"]["long_description"] = "Too short."
    made["features"]["slash_commands"][0]["command"] = "/" + "b" * 32
    made["settings"]["event_subscriptions"]["events"] = ["app_mention"]
    assert len(wrong(made)) == 3


# --- Discord ---------------------------------------------------------------------------------------------------------


def test_the_invite_asks_for_the_permissions_and_no_other() -> None:
    asked = parse_qs(urlsplit(on_discord.invite("123456789012345678")).query)
    assert asked["client_id"] == ["123456789012345678"]
    assert asked["scope"] == ["bot applications.commands"]
    assert discord.Permissions(int(asked["permissions"][0])) == discord.Permissions(**dict.fromkeys(PERMISSIONS, True))


def test_nothing_of_discord_is_asked_for_that_is_privileged_but_to_open_channels() -> None:
    assert discord.Permissions(bits() & discord.Permissions.elevated().value) == discord.Permissions(
        manage_channels=True
    )
    assert {name for name, wanted in INTENTS if wanted} == {"guilds"}


def test_a_bots_token_says_which_application_it_is() -> None:
    first = base64.urlsafe_b64encode(b"123456789012345678").decode().rstrip("=")
    assert on_discord.application_of(f"{first}.GaBcDe.secret") == "123456789012345678"
    for other in ("", "xoxb-1-2", "é.b.c", base64.urlsafe_b64encode(b"ada").decode()):
        assert on_discord.application_of(other) is None


# --- the command line and the documents ------------------------------------------------------------------------------


async def lifeboat(folder: Path, *arguments: str, **settings: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "manifest", *arguments),
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), **settings},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_the_printed_manifest_is_json_alone_and_bears_the_prefix(tmp_path: Path) -> None:
    status, out, err = await lifeboat(tmp_path, "slack", "--url", URL, LIFEBOAT_COMMAND_PREFIX="cc-")
    assert (status, err) == (0, "")
    assert json.loads(out) == manifest(GROUPS, "cc-", URL)


async def test_an_address_that_slack_does_not_post_to_is_refused(tmp_path: Path) -> None:
    status, out, err = await lifeboat(tmp_path, "slack", "--url", "http://lifeboat.example.edu")
    assert (status, out) == (1, "")
    assert "https://" in err


async def test_the_invite_is_of_the_application_given_or_of_the_token_that_is_set(tmp_path: Path) -> None:
    invite = on_discord.invite("123456789012345678") + "\n"
    token = base64.urlsafe_b64encode(b"123456789012345678").decode() + ".GaBcDe.secret"
    given, told = await asyncio.gather(
        lifeboat(tmp_path, "discord", "123456789012345678"),
        lifeboat(tmp_path, "discord", LIFEBOAT_DISCORD__TOKEN=token),
    )
    assert given[:2] == told[:2] == (0, invite)
    assert "Privileged" in given[2]


@pytest.mark.parametrize("given", [(), ("ada",)])
async def test_without_an_application_the_mend_is_told(tmp_path: Path, given: tuple[str, ...]) -> None:
    status, out, err = await lifeboat(tmp_path, "discord", *given)
    assert (status, out) == (1, "")
    assert "Application ID" in err


@pytest.mark.parametrize("name, access", [("slack", SlackAccess), ("discord", DiscordAccess)])
def test_a_platforms_document_names_every_setting_of_it(name: str, access: type[BaseModel]) -> None:
    written = (ROOT / "docs" / f"{name}.md").read_text("utf-8")
    for key in access.model_fields:
        if key not in ("api", "gateway"):
            assert f"LIFEBOAT_{name.upper()}__{key.upper()}" in written
