"""Knows what Slack must be told of the app, generated from what the code uses. Knows nothing of any workspace.

Source: https://docs.slack.dev/reference/app-manifest
"""

from collections.abc import Sequence
from typing import Any

from bot.chat.declare import Group
from bot.platforms.slack.listen import PATH
from bot.platforms.slack.scopes import EVENTS, scopes

_LONGEST_HINT = 1000
_ABOUT = (
    "Lifeboat takes snapshot exports of the team's Convex deployments, keeps them in a vault of its own and checks "
    "every byte of each: would a restore take it? It says at any hour how safe the data is, from its own records, so "
    "that it still answers when Convex does not."
)


def manifest(
    groups: Sequence[Group], prefix: str = "", url: str = "", *, private_rooms: bool = False
) -> dict[str, Any]:
    """The app's manifest, to be pasted into Slack. With `url` Slack posts to it; else the app opens a socket."""
    address = url.rstrip("/") + PATH
    posted_to = {"request_url": address} if url else {}
    return {
        "display_information": {
            "name": "Lifeboat",
            "description": "Gets the team's database back: backups shown, taken, verified and proven.",
            "long_description": _ABOUT,
            "background_color": "#1f3a5f",
        },
        "features": {
            # Not read only, so that commands can be typed there too.
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": "Lifeboat", "always_online": True},
            "slash_commands": [_slash_command(group, prefix, {"url": address} if url else {}) for group in groups],
        },
        "oauth_config": {"scopes": {"bot": list(scopes(private_rooms=private_rooms))}},
        "settings": {
            "event_subscriptions": {**posted_to, "bot_events": list(EVENTS)},
            "interactivity": {
                "is_enabled": True,
                **posted_to,
                **({"message_menu_options_url": address} if url else {}),
            },
            "org_deploy_enabled": False,
            "socket_mode_enabled": not url,
            "token_rotation_enabled": False,
        },
    }


def _slash_command(group: Group, prefix: str, address: dict[str, str]) -> dict[str, Any]:
    return {
        "command": f"/{prefix}{group.name}",
        "description": group.help,
        "usage_hint": " | ".join(group.commands)[:_LONGEST_HINT],
        # No argument is a person or a channel, and an escaped address or name would not be what was typed.
        "should_escape": False,
        **address,
    }
