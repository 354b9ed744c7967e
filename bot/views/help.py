"""Knows how the commands are explained, from their declarations. Knows nothing of what they do."""

from collections.abc import Sequence

from bot.chat.cards import Block, Bold, Buttons, Card, Code, Heading, Line, Span, Table, text
from bot.chat.declare import Command, Group, Parameter
from bot.domain.people import Role
from bot.views.actions import say

_FIRST = ("/backup status", "/incident start", "/lifeboat runbook", "/lifeboat doctor")


def help_card(groups: Sequence[Group]) -> Card:
    """What there is to say, by group: the words alone, and the way to each group in full."""
    blocks: list[Block] = [
        text("Lifeboat keeps and proves the copies of your Convex database, and leads you through getting it back.")
    ]
    for group in groups:
        blocks += [Heading(f"/{group.name}"), text(group.help), text(Code(" · ".join(group.commands)))]
    blocks.append(Buttons(tuple(say(f"All of /{group.name}", f"/{group.name}") for group in groups)))
    known = {command.line for group in groups for command in group.commands.values()}
    blocks.append(Buttons(tuple(say(line, line) for line in _FIRST if line in known)))
    return Card("What Lifeboat can do", tuple(blocks), footer=("More on one: /lifeboat help backup export",))


def command_card(command: Command) -> Card:
    """One command: usage, arguments, who may use it."""
    blocks: list[Block] = [text(Code(command.usage))]
    if command.details:
        blocks += [text(" ".join(paragraph.split())) for paragraph in command.details.split("\n\n")]
    if command.parameters:
        rows = tuple(_parameter(parameter) for parameter in command.parameters)
        blocks.append(Table(("Argument", "What it is", "Default"), rows))
    line: list[Span] = ["For ", Bold("everybody" if command.needs is Role.RESPONDER else f"{command.needs}s"), ". "]
    line.append("Only you see the answer." if command.private else "Everybody in the channel sees the answer.")
    if command.confirm:
        line.append(" It asks before it acts.")
    blocks.append(text(*line))
    if not any(parameter.required for parameter in command.parameters):
        blocks.append(Buttons((say(command.line, command.line, "primary"),)))
    return Card(command.help, tuple(blocks))


def markdown_table(groups: Sequence[Group]) -> str:
    """Every command as a Markdown table, for the README."""
    lines = ["| Command | What it does | Who |", "|---|---|---|"]
    for group in groups:
        for command in group.commands.values():
            who = "everybody" if command.needs is Role.RESPONDER else f"{command.needs}s"
            usage = command.usage.replace("|", "\\|")
            lines.append(f"| `{usage}` | {command.help} | {who} |")
    return "\n".join(lines)


def _parameter(parameter: Parameter) -> tuple[Line, ...]:
    name = parameter.option if parameter.type is bool else parameter.name
    default = "required" if parameter.required else str(parameter.default or "–")
    limited = f" One of: {', '.join(parameter.choices)}." if parameter.choices else ""
    return ((Code(name),), (parameter.help + limited,), ("no" if parameter.type is bool else default,))
