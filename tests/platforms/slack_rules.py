"""What Slack would refuse of blocks and modals: what slack_sdk's own validators find, and what they overlook."""

import json
from collections.abc import Iterator
from typing import Any

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

KNOWN = frozenset(["header", "rich_text", "table", "actions", "divider", "context", "section", "image", "input"])
_OF_A_VIEW = KNOWN - {"table"}


def faults(blocks: list[dict[str, Any]]) -> list[str]:
    """What Slack would refuse of the blocks of a message; [] for a sound one."""
    return [
        *_validators(lambda: [block.to_dict() for block in Block.parse_all(blocks)]),
        *_common(blocks, KNOWN - {"input"}),
        *(["more than 50 blocks"] if len(blocks) > 50 else []),
        *(["no blocks"] if not blocks else []),
        *(["only_one_table_allowed"] if sum(one["type"] == "table" for one in blocks) > 1 else []),
        *(["msg_blocks_too_long"] if sum(map(length, _texts(blocks))) > 12_000 else []),
    ]


def view_faults(view: dict[str, Any]) -> list[str]:
    """What Slack would refuse of a modal; [] for a sound one."""
    inputs = [block for block in view["blocks"] if block["type"] == "input"]
    titles = [view[key]["text"] for key in ("title", "submit", "close") if key in view]
    return [
        *_validators(lambda: View(**view).to_dict()),
        *_common(view["blocks"], _OF_A_VIEW),
        *(["input without submit"] if inputs and "submit" not in view else []),
        *(["title, submit or close"] if any(not 0 < length(title) <= 24 for title in titles) else []),
        *(["input without an id"] if any(not 0 < length(one["block_id"]) <= 255 for one in inputs) else []),
    ]


def length(words: str) -> int:
    """In UTF-16 units."""
    return len(words.encode("utf-16-le")) // 2


def walk(value: Any) -> Iterator[dict[str, Any]]:
    """Every object inside a payload."""
    if isinstance(value, dict):
        yield value
    for inside in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from walk(inside)


def _validators(check: Any) -> list[str]:
    try:
        check()
    except SlackObjectFormationError as problem:
        return [str(problem)]
    return []


def _common(blocks: list[dict[str, Any]], known: frozenset[str]) -> list[str]:
    found = [f"a block {block['type']}" for block in blocks if block["type"] not in known]
    for key in ("block_id", "action_id"):
        ids = [one[key] for one in walk(blocks) if key in one]
        found += [f"the same {key} twice"] if len(set(ids)) < len(ids) else []
        found += [key] if any(not 0 < length(one) <= 255 for one in ids) else []
    for one in walk(blocks):
        found += _of(one)
    # A lone surrogate cannot be sent at all.
    json.dumps(blocks, ensure_ascii=False).encode()
    return found


def _of(one: dict[str, Any]) -> Iterator[str]:
    """What is wrong with one object, whatever it stands in."""
    match one:
        case {"type": "plain_text" | "mrkdwn", "text": words} if not 0 < length(words.strip()) <= 3_000:
            yield "a text object that is empty or too long"
        case {"type": "text", "text": ""}:
            yield "an empty text"
        case {"type": "rich_text" | "rich_text_section" | "rich_text_list" | "rich_text_preformatted", "elements": []}:
            yield "empty rich text"
        case {"type": "header", "text": {"text": words}} if length(words) > 150:
            yield "header"
        case {"type": "context", "elements": inside} if not 0 < len(inside) <= 10:
            yield "context"
        case {"type": "actions", "elements": inside} if not 0 < len(inside) <= 25:
            yield "actions"
        case {"type": "table"}:
            yield from _of_a_table(one)
        case {"type": "button"}:
            yield from ["button"] if length(one["text"]["text"]) > 75 or length(one.get("value", "-")) > 2_000 else []
            yield from ["url"] if length(one.get("url", "-")) > 3_000 else []
        case {"type": "static_select" | "external_select"}:
            yield from _of_a_select(one)
        case {"type": "input"}:
            words = [one[key]["text"] for key in ("label", "hint") if key in one]
            yield from ["label or hint"] if any(length(each) > 2_000 for each in words) else []
        case {"type": "plain_text_input"} if length(one.get("initial_value", "")) > 3_000:
            yield "initial_value"


def _of_a_table(table: dict[str, Any]) -> Iterator[str]:
    rows = table["rows"]
    yield from ["table of more than 100 rows"] if not 0 < len(rows) <= 100 else []
    yield from ["table of more than 20 columns"] if any(not 0 < len(row) <= 20 for row in rows) else []
    yield from ["ragged table"] if len({len(row) for row in rows}) > 1 else []
    yield from ["column_settings"] if len(table["column_settings"]) > 20 else []
    yield from ["table of more than 10,000 characters"] if sum(map(length, _texts(rows))) > 10_000 else []


def _of_a_select(select: dict[str, Any]) -> Iterator[str]:
    options = select.get("options", [])
    initial = select.get("initial_option")
    yield from ["options"] if select["type"] == "static_select" and not 0 < len(options) <= 100 else []
    for option in [*options, *([initial] if initial else [])]:
        yield from ["option's text"] if not 0 < length(option["text"]["text"]) <= 75 else []
        yield from ["option's value"] if not 0 < length(option["value"]) <= 150 else []
    yield from ["the same value twice"] if len({one["value"] for one in options}) < len(options) else []
    yield from ["initial_option is none of the options"] if options and initial and initial not in options else []
    yield from ["placeholder"] if length(select.get("placeholder", {}).get("text", "")) > 150 else []


def _texts(value: Any) -> Iterator[str]:
    """What can be read of a payload."""
    for one in walk(value):
        yield from (one[key] for key in ("text", "url", "fallback") if isinstance(one.get(key), str))
