"""Knows how a card looks in Discord: one container of Components V2. Knows nothing of what it says or where it goes."""

import math
import re
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import PurePath
from typing import Any

import discord
from discord import ui

from bot.chat import units
from bot.chat.cards import (
    Attachment,
    Block,
    Bold,
    Buttons,
    Card,
    Code,
    Divider,
    Fields,
    Heading,
    Image,
    Items,
    Line,
    Pick,
    Progress,
    Snippet,
    Table,
    Text,
    Tone,
)
from bot.chat.markdown import to_markdown
from bot.platforms.discord import limits, spans
from bot.platforms.discord.controls import Controls
from bot.platforms.discord.fit import Extra, Item, Passage, Piece, Rank, Row, Rule, Words, fitted, words
from bot.platforms.discord.spans import Calls
from bot.platforms.discord.tables import Draw, signed, table

WHOLE = "whole"
"""The key of a file that holds all of a card which is too long for one message; its text comes with the upload."""

COLOURS = {Tone.GOOD: 0x2E9E5B, Tone.WARNING: 0xE3A008, Tone.BAD: 0xD83A34, Tone.WORKING: 0x3B82F6}
_LOUD = 90
"""A title longer than this is a sentence or two, and would shout in the largest letters."""
_BAR = 16


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that has to be sent with the message under this name. With `text` it is that; else its key opens it."""

    name: str
    key: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A card as one message. `files` go with it; `mentions` says whom it may call."""

    pieces: tuple[Piece, ...]
    colour: int | None
    files: tuple[Upload, ...]
    mentions: discord.AllowedMentions

    def view(self) -> ui.LayoutView:
        """For discord.py to send. It is stopped: presses are read from their ids, so nothing of it is kept."""
        view = ui.LayoutView(timeout=None)
        view.add_item(ui.Container(*map(_item, self.pieces), accent_colour=self.colour))
        view.stop()
        return view

    @property
    def components(self) -> list[dict[str, Any]]:
        """As they are sent."""
        sent: list[dict[str, Any]] = self.view().to_components()  # type: ignore[no-untyped-call] # as the library has it
        return sent


def draw(card: Card, calls: Calls, given: Container[str] = (), prefix: str = "") -> Drawn:
    """The card within Discord's limits. `given`: keys of files that the sender can send along; `WHOLE` may be one.

    `prefix` is what commands are called by here, for the lines that stand in place of controls.
    """
    called = _Called(calls)
    drawing = _Drawing(partial(spans.line, calls=called), given, prefix)
    fit = fitted([*drawing.title(card), *drawing.blocks(card.blocks), *drawing.footer(card.footer)])
    notice = drawing.left_out(fit.gone, card) if fit.short else ()
    pieces = tuple(piece for piece in (*fit.pieces, *notice) if not isinstance(piece, Words) or str(piece))
    return Drawn(pieces, COLOURS.get(card.tone), tuple(drawing.files), called.mentions())


class _Called:
    """Remembers who is called, so that nobody else can be."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._found: dict[str, set[str]] = {"users": set(), "roles": set()}

    def __call__(self, who: str) -> str | None:
        found = self._calls(who)
        if found is not None and spans.is_id(found):
            self._found["roles" if who.startswith("role:") else "users"].add(found)
        return found

    def mentions(self) -> discord.AllowedMentions:
        """Exactly these people and roles."""
        users, roles = (
            [discord.Object(int(one)) for one in sorted(self._found[kind])[: limits.ALLOWED_MENTIONS]]
            for kind in ("users", "roles")
        )
        return discord.AllowedMentions(everyone=False, replied_user=False, users=users, roles=roles)


class _Drawing:
    """Draws the blocks of one card; collects the files to send with it."""

    def __init__(self, line: Draw, given: Container[str], prefix: str) -> None:
        self._line = line
        self._given = given
        self._controls = Controls(line, prefix)
        self.files: list[Upload] = []

    def title(self, card: Card) -> Iterator[Piece]:
        """The verdict, in large letters unless it is long."""
        title = units.cut(card.title, limits.TITLE)
        head = self._line((signed(title, card.tone),)) or "…"
        yield words(f"{'##' if units.length(title) <= _LOUD else '###'} {head}", rank=Rank.FIRM)

    def footer(self, footer: Line) -> Iterator[Piece]:
        """Small print."""
        if written := self._line(footer):
            yield words(f"-# {written}", rank=Rank.FIRM)

    def blocks(self, blocks: Iterable[Block]) -> list[Piece]:
        """Every block; what leads to a text stands over it."""
        grouped: list[Piece] = []
        for piece in (piece for block in blocks for piece in self._pieces(block)):
            before = grouped[-1] if grouped else None
            if isinstance(before, Words) and isinstance(piece, Words) and before.leads > piece.leads and str(piece):
                grouped[-1] = Words((*before.passages, *piece.passages), piece.leads)
            else:
                grouped.append(piece)
        return grouped

    def left_out(self, passages: int, card: Card) -> Iterator[Piece]:
        """What is said and sent of a card that was too long."""
        told = [limits.more(passages, "paragraphs, too many for one message.")] if passages else []
        if WHOLE in self._given:
            told.append("All of it is in the file.")
        yield words(f"-# {' '.join(told)}" if told else "")
        if WHOLE in self._given:
            name = self._upload(WHOLE, "everything.md", to_markdown(card))
            yield Extra(partial(ui.File, f"attachment://{name}"), "")

    def _pieces(self, block: Block) -> Iterator[Piece]:
        match block:
            case Heading(text=name):
                yield words(f"### {written}" if (written := self._line((name,))) else "", leads=2)
            case Text(line=line, tone=tone):
                is_bold = all(isinstance(span, Bold) for span in line)
                yield words(signed(self._line(line), tone), leads=1 if is_bold else 0)
            case Items(lines=lines, ordered=ordered):
                marks = (f"{place}." if ordered else "-" for place in range(1, len(lines) + 1))
                listed = [f"{mark} {self._line(one)}" for mark, one in zip(marks, lines, strict=True)]
                yield words(*listed, rank=Rank.LISTED)
            case Fields(pairs=pairs):
                named = [self._line((Bold(f"{label}:"), " ", *value)) for label, value in pairs]
                yield words(*named, rank=Rank.LISTED)
            case Table():
                yield Words((table(block, self._line),))
            case Snippet():
                yield Words((_fence(block),))
            case Progress():
                yield words(self._progress(block))
            case Buttons():
                yield from self._controls.buttons(block)
            case Pick():
                yield from self._controls.pick(block)
            case Image(alt=alt, file=file):
                yield self._image(alt, file)
            case Attachment():
                yield self._attachment(block)
            case Divider():
                yield Rule()

    def _progress(self, progress: Progress) -> str:
        label = self._line((progress.label,))
        share = _share(progress)
        if share is None:
            return signed(label or "…", Tone.WORKING)
        full = int(_BAR * share)
        return f"`{'█' * full}{'░' * (_BAR - full)}` **{math.floor(100 * share)} %** {label}".strip()

    def _image(self, alt: str, file: str) -> Piece:
        twin = self._line((Bold("Picture:"), f" {alt}"))
        if not self._can_send(file):
            return words(twin)
        name = self._upload(file, PurePath(file).name)
        described = units.cut(spans.one_line(alt).strip(), limits.ALT) or None
        return Extra(
            lambda: ui.MediaGallery(discord.MediaGalleryItem(f"attachment://{name}", description=described)), twin
        )

    def _attachment(self, attachment: Attachment) -> Piece:
        twin = self._line((Bold("File:"), " ", Code(attachment.name)))
        if not self._can_send(attachment.file):
            return words(twin)
        name = self._upload(attachment.file, attachment.name)
        return Extra(partial(ui.File, f"attachment://{name}"), twin)

    def _can_send(self, file: str) -> bool:
        # One place is left for the file that holds all of a long card.
        return file in self._given and len(self.files) < limits.FILES - 1

    def _upload(self, key: str, name: str, text: str = "") -> str:
        """Note a file to be sent; the name it has in this message, of the signs that Discord does not change."""
        safe = re.sub(r"[^\w.-]+", "_", name, flags=re.ASCII).lstrip("._")[-80:] or "file"
        taken = {upload.name for upload in self.files}
        unique = safe if safe not in taken else f"{len(self.files) + 1}_{safe}"
        self.files.append(Upload(unique, key, text))
        return unique


def _fence(snippet: Snippet) -> Passage:
    language = re.sub(r"[^\w+#.-]", "", snippet.language, flags=re.ASCII)
    lines = spans.fenced(snippet.text).strip("\n").split("\n")
    if not "".join(lines).strip():
        return Passage(())
    cut = tuple(units.cut(line, limits.LINE) for line in lines)
    return Passage(cut, Rank.LISTED, f"```{language}", "```", "lines")


def _share(progress: Progress) -> float | None:
    """How far, from 0 to 1; None where nobody knows."""
    if not progress.total or not math.isfinite(progress.done) or not math.isfinite(progress.total):
        return None
    return min(1.0, max(0.0, progress.done / progress.total))


def _item(piece: Piece) -> Item:
    match piece:
        case Words():
            return ui.TextDisplay(str(piece))
        case Row(controls=controls):
            return ui.ActionRow(*(control.build() for control in controls))
        case Extra(build=build):
            return build()
        case Rule():
            return ui.Separator()
