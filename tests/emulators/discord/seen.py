"""Knows how a message looks to the person who reads it. Knows nothing of how it was sent."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.emulators.discord.components import BUTTON, FILE, GALLERY, SELECT, TEXT, walk
from tests.emulators.discord.messages import File, Message, Messages
from tests.emulators.discord.rules import THINKING
from tests.emulators.discord.world import World

FENCE = re.compile(r"```(?:\w*\n)?(.*?)```", re.DOTALL)
CODE = re.compile(r"(`+)(.+?)\1", re.DOTALL)
LINK = re.compile(r"\[([^\]\n]+)\]\(<?([^)\s>]+)>?\)")
MENTION = re.compile(r"<(@!?|@&|#)(\d+)>")
STYLES = re.compile(r"(?<!\\)(\*\*\*|\*\*|__|~~|\|\||\*|(?<!\w)_(?=\S)|(?<=\S)_(?!\w))")
ESCAPED = re.compile(r"\\([^\w\s]|_)")
LINE_STARTS = re.compile(r"^(#{1,3} |-# |> |>>> )", re.MULTILINE)


@dataclass(frozen=True)
class Seen:
    """A message as it stands now. Ask again for a later state."""

    id: str
    channel: str
    text: str
    """All its text as it was written, markdown and all."""
    words: str
    """All its text as it is read: no markdown, names for mentions, links as their labels. No labels of buttons."""
    buttons: tuple[str, ...]
    choices: tuple[str, ...]
    """The labels in its menus."""
    links: dict[str, str]
    """The pages that its link buttons and links in the text lead to, by their labels."""
    components: list[dict[str, Any]]
    flags: int
    ephemeral: bool
    thinking: bool
    attachments: tuple[File, ...]
    pings: frozenset[str]
    """Ids of the people and roles it notified, and `everyone`."""
    thread: str | None
    """The channel id of the thread under it."""
    edited: bool
    pinned: bool


def seen(message: Message, world: World, messages: Messages) -> Seen:
    """What a message shows."""
    every = list(walk(message.components))
    text = "\n".join(filter(None, (message.content, *map(_embed, message.embeds), *map(_own_text, every))))
    buttons = [one for one in every if one["type"] == BUTTON]
    links = dict(LINK.findall(text))
    return Seen(
        id=message.id,
        channel=message.channel_id,
        text=text,
        words=read(text, _names(world)),
        buttons=tuple(one.get("label") or "" for one in buttons),
        choices=tuple(option["label"] for one in every if one["type"] == SELECT for option in one["options"]),
        links=links | {one.get("label") or "": one["url"] for one in buttons if one.get("url")},
        components=message.components,
        flags=message.flags,
        ephemeral=message.to is not None,
        thinking=bool(message.flags & THINKING),
        attachments=tuple(messages.files[one["id"]] for one in message.attachments),
        pings=frozenset(message.pings),
        thread=message.thread.id if message.thread else None,
        edited=message.edited_at is not None,
        pinned=message.pinned,
    )


def _own_text(component: dict[str, Any]) -> str:
    if component["type"] == TEXT:
        return str(component["content"])
    if component["type"] == GALLERY:
        return "\n".join(item.get("description") or "" for item in component["items"])
    return str(component.get("name") or "") if component["type"] == FILE else ""


def _embed(embed: dict[str, Any]) -> str:
    parts = [embed.get("title"), embed.get("description"), (embed.get("footer") or {}).get("text")]
    for field in embed.get("fields") or []:
        parts += [field["name"], field["value"]]
    return "\n".join(part for part in parts if part)


def _names(world: World) -> Callable[[str, str], str]:
    def name(kind: str, mentioned: str) -> str:
        if kind == "#":
            channel = world.channels.get(mentioned)
            return f"#{channel.name}" if channel else "#unknown"
        if kind == "@&":
            return "@" + str(world.roles.get(mentioned, {}).get("name", "unknown-role"))
        return "@" + str(world.users.get(mentioned, {}).get("username", "unknown-user"))

    return name


def read(text: str, name: Callable[[str, str], str]) -> str:
    """Discord's markdown as it is read; what stands in code is left as it is."""
    kept: list[str] = []

    def keep(literal: str) -> str:
        kept.append(literal)
        return f"\0{len(kept) - 1}\0"

    text = FENCE.sub(lambda found: keep(found[1]), text)
    text = CODE.sub(lambda found: keep(found[2]), text)
    text = ESCAPED.sub(lambda found: keep(found[1]), text)
    text = LINK.sub(lambda found: found[1], text)
    text = MENTION.sub(lambda found: keep(name(found[1].replace("!", ""), found[2])), text)
    text = STYLES.sub("", LINE_STARTS.sub("", text))
    return re.sub("\0(\\d+)\0", lambda found: kept[int(found[1])], text)
