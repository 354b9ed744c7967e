"""Knows what a message body, a modal and a list of choices may be. Knows nothing of who sends it and where it goes.

Sources: https://discord.com/developers/docs/resources/message and /interactions/receiving-and-responding
"""

from collections import Counter
from typing import Any

from tests.emulators.discord import components as kinds
from tests.emulators.discord.errors import DiscordError, Problems

COMPONENTS_V2 = 1 << 15
EPHEMERAL = 1 << 6
THINKING = 1 << 7
HAS_THREAD = 1 << 5
SETTABLE = COMPONENTS_V2 | EPHEMERAL | 1 << 2 | 1 << 12

FILE_BYTES = 10 * 1024 * 1024
REQUEST_BYTES = 25 * 1024 * 1024
LEGACY = ("content", "embeds", "poll", "sticker_ids", "stickers")


def check_message(body: dict[str, Any], files: dict[str, bytes], problems: Problems, *, was: int | None = None) -> None:
    """Raise DiscordError when Discord would refuse a message; `was` holds the flags of the message that it edits."""
    sent = body.get("flags") or 0
    v2 = bool((sent | (was or 0)) & COMPONENTS_V2)
    if was is not None and was & COMPONENTS_V2 and body.get("flags") is not None and not sent & COMPONENTS_V2:
        problems.add(("flags",), "MESSAGE_CANNOT_REMOVE_COMPONENTS_V2_FLAG", "The flag cannot be removed again")
    if body.get("content") is not None:
        problems.length(("content",), body["content"], 0, 2000)
    _embeds(body.get("embeds"), problems)
    if v2:
        _without_legacy(body, problems)
    _components(body.get("components"), v2, problems)
    _mentions(body.get("allowed_mentions"), problems)
    _attachments(body, files, problems)
    problems.raise_if_any()
    for file in files.values():
        if len(file) > FILE_BYTES:
            raise DiscordError(413, 40005)
    if sum(map(len, files.values())) > REQUEST_BYTES:
        raise DiscordError(413, 40005)
    if was is None and not files and not any(body.get(key) for key in (*LEGACY, "components")):
        raise DiscordError(400, 50006)


def _without_legacy(body: dict[str, Any], problems: Problems) -> None:
    for key in LEGACY:
        if body.get(key):
            code = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"
            problems.add((key,), code, f"The '{key}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2")


def _components(given: Any, v2: bool, problems: Problems) -> None:
    if not given:
        return
    allowed, most = (kinds.TOP_LEVEL, 40) if v2 else ((kinds.ROW,), 5)
    kinds.check_all(given, ("components",), allowed, most, problems)
    every = list(kinds.walk(given if isinstance(given, list) else []))
    if len(every) > 40:
        problems.add(("components",), "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", "The maximum number is 40")
    if sum(len(str(one.get("content") or "")) for one in every if one.get("type") == kinds.TEXT) > 4000:
        code = "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED"
        problems.add(("components",), code, "The total displayable text size exceeds 4000")
    check_unique(every, problems)


def check_unique(every: list[dict[str, Any]], problems: Problems) -> None:
    """Note the ids that are there twice in one message or modal."""
    for key, code in (("custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED"), ("id", "COMPONENT_ID_DUPLICATED")):
        counted = Counter(one[key] for one in every if one.get(key))
        for value, count in counted.items():
            if count > 1:
                problems.add(("components",), code, f"Component {key} cannot be duplicated: {value}")


def _embeds(embeds: Any, problems: Problems) -> None:
    if not embeds:
        return
    problems.length(("embeds",), embeds, 0, 10)
    total = 0
    for at, embed in enumerate(embeds):
        limits = {"title": 256, "description": 4096}
        for key, most in limits.items():
            problems.length(("embeds", at, key), embed.get(key) or "", 0, most)
            total += len(embed.get(key) or "")
        problems.length(("embeds", at, "fields"), embed.get("fields") or [], 0, 25)
        for number, field in enumerate(embed.get("fields") or []):
            problems.length(("embeds", at, "fields", number, "name"), field.get("name"), 1, 256)
            problems.length(("embeds", at, "fields", number, "value"), field.get("value"), 1, 1024)
            total += len(field.get("name") or "") + len(field.get("value") or "")
        footer = (embed.get("footer") or {}).get("text") or ""
        problems.length(("embeds", at, "footer", "text"), footer, 0, 2048)
        total += len(footer) + len((embed.get("author") or {}).get("name") or "")
    if total > 6000:
        problems.add(("embeds",), "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000")


def _mentions(allowed: Any, problems: Problems) -> None:
    for key in ("users", "roles"):
        if allowed and key in (allowed.get("parse") or []) and allowed.get(key):
            code = "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE"
            problems.add(("allowed_mentions",), code, f"parse:[{key}] and {key}: [ids...] are mutually exclusive.")


def _attachments(body: dict[str, Any], files: dict[str, bytes], problems: Problems) -> None:
    kept = body.get("attachments") or []
    problems.length(("attachments",), kept, 0, 10)
    if len(files) > 10:
        problems.add(("attachments",), "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.")
    names = {*files, *(str(one.get("filename")) for one in kept if "filename" in one)}
    for component in kinds.walk(body.get("components") or []):
        for item in (component, *(component.get("items") or [])):
            media = item.get("file") or item.get("media")
            url = str(media.get("url")) if isinstance(media, dict) else ""
            # Attachments that stay are named by their id alone; only what is nowhere at all is surely wrong.
            if url.startswith("attachment://") and url.removeprefix("attachment://") not in names and not kept:
                code = "MEDIA_ITEM_ATTACHMENT_NOT_FOUND"
                problems.add(("components",), code, f"The referenced attachment was not found: {url}")


def check_modal(modal: Any, problems: Problems) -> None:
    """Raise DiscordError when Discord would refuse to open a modal."""
    modal = modal if isinstance(modal, dict) else {}
    problems.length(("title",), modal.get("title"), 1, 45)
    problems.length(("custom_id",), modal.get("custom_id"), 1, 100)
    given = modal.get("components")
    # Action rows around text inputs are still taken by Discord, but deprecated: nothing new should send them.
    kinds.check_all(given, ("components",), (kinds.LABEL, kinds.TEXT), 5, problems)
    check_unique(list(kinds.walk(given if isinstance(given, list) else [])), problems)
    problems.raise_if_any()


def check_choices(choices: Any, problems: Problems) -> None:
    """Raise DiscordError when Discord would refuse these completions."""
    problems.length(("choices",), choices, 0, 25)
    for at, choice in enumerate(choices if isinstance(choices, list) else []):
        problems.length(("choices", at, "name"), choice.get("name"), 1, 100)
        if isinstance(choice.get("value"), str):
            problems.length(("choices", at, "value"), choice["value"], 1, 100)
        elif not isinstance(choice.get("value"), int | float):
            problems.add(("choices", at, "value"), "BASE_TYPE_REQUIRED", "This field is required")
    problems.raise_if_any()
