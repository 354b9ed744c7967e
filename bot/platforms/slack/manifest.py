"""Knows what Slack must be told of the app, generated from what the code uses. Knows nothing of any workspace.

Source: https://docs.slack.dev/reference/app-manifest
"""

from collections.abc import Sequence
from typing import Any

from bot.chat.declare import Group
from bot.platforms.slack.scopes import EVENTS, SCOPES

PATH = "/slack/events"
LONGEST_HINT = 1000


def manifest(groups: Sequence[Group], prefix: str = "", url: str = "") -> dict[str, Any]:
    """The app's manifest, to be pasted into Slack. With `url` Slack posts to it; else the app opens a socket."""
    address = {"url": url.rstrip("/") + PATH} if url else {}
    request = {"request_url": address["url"]} if url else {}
    return {
        "display_information": {
            "name": "Lifeboat",
            "description": "Gets the team's database back: backups shown, taken, verified and proven.",
            "background_color": "#1f3a5f",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": "Lifeboat", "always_online": True},
            "slash_commands": [
                {
                    "command": f"/{prefix}{group.name}",
                    "description": group.help,
                    "usage_hint": " | ".join(group.commands)[:LONGEST_HINT],
                    "should_escape": False,
                    **address,
                }
                for group in groups
            ],
        },
        "oauth_config": {"scopes": {"bot": sorted(SCOPES)}},
        "settings": {
            "event_subscriptions": {"bot_events": sorted(EVENTS), **request},
            "interactivity": {
                "is_enabled": True,
                **request,
                **({"message_menu_options_url": address["url"]} if url else {}),
            },
            "org_deploy_enabled": False,
            "socket_mode_enabled": not url,
            "token_rotation_enabled": False,
        },
    }
