"""Knows how questions are put to somebody at a terminal. Knows nothing of what the answers are for."""

import asyncio
from typing import TextIO

from bot.chat.cards import Button, Buttons, Card, Field, Form
from bot.chat.ids import decode
from bot.domain.errors import Refused
from bot.platforms.terminal.screen import Screen
from bot.platforms.terminal.spans import one_line
from bot.router import Pressed
from bot.views.actions import CONFIRM

_YES = ("y", "yes")


async def next_ask(shown: Card | Form, screen: Screen) -> tuple[Pressed | None, bool]:
    """What to send after what was shown, and whether it was a question at all.

    A question stays open (None) where nobody can answer, and where somebody does not.
    """
    if isinstance(shown, Form):
        return await _fill(shown, screen), True
    press = _confirmation(shown)
    if press is None:
        return None, False
    if not screen.asks:
        screen.note("Nothing was done: this asks for a yes first. Say it at a terminal, or in the console.")
        return None, True
    screen.console.print("Type yes to do it: ", end="")
    answer = await _line(screen.answers)
    return (Pressed(press) if answer is not None and answer.lower() in _YES else None), True


def _confirmation(card: Card) -> str | None:
    for block in card.blocks:
        for button in block.buttons if isinstance(block, Buttons) else ():
            if isinstance(button, Button) and _confirms(button.press):
                return button.press
    return None


def _confirms(press: str) -> bool:
    try:
        decode(press, {CONFIRM.name: CONFIRM})
    except Refused:
        return False
    return True


async def _fill(form: Form, screen: Screen) -> Pressed | None:
    if not screen.asks:
        return None
    screen.console.print()
    values: dict[str, str] = {}
    for field in form.fields:
        answer = await _answer(field, screen)
        if answer is None:
            return None
        values[field.key] = answer
    return Pressed(form.submit, values=values)


async def _answer(field: Field, screen: Screen) -> str | None:
    """What was answered; asked again while it cannot be. None at the end of the input."""
    choices = [choice.value for choice in field.choices]
    offered = f" ({', '.join(choices)})" if choices else ""
    preset = f" [{field.value}]" if field.value else "" if field.required else " [leave empty]"
    while True:
        screen.console.print(one_line(f"{field.label}{offered}{preset}:"), end=" ")
        answer = await _line(screen.answers)
        if answer is None:
            return None
        answer = answer or field.value
        if (answer or not field.required) and (not answer or not choices or answer in choices):
            return answer


async def _line(source: TextIO) -> str | None:
    """A typed line, waited for without holding anything else up; None at the end of the input."""
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(source, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(source)
    # A terminal hands over whole lines, so this does not wait.
    line = source.readline()
    return line.strip() if line else None
