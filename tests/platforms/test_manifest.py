"""What Slack and Discord are told of the app is what the app uses: no scope, event or permission more or less."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import discord
import pytest

from bot.platforms.discord.manifest import application_of, invite
from bot.platforms.discord.permissions import INTENTS, PERMISSIONS, bits
from bot.platforms.slack.manifest import manifest
from bot.platforms.slack.scopes import EVENTS, SCOPES
from commands import GROUPS

ROOT = Path(__file__).parents[2]

NEEDED: dict[str, tuple[str, ...]] = {
    "apps_connections_open": (),
    "auth_test": (),
    "chat_postEphemeral": ("chat:write",),
    "chat_postMessage": ("chat:write",),
    "chat_update": ("chat:write",),
    "conversations_history": ("channels:history", "groups:history", "im:history"),
    "conversations_replies": ("channels:history", "groups:history", "im:history"),
    "files_upload_v2": ("files:write",),
    "usergroups_users_list": ("usergroups:read",),
    "views_open": (),
    "views_publish": (),
}
"""Scopes by the method's name in slack_sdk: https://docs.slack.dev/reference/methods"""

BY_NATURE = {"commands", "app_mentions:read"}
"""Scopes without a method: https://docs.slack.dev/reference/scopes"""


def _called() -> Iterator[str]:
    """The Web API methods that the platform names."""
    methods = tuple(f"{one}_" for one in ("chat", "conversations", "files", "usergroups", "users", "views", "auth"))
    methods += ("apps_", "pins_", "reactions_", "bookmarks_", "canvases_")
    for file in sorted((ROOT / "bot" / "platforms" / "slack").glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr.startswith(methods):
                yield node.attr


def test_every_method_that_is_called_has_its_scopes_and_every_scope_its_use() -> None:
    called = set(_called())
    assert called <= NEEDED.keys(), "say in NEEDED which scopes a new method takes"
    assert {"chat_postMessage", "conversations_history", "views_open"} <= called
    assert {scope for method in called for scope in NEEDED[method]} | BY_NATURE == SCOPES.keys()


@pytest.mark.parametrize("prefix", ["", "cc-"])
@pytest.mark.parametrize("url", ["", "https://lifeboat.example.edu/"])
def test_the_manifest_has_every_command_scope_and_event_within_slacks_limits(prefix: str, url: str) -> None:
    made = manifest(GROUPS, prefix, url)
    features, settings = made["features"], made["settings"]
    assert [one["command"] for one in features["slash_commands"]] == [f"/{prefix}{group.name}" for group in GROUPS]
    for command in features["slash_commands"]:
        assert len(command["command"]) <= 32 and len(command["description"]) <= 2000
        assert 0 < len(command["usage_hint"]) <= 1000
        assert command.get("url") == ("https://lifeboat.example.edu/slack/events" if url else None)
    about = made["display_information"]
    assert len(about["name"]) <= 35 and len(about["description"]) <= 140
    assert set(made["oauth_config"]["scopes"]["bot"]) == SCOPES.keys()
    assert set(settings["event_subscriptions"]["bot_events"]) == EVENTS.keys()
    assert settings["socket_mode_enabled"] is not bool(url)
    assert features["app_home"]["home_tab_enabled"]


def test_every_event_that_is_subscribed_is_listened_to() -> None:
    source = (ROOT / "bot" / "platforms" / "slack" / "listen.py").read_text("utf-8")
    assert all(f'"{event}"' in source for event in EVENTS)


def test_the_invite_asks_for_exactly_what_is_used_and_for_nothing_privileged() -> None:
    asked = discord.Permissions(bits())
    names = {"view_channel" if name == "read_messages" else name for name, given in asked if given}
    assert names == PERMISSIONS.keys()
    assert not asked.administrator and not asked.manage_guild
    assert {name for name, wanted in INTENTS if wanted} == {"guilds"}
    link = invite("1200000000000000001")
    assert "client_id=1200000000000000001&" in link and link.endswith(f"permissions={bits()}")
    assert "scope=bot+applications.commands&" in link


def test_a_bots_token_says_whose_it_is() -> None:
    assert application_of("MTIwMDAwMDAwMDAwMDAwMDAwMQ.emulated.token") == "1200000000000000001"
    assert application_of("no token") is None
    assert application_of("") is None


def test_both_are_printed_by_the_command_line(tmp_path: Path) -> None:
    def said(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "bot", "manifest", *words]
        environment = {"PYTHONPATH": str(ROOT), "LIFEBOAT_COMMAND_PREFIX": "cc-"}
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False)

    slack = said("slack")
    assert json.loads(slack.stdout) == manifest(GROUPS, "cc-")
    assert said("discord", "1200000000000000001").stdout.strip() == invite("1200000000000000001")
    nobody = said("discord")
    assert nobody.returncode == 1 and "discord.com/developers" in nobody.stderr
