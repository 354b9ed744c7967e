"""Knows how Discord gives back the components it was sent: numbered and filled in. Knows nothing of their limits."""

from collections.abc import Callable
from itertools import count
from typing import Any

from tests.emulators.discord import components as kinds

Attachments = dict[str, dict[str, Any]]


def echo(components: list[dict[str, Any]], attachments: Attachments, new_id: Callable[[], str]) -> list[dict[str, Any]]:
    """The components as a message shows them. `attachments` by file name resolve `attachment://` links."""
    taken = {one["id"] for one in kinds.walk(components) if one.get("id")}
    free = (number for number in count(1) if number not in taken)
    return [_one(component, lambda: next(free), attachments, new_id) for component in components]


def _one(
    component: dict[str, Any], number: Callable[[], int], attachments: Attachments, new_id: Callable[[], str]
) -> dict[str, Any]:
    kind = component["type"]
    shown: dict[str, Any] = {"type": kind, "id": component.get("id") or number()}
    shown |= {key: component[key] for key in KEPT[kind] if component.get(key) is not None}
    shown |= {key: component.get(key, other) for key, other in FILLED.get(kind, {}).items()}
    if "components" in component:
        shown["components"] = [_one(child, number, attachments, new_id) for child in component["components"]]
    if "accessory" in component:
        shown["accessory"] = _one(component["accessory"], number, attachments, new_id)
    if kind == kinds.GALLERY:
        filled = {"description": None, "spoiler": False}
        shown["items"] = [
            filled | item | {"media": _media(item["media"], attachments, new_id)} for item in component["items"]
        ]
    for key in ("media", "file"):
        if key in component:
            shown[key] = _media(component[key], attachments, new_id)
    if kind == kinds.FILE:
        found = attachments.get(component["file"]["url"].removeprefix("attachment://"), {})
        shown |= {"name": found.get("filename"), "size": found.get("size")}
    return shown


def _media(media: dict[str, Any], attachments: Attachments, new_id: Callable[[], str]) -> dict[str, Any]:
    found = attachments.get(media["url"].removeprefix("attachment://"))
    if found is None:
        return {"id": new_id(), "url": media["url"], "proxy_url": media["url"]}
    return {
        "id": new_id(),
        "url": found["url"],
        "proxy_url": found["proxy_url"],
        "content_type": found.get("content_type"),
        "attachment_id": found["id"],
    }


KEPT: dict[int, tuple[str, ...]] = {
    kinds.ROW: (),
    kinds.BUTTON: ("style", "label", "custom_id", "url", "emoji", "disabled", "sku_id"),
    kinds.SELECT: ("custom_id", "placeholder", "disabled", "options"),
    **dict.fromkeys(kinds.SELECTS[1:], ("custom_id", "placeholder", "disabled", "default_values", "channel_types")),
    kinds.SECTION: (),
    kinds.TEXT: ("content",),
    kinds.THUMBNAIL: (),
    kinds.GALLERY: (),
    kinds.FILE: (),
    kinds.SEPARATOR: (),
    kinds.CONTAINER: (),
}
FILLED: dict[int, dict[str, Any]] = {
    **{kind: {"min_values": 1, "max_values": 1} for kind in kinds.SELECTS},
    kinds.THUMBNAIL: {"description": None, "spoiler": False},
    kinds.FILE: {"spoiler": False},
    kinds.SEPARATOR: {"spacing": 1, "divider": True},
    kinds.CONTAINER: {"accent_color": None, "spoiler": False},
}
