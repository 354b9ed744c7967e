"""Knows how cards and forms look in a terminal. Knows nothing of what they say, nor of how they get there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from shlex import quote

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.progress_bar import ProgressBar
from rich.rule import Rule
from rich.table import Table as Grid
from rich.text import Text as Words

from bot.chat import cards, parse
from bot.chat.cards import Block, Button, Card, Form, Line, LinkButton
from bot.chat.ids import decode
from bot.domain.errors import Refused
from bot.platforms.terminal.spans import COLOURS, Reader, harmless, link, one_line, spans, toned
from bot.platforms.terminal.tables import Hanging, Pairs, Rows
from bot.views.actions import SAY

MOST_CHOICES = 12
_BAR = 30


def render(shown: Card | Form, reader: Reader) -> RenderableType:
    """A card or form to be printed at any width."""
    return _card(shown, reader) if isinstance(shown, Card) else _form(shown, reader)


def typed(press: str) -> str | None:
    """The line that a button says, or None for a button that cannot be typed."""
    try:
        return dict(decode(press, {SAY.name: SAY})[1].values)["line"]
    except Refused:
        return None


def summary(card: Card, reader: Reader) -> str:
    """A card at work as one bare line: its title, how far it is, and what is said of that (an outage, say)."""
    parts = [card.title]
    for block in card.blocks:
        match block:
            case cards.Progress():
                parts.append(_progress_words(block))
            case cards.Text(line=line) if len(parts) > 1:
                parts.append(spans(line, reader).plain)
    return " · ".join(map(one_line, parts))


def _card(card: Card, reader: Reader) -> Group:
    parts: list[RenderableType] = [toned((card.title,), card.tone, reader, "bold")]
    before: Block | None = None
    for block in card.blocks:
        drawn = _block(block, reader)
        if drawn is None:
            continue
        if not (_is_tight(before) and _is_tight(block)):
            parts.append(Words())
        parts.append(drawn)
        before = block
    if card.footer:
        parts += [Words(), spans(card.footer, reader, "dim")]
    return Group(*parts)


def _is_tight(block: Block | None) -> bool:
    return isinstance(block, cards.Text | cards.Progress)


def _block(block: Block, reader: Reader) -> RenderableType | None:
    match block:
        case cards.Text(line=line, tone=tone):
            return toned(line, tone, reader)
        case cards.Heading(text=words):
            return Words(harmless(words), style="bold underline")
        case cards.Items(lines=lines, ordered=ordered):
            return _items(lines, ordered, reader)
        case cards.Fields(pairs=pairs):
            return Pairs([(label, spans(value, reader)) for label, value in pairs])
        case cards.Table():
            return Rows(block, reader)
        case cards.Snippet(text=words):
            # Not indented and not wrapped, so that what is copied is what was meant.
            return Words(harmless(words), style="cyan", no_wrap=True, overflow="ignore")
        case cards.Progress():
            return _Bar(block)
        case cards.Buttons(buttons=buttons):
            return _lines([_button(button, reader) for button in buttons])
        case cards.Pick(label=label, press=press, choices=choices):
            return _pick(label, typed(press), choices)
        case cards.Image(alt=alt, file=file):
            return _to_fetch(f"Picture: {harmless(alt)}", file, PurePath(file).name)
        case cards.Attachment(name=name, file=file, size=size):
            measure = "" if size is None else f", {_size(size)}"
            return _to_fetch(f"File: {harmless(name)}{measure}", file, name)
        case cards.Divider():
            return Rule(style="dim", characters="-" if reader.ascii_only else "─")


def _items(lines: Sequence[Line], ordered: bool, reader: Reader) -> RenderableType:
    bullet = "-" if reader.ascii_only else "•"
    marks = [f"{number}." if ordered else bullet for number in range(1, len(lines) + 1)]
    width = max(map(len, marks), default=0)
    return Group(
        *(Hanging(Words(f"{mark:>{width}} "), spans(line, reader)) for mark, line in zip(marks, lines, strict=True))
    )


def _progress_words(bar: cards.Progress) -> str:
    if not bar.total:
        return harmless(bar.label)
    return f"{min(1.0, max(0.0, bar.done / bar.total)):.0%} {harmless(bar.label)}"


def _button(button: Button | LinkButton, reader: Reader) -> Words | None:
    if isinstance(button, LinkButton):
        return link(button.label, button.url, reader)
    line = typed(button.press)
    return None if line is None else _says(button.label, line)


def _pick(label: str, line: str | None, choices: Sequence[cards.Choice]) -> RenderableType | None:
    if line is None:
        return None
    drawn = [_says(choice.label, f"{line} {parse.quote(choice.value)}") for choice in choices[:MOST_CHOICES]]
    more = len(choices) - len(drawn)
    return _lines([Words(harmless(label) + ":"), *drawn, *([Words(f"… and {more} more")] if more > 0 else [])])


def _says(label: str, line: str) -> Words:
    drawn = Words("> ", overflow="fold")
    if label != line:
        drawn.append(harmless(label) + "  ")
    return drawn.append(one_line(line), style="cyan")


def _lines(lines: Iterable[Words | None]) -> Group | None:
    drawn = [line for line in lines if line is not None]
    return Group(*drawn) if drawn else None


def _to_fetch(told: str, file: str, name: str) -> Group:
    """What there is to take away, and the command that does."""
    command = f"lifeboat file {quote(one_line(file))} > {quote(one_line(name))}"
    return Group(
        Words(told, overflow="fold"),
        Words(command, style="cyan", no_wrap=True, overflow="ignore"),
    )


def _size(size: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.3g} {unit}" if unit != "bytes" else f"{size:.0f} bytes"
        size /= 1000
    return f"{size:.3g} TB"


@dataclass(frozen=True, slots=True)
class _Bar:
    """How far something is: a bar, with its words beside it or below."""

    progress: cards.Progress

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        words = Words(_progress_words(self.progress), overflow="fold")
        if not self.progress.total:
            yield words
            return
        width = min(_BAR, options.max_width)
        bar = ProgressBar(
            self.progress.total,
            self.progress.done,
            width,
            complete_style=COLOURS[cards.Tone.WORKING],
            finished_style=COLOURS[cards.Tone.GOOD],
        )
        if width + 1 + words.cell_len > options.max_width:
            yield bar
            yield Words()
            yield words
            return
        grid = Grid.grid(padding=(0, 1))
        grid.add_row(bar, words)
        yield grid


def _form(form: Form, reader: Reader) -> Group:
    parts: list[RenderableType] = [Words(harmless(form.title), style="bold")]
    if form.intro:
        parts.append(spans(form.intro, reader))
    if form.title.startswith("/"):
        parts += [Words(), Words("Usage: ").append(usage(form), style="cyan")]
    pairs = [(field.key.replace("_", "-"), Words(_meaning(field), overflow="fold")) for field in form.fields]
    return Group(*parts, Words(), Pairs(pairs))


def usage(form: Form) -> str:
    """The line that a command's form stands for, with a place for each answer."""
    return " ".join((harmless(form.title), *(_place(field) for field in form.fields)))


def _place(field: cards.Field) -> str:
    name = field.key.replace("_", "-")
    values = [choice.value for choice in field.choices]
    if values == ["no", "yes"]:
        return f"[--{name}]"
    shown = harmless("|".join(values) or name)
    return f"<{shown}>" if field.required else f"[{shown}]"


def _meaning(field: cards.Field) -> str:
    parts = [field.help or field.label]
    if field.error:
        parts.append(field.error)
    if field.value:
        parts.append(f"Now: {field.value}")
    return harmless(" · ".join(parts))
