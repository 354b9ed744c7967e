"""Knows the shape of every block and element. Knows nothing of the message or view that holds them.

Limits: https://docs.slack.dev/reference/block-kit/
"""

import ipaddress
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from tests.emulators.slack.shapes import Check, anything, boolean, items, one_of, record, string, typed, whole, wrong

PLAIN = {"emoji": boolean}
MRKDWN = {"verbatim": boolean}


def text(high: int, *kinds: str) -> Check:
    """A text object of at most so many characters."""
    body = {"text": string(high)}
    shapes = {"plain_text": record(body, PLAIN), "mrkdwn": record(body, MRKDWN)}
    return typed({kind: shapes[kind] for kind in kinds or shapes}, what="text object")


def plain(high: int) -> Check:
    """A plain text object."""
    return text(high, "plain_text")


def link(value: Any, path: str) -> Iterator[str]:
    """An address that a person can follow."""
    yield from string(3000)(value, path)
    if isinstance(value, str) and not re.match(r"[a-z][a-z0-9+.-]*:", value):
        yield wrong("must be a valid URL", path)


def picture(value: Any, path: str) -> Iterator[str]:
    """An address that Slack can load a picture from: nothing on this machine or in a private network."""
    yield from link(value, path)
    parts = urlsplit(value if isinstance(value, str) else "")
    host = parts.hostname or ""
    try:
        private = not ipaddress.ip_address(host).is_global
    except ValueError:
        private = "." not in host or host.endswith(".local")
    if parts.scheme not in ("http", "https") or private:
        yield wrong("downloading image failed", path)


CONFIRM = record(
    {"title": plain(100), "text": text(300), "confirm": plain(30), "deny": plain(30)},
    {"style": one_of("primary", "danger")},
)
OPTION = record({"text": plain(75), "value": string(150)}, {"description": plain(75)})
RICH_OPTION = record({"text": text(75), "value": string(150)}, {"description": text(75)})
LINK_OPTION = record({"text": plain(75), "value": string(150)}, {"description": plain(75), "url": link})
OPTIONS = items(OPTION, 100)
GROUPS = items(record({"label": plain(75), "options": OPTIONS}, {}), 100)

ID = {"action_id": string(255)}
SELECT = ID | {"placeholder": plain(150), "confirm": CONFIRM, "focus_on_load": boolean}
MANY = SELECT | {"max_selected_items": whole(1, 100)}
FROM_LIST = {"options": OPTIONS, "option_groups": GROUPS}
TYPED = ID | {
    "placeholder": plain(150),
    "initial_value": string(3000, low=0),
    "focus_on_load": boolean,
    "dispatch_action_config": anything,
}
QUERY = {"min_query_length": whole(0, 100)}

BUTTON = record(
    {"text": plain(75)},
    ID
    | {"url": link, "value": string(2000), "style": one_of("primary", "danger")}
    | {"confirm": CONFIRM, "accessibility_label": string(75)},
)
STATIC = record({}, SELECT | FROM_LIST | {"initial_option": OPTION})
EXTERNAL = record({}, SELECT | QUERY | {"initial_option": OPTION})
PEOPLE = record({}, SELECT | {"initial_user": string(255)})
PLACES = record({}, SELECT | {f"initial_{kind}": string(255) for kind in ("channel", "conversation")})
MANY_STATIC = record({}, MANY | FROM_LIST | {"initial_options": OPTIONS})
MANY_EXTERNAL = record({}, MANY | QUERY | {"initial_options": OPTIONS})
MANY_PEOPLE = record({}, MANY | {"initial_users": items(string(255), 100)})
DATE = record({}, SELECT | {"initial_date": string(10, 10)})
TIME = record({}, SELECT | {"initial_time": string(5, 5), "timezone": string(100)})
MOMENT = record({}, ID | {"initial_date_time": whole(10**9, 10**10 - 1), "confirm": CONFIRM, "focus_on_load": boolean})
BOXES = record(
    {"options": items(RICH_OPTION, 10)},
    ID | {"initial_options": items(RICH_OPTION, 10), "confirm": CONFIRM, "focus_on_load": boolean},
)
RADIO = record(
    {"options": items(RICH_OPTION, 10)},
    ID | {"initial_option": RICH_OPTION, "confirm": CONFIRM, "focus_on_load": boolean},
)
WRITTEN = record({}, TYPED | {"multiline": boolean, "min_length": whole(0, 3000), "max_length": whole(1, 3000)})
NUMBER = record({"is_decimal_allowed": boolean}, TYPED | {"min_value": string(30), "max_value": string(30)})
ADDRESS = record({}, TYPED)
SLACK_FILE = record({}, {"id": string(255), "url": string(3000)})
SMALL_IMAGE = record({"alt_text": string(2000)}, {"image_url": picture, "slack_file": SLACK_FILE})
OVERFLOW = record({"options": items(LINK_OPTION, 5)}, ID | {"confirm": CONFIRM})

PICKED = {
    "static_select": STATIC,
    "external_select": EXTERNAL,
    "users_select": PEOPLE,
    "channels_select": PLACES,
    "conversations_select": PLACES,
    "datepicker": DATE,
    "timepicker": TIME,
    "checkboxes": BOXES,
    "radio_buttons": RADIO,
}
MANY_PICKED = {
    "multi_static_select": MANY_STATIC,
    "multi_external_select": MANY_EXTERNAL,
    "multi_users_select": MANY_PEOPLE,
}
IN_ACTIONS = PICKED | {"button": BUTTON, "overflow": OVERFLOW, "datetimepicker": MOMENT}
IN_SECTION = PICKED | MANY_PICKED | {"button": BUTTON, "overflow": OVERFLOW, "image": SMALL_IMAGE}
IN_INPUT = (
    PICKED
    | MANY_PICKED
    | {"plain_text_input": WRITTEN, "number_input": NUMBER, "datetimepicker": MOMENT}
    | {"email_text_input": ADDRESS, "url_text_input": ADDRESS}
)
IN_CONTEXT = {
    "image": SMALL_IMAGE,
    "plain_text": record({"text": string(3000)}, PLAIN),
    "mrkdwn": record({"text": string(3000)}, MRKDWN),
}
CELL = typed(
    {
        "raw_text": record({"text": string(3000)}, {}),
        "rich_text": record({"elements": items(anything, 1000)}, {"block_id": string(255)}),
    },
    what="table cell",
)
COLUMN = record({}, {"align": one_of("left", "center", "right"), "is_wrapped": boolean})

NAMED = {"block_id": string(255)}
BLOCKS: dict[str, Check] = {
    "actions": record({"elements": items(typed(IN_ACTIONS, what="element of actions"), 25)}, NAMED),
    "context": record({"elements": items(typed(IN_CONTEXT, what="element of context"), 10)}, NAMED),
    "divider": record({}, NAMED),
    "header": record({"text": plain(150)}, NAMED | {"level": whole(1, 6)}),
    "image": record(
        {"alt_text": string(2000)}, NAMED | {"image_url": picture, "slack_file": SLACK_FILE, "title": plain(2000)}
    ),
    "input": record(
        {"label": plain(2000), "element": typed(IN_INPUT, what="element of input")},
        NAMED | {"hint": plain(2000), "optional": boolean, "dispatch_action": boolean},
    ),
    "markdown": record({"text": string(12_000)}, NAMED),
    "rich_text": record({"elements": items(anything, 1000)}, NAMED),
    "section": record(
        {},
        NAMED
        | {"text": text(3000), "fields": items(text(2000), 10), "expand": boolean}
        | {"accessory": typed(IN_SECTION, what="accessory")},
    ),
    "table": record({"rows": items(items(CELL, 20), 100)}, NAMED | {"column_settings": items(COLUMN, 20, low=0)}),
}
"""Blocks that are judged here in full."""
LEFT_TO_THE_LIBRARY = {
    "alert",
    "card",
    "carousel",
    "container",
    "context_actions",
    "file",
    "plan",
    "task_card",
    "video",
}
"""Blocks that only slack_sdk's models judge."""
BLOCK = typed(BLOCKS | dict.fromkeys(LEFT_TO_THE_LIBRARY, anything), what="block")
