"""Knows how messages and views look to the person who reads them. Knows nothing of how they were sent."""

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.emulators.slack.rules import elements, offered_by
from tests.emulators.slack.views import Shown
from tests.emulators.slack.world import Message

CODE = re.compile(r"```(.*?)```|`([^`\n]+)`", re.DOTALL)
LINK = re.compile(r"<((?![!@#])[^<>|]+)\|([^<>]+)>")
ANGLED = re.compile(r"<([^<>\n]+)>")
STYLES = re.compile(
    r"(?<![\w*])\*(?=\S)(.+?)(?<=\S)\*(?![\w*])|(?<![\w_])_(?=\S)(.+?)(?<=\S)_(?![\w_])|(?<!\w)~(?=\S)(.+?)~"
)
QUOTED = re.compile(r"^&gt; ?", re.MULTILINE)


@dataclass(frozen=True)
class Seen:
    """A message, the home or a modal as it stands now. Ask again for a later state."""

    ts: str
    """The ts of the message, or the id of the view."""
    channel: str
    text: str
    """The text as it was sent: with blocks, what notifications show."""
    words: str
    """All that stands in it, as it is read: no markup, names for mentions, links as their labels. No buttons."""
    buttons: tuple[str, ...]
    choices: tuple[str, ...]
    """The labels in its menus."""
    links: dict[str, str]
    """Where its link buttons and the links in its text lead, by their labels."""
    blocks: list[dict[str, Any]]
    thread_ts: str | None = None
    ephemeral: bool = False
    edited: bool = False
    pinned: bool = False
    by: str = ""
    """The id of who wrote it."""
    files: tuple[str, ...] = ()
    metadata: dict[str, Any] | None = None
    reactions: frozenset[str] = frozenset()


def seen(message: Message, names: Mapping[str, str], *, pinned: bool = False) -> Seen:
    """What a message shows. Where there are blocks, the text is for notifications alone."""
    attached = [block for one in message.attachments for block in one.get("blocks", ())]
    legacy = [str(one[key]) for one in message.attachments for key in ("pretext", "title", "text") if one.get(key)]
    own = [] if message.blocks else [read(message.text, names)]
    lines = [*own, *words(message.blocks, names), *(read(one, names) for one in legacy), *words(attached, names)]
    every = [*message.blocks, *attached]
    return Seen(
        ts=message.ts,
        channel=message.channel,
        text=message.text,
        words="\n".join(line for line in lines if line),
        blocks=every,
        thread_ts=message.thread_ts,
        ephemeral=message.to is not None,
        edited=message.edited,
        pinned=pinned,
        by=message.user,
        files=tuple(one.name for one in message.files),
        metadata=message.metadata,
        reactions=frozenset(message.reactions),
        **_to_press(every, message.text),
    )


def seen_view(view: Shown, names: Mapping[str, str]) -> Seen:
    """What a view shows."""
    blocks = view.body["blocks"]
    title = view.body.get("title", {}).get("text", "")
    lines = [title, *words(blocks, names)]
    shown = "\n".join(line for line in lines if line)
    return Seen(ts=view.id, channel="", text=title, words=shown, blocks=blocks, **_to_press(blocks, ""))


def _to_press(blocks: list[dict[str, Any]], text: str) -> dict[str, Any]:
    inside = [one for _, one in elements(blocks)]
    buttons = [one for one in inside if one["type"] == "button"]
    links = {found[1]: found[0] for found in LINK.findall("\n".join([text, *_raw(blocks)]))}
    return {
        "buttons": tuple(one["text"]["text"] for one in buttons),
        "choices": tuple(option["text"]["text"] for one in inside for option in offered_by(one)),
        "links": links | {one["text"]["text"]: one["url"] for one in buttons if "url" in one},
    }


def _raw(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if value.get("type") == "mrkdwn":
            yield value["text"]
        for inner in value.values():
            yield from _raw(inner)
    elif isinstance(value, list):
        for one in value:
            yield from _raw(one)


def words(blocks: list[dict[str, Any]], names: Mapping[str, str]) -> Iterator[str]:
    """The text of blocks, in their order."""
    for block in blocks:
        kind = block["type"]
        if kind == "actions":
            continue
        if kind in ("rich_text", "table"):
            yield from _rich(block, names)
        elif kind == "markdown":
            yield re.sub(r"[*_`#~]", "", block["text"])
        elif kind == "image":
            yield block.get("title", {}).get("text", "") or block["alt_text"]
        elif kind == "input":
            yield block["label"]["text"]
            yield block.get("hint", {}).get("text", "")
        else:
            yield from _texts(block, names)


def _texts(value: Any, names: Mapping[str, str]) -> Iterator[str]:
    """Text objects anywhere inside, without those of what can be pressed."""
    if isinstance(value, list):
        for one in value:
            yield from _texts(one, names)
    elif isinstance(value, dict):
        if value.get("type") in ("plain_text", "mrkdwn", "raw_text"):
            yield value["text"] if value["type"] != "mrkdwn" else read(value["text"], names)
        elif value.get("type") == "image":
            yield value["alt_text"]
        else:
            yield from _texts([inner for key, inner in value.items() if key != "accessory"], names)


def _rich(value: Any, names: Mapping[str, str]) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _rich(one, names)
    elif isinstance(value, dict):
        if value.get("type") in ("rich_text_section", "rich_text_preformatted", "rich_text_quote"):
            yield "".join(_span(one, names) for one in value["elements"])
        elif value.get("type") == "raw_text":
            yield value["text"]
        else:
            yield from _rich([*value.get("rows", ()), *value.get("elements", ())], names)


def _span(span: dict[str, Any], names: Mapping[str, str]) -> str:
    kind = span["type"]
    if kind == "user":
        return "@" + names.get(span["user_id"], "unknown-user")
    if kind == "usergroup":
        return "@" + names.get(span["usergroup_id"], "unknown-group")
    if kind == "emoji":
        return f":{span['name']}:"
    return str(span.get("text") or span.get("url") or span.get("fallback") or "")


def read(text: str, names: Mapping[str, str]) -> str:
    """Slack's mrkdwn as it is read; what stands in code is left as it is."""
    kept: list[str] = []

    def keep(found: re.Match[str]) -> str:
        kept.append(found[1] or found[2] or "")
        return f"\0{len(kept) - 1}\0"

    text = CODE.sub(keep, text)
    text = QUOTED.sub("", text)
    text = ANGLED.sub(lambda found: _angled(found[1], names), text)
    for _ in range(3):
        text = STYLES.sub(lambda found: found[1] or found[2] or found[3], text)
    text = re.sub("\0(\\d+)\0", lambda found: ANGLED.sub(lambda one: _angled(one[1], names), kept[int(found[1])]), text)
    return html.unescape(text)


def _angled(inside: str, names: Mapping[str, str]) -> str:
    target, _, label = inside.partition("|")
    if target.startswith("@"):
        return "@" + (label or names.get(target[1:], "unknown-user"))
    if target.startswith("!subteam^"):
        return "@" + (label.removeprefix("@") or names.get(target.removeprefix("!subteam^"), "unknown-group"))
    if target.startswith("#"):
        return "#" + (label or names.get(target[1:], "unknown-channel"))
    if target.startswith("!date^"):
        return label
    if target.startswith("!"):
        return "@" + target[1:]
    return label or target
