"""Knows what Slack refuses of a message, a view and the options of a select. Knows nothing of where they are kept."""

import copy
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from tests.emulators.slack.arguments import Refusal, invalid
from tests.emulators.slack.block_kit import BLOCK, GROUPS, OPTIONS, plain
from tests.emulators.slack.shapes import anything, boolean, items, record, string, wrong

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
BLOCKS_TEXT = 12_000
POSTED_TEXT = 40_000
UPDATED_TEXT = 4_000
VIEW_BYTES = 250_000

MESSAGES_ONLY = {"card", "carousel", "context_actions", "file", "markdown", "plan", "table", "task_card"}
"""Blocks that neither a modal nor a home takes."""

COMMON = {
    "callback_id": string(255, low=0),
    "private_metadata": string(3000, low=0),
    "external_id": string(255, low=0),
}
MODAL = record(
    {"title": plain(24), "blocks": items(anything, VIEW_BLOCKS)},
    COMMON
    | {"submit": plain(24), "close": plain(24), "clear_on_close": boolean, "notify_on_close": boolean}
    | {"submit_disabled": boolean},
)
HOME = record({"blocks": items(anything, VIEW_BLOCKS)}, COMMON)


def elements(blocks: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Every interactive element, with the block it stands in."""
    for block in blocks:
        inside = [*block.get("elements", ()), block.get("accessory"), block.get("element")]
        for one in inside:
            if isinstance(one, dict) and block.get("type") in ("actions", "section", "input"):
                yield block, one


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "text" and isinstance(inner, str):
                yield inner
            else:
                yield from _texts(inner)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


def blocks_wrong(blocks: Any, path: str, high: int, *, models: bool = True) -> list[str]:
    """All that is wrong with a list of blocks."""
    found = list(items(BLOCK, high, low=0)(blocks, path))
    if found:
        return found
    found += _ids_wrong(blocks, path)
    for at, block in enumerate(blocks):
        found += _content_wrong(block, f"{path}/{at}")
        if models and not found:
            found += _model_wrong(block, f"{path}/{at}")
    if sum(block["type"] == "table" for block in blocks) > 1:
        found.append(wrong("only_one_table_allowed", path))
    if sum(len(block["text"]) for block in blocks if block["type"] == "markdown") > BLOCKS_TEXT:
        found.append(wrong(f"markdown blocks must be less than {BLOCKS_TEXT + 1} characters together", path))
    return found


def _ids_wrong(blocks: list[dict[str, Any]], path: str) -> Iterator[str]:
    for block_id, times in Counter(block["block_id"] for block in blocks if block.get("block_id")).items():
        if times > 1:
            yield wrong(f"block_id already exists: {block_id}", path)
    for at, block in enumerate(blocks):
        inside = [one for _, one in elements([block]) if one.get("action_id")]
        for action_id, times in Counter(one["action_id"] for one in inside).items():
            if times > 1:
                yield wrong(f"action_id already exists for this block: {action_id}", f"{path}/{at}")
        if sum(bool(one.get("focus_on_load")) for one in inside) > 1:
            yield wrong("only one element may have focus_on_load", f"{path}/{at}")


def _content_wrong(block: dict[str, Any], path: str) -> Iterator[str]:
    if block["type"] == "section" and not block.get("text") and not block.get("fields"):
        yield wrong("missing required field: text or fields", path)
    if block["type"] == "image" and ("image_url" in block) == ("slack_file" in block):
        yield wrong("must have one of image_url and slack_file", path)
    for _, one in elements([block]):
        kind = one["type"]
        if kind in ("static_select", "multi_static_select") and ("options" in one) == ("option_groups" in one):
            yield wrong("must have one of options and option_groups", path)
        offered = offered_by(one)
        initial = [one["initial_option"]] if "initial_option" in one else one.get("initial_options", [])
        if kind in ("static_select", "multi_static_select", "radio_buttons", "checkboxes"):
            for option in initial:
                if option not in offered:
                    yield wrong("initial option must be one of the options", path)
        if kind in ("users_select", "channels_select", "conversations_select") and block["type"] == "section":
            continue
        if kind == "plain_text_input" and one.get("min_length", 0) > one.get("max_length", 3000):
            yield wrong("min_length must not be above max_length", path)


def offered_by(element: dict[str, Any]) -> list[dict[str, Any]]:
    """The options that an element holds itself, groups opened."""
    grouped = [option for group in element.get("option_groups", ()) for option in group["options"]]
    return [*element.get("options", ()), *grouped]


def _model_wrong(block: dict[str, Any], path: str) -> Iterator[str]:
    try:
        parsed = Block.parse(copy.deepcopy(block))
        if parsed is None:
            yield wrong(f"unknown block: {block.get('type')}", path)
        else:
            parsed.to_dict()
    except (SlackObjectFormationError, TypeError) as error:
        yield wrong(str(error), path)


def judge_message(
    text: str | None, blocks: Any, attachments: Any, *, longest: int = POSTED_TEXT, models: bool = True
) -> None:
    """Refuse what cannot be posted."""
    if attachments is not None and (
        not isinstance(attachments, list) or not all(isinstance(one, dict) for one in attachments)
    ):
        raise invalid("invalid_attachments", "must be an array of objects [json-pointer:/attachments]")
    if not text and not blocks and not attachments:
        raise Refusal("no_text")
    if text and len(text) > longest:
        raise Refusal("msg_too_long")
    if len(attachments or ()) > 100:
        raise Refusal("too_many_attachments")
    inside = [
        (f"/attachments/{at}/blocks", one["blocks"]) for at, one in enumerate(attachments or ()) if "blocks" in one
    ]
    for path, each in [("/blocks", blocks or []), *inside]:
        found = blocks_wrong(each, path, MESSAGE_BLOCKS, models=models)
        if found:
            raise invalid("invalid_blocks", *found)
        if sum(map(len, _texts(each))) > BLOCKS_TEXT:
            raise Refusal("msg_blocks_too_long")


def judge_metadata(metadata: Any) -> None:
    """Refuse metadata of the wrong form."""
    if metadata is None or metadata == {}:
        return
    if not isinstance(metadata, dict) or set(metadata) - {"event_type", "event_payload", "entities"}:
        raise Refusal("invalid_metadata_format")
    if not isinstance(metadata.get("event_type"), str) or not isinstance(metadata.get("event_payload"), dict):
        raise Refusal("invalid_metadata_format")
    if len(json.dumps(metadata)) > 8_000:
        raise Refusal("metadata_too_large")


def judge_view(view: Any, kind: str, *, models: bool = True) -> dict[str, Any]:
    """A view that Slack takes. `kind` is modal or home."""
    if not isinstance(view, dict):
        raise invalid("invalid_arguments", "must provide an object [json-pointer:/view]")
    if view.get("type") != kind:
        raise invalid("invalid_arguments", wrong(f"must be {kind}", "/view/type"))
    if len(json.dumps(view)) > VIEW_BYTES:
        raise Refusal("view_too_large")
    found = list((MODAL if kind == "modal" else HOME)(view, "/view"))
    if not found:
        found = blocks_wrong(view["blocks"], "/view/blocks", VIEW_BLOCKS, models=models)
        found += [
            wrong(f"unsupported type: {block['type']}", f"/view/blocks/{at}/type")
            for at, block in enumerate(view["blocks"])
            if isinstance(block, dict) and block.get("type") in MESSAGES_ONLY
        ]
    if not found and kind == "modal" and "submit" not in view and any(one["type"] == "input" for one in view["blocks"]):
        found = [wrong("missing required field: submit", "/view")]
    if not found and models:
        try:
            View(**copy.deepcopy(view)).to_dict()
        except (SlackObjectFormationError, TypeError) as error:
            found = [wrong(str(error), "/view")]
    if found:
        raise invalid("invalid_arguments", *found)
    return view


def options_wrong(payload: Any) -> list[str]:
    """What is wrong with the answer to a select that asks for its options."""
    if not isinstance(payload, dict) or ("options" in payload) == ("option_groups" in payload):
        return [wrong("must have one of options and option_groups", "")]
    if "options" in payload:
        # None found is a fair answer; a select that holds its own options may not be empty.
        return list(OPTIONS(payload["options"], "/options")) if payload["options"] else []
    return list(GROUPS(payload["option_groups"], "/option_groups"))
