"""Write what is generated into the documents: `python -m tests.write_readme`."""

from collections.abc import Mapping
from pathlib import Path

from bot.domain.checklist import MOVES, State
from bot.platforms.discord.permissions import PERMISSIONS
from bot.platforms.slack.scopes import APP_SCOPES, EVENTS, SCOPES
from bot.views.help import markdown_table
from commands import GROUPS

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
_AS_SHOWN = {name.replace("_", " ").title(): meaning for name, meaning in PERMISSIONS.items()}


def generated() -> dict[Path, dict[str, str]]:
    """What stands between the marks of each document."""
    return {
        README: {"commands": markdown_table(GROUPS), "moves": _diagram()},
        ROOT / "docs" / "slack.md": {
            "scopes": _table("Scope", SCOPES | APP_SCOPES),
            "events": _table("Event", EVENTS),
        },
        ROOT / "docs" / "discord.md": {"permissions": _table("Permission", _AS_SHOWN)},
    }


def filled(text: str, parts: Mapping[str, str]) -> str:
    """A document with what is generated between its marks."""
    for name, part in parts.items():
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        before, after = text[: text.index(begin) + len(begin)], text[text.index(end) :]
        text = f"{before}\n{part}\n{after}"
    return text


def _diagram() -> str:
    """The table of moves as a diagram that GitHub draws."""
    arrows: dict[tuple[State, State], list[str]] = {}
    for state, moves in MOVES.items():
        for move, to in moves.items():
            arrows.setdefault((state, to), []).append(move.value)
    names = {state: state.name for state in State}
    lines = [f"    {names[a]}: {a.value}" for a in State]
    lines += [f"    {names[a]} --> {names[b]}: {', '.join(moves)}" for (a, b), moves in arrows.items()]
    return "\n".join(("```mermaid", "stateDiagram-v2", "    [*] --> TODO", *lines, "```"))


def _table(head: str, meanings: Mapping[str, str]) -> str:
    rows = [f"| `{name}` | {meaning} |" for name, meaning in meanings.items()]
    return "\n".join((f"| {head} | What for |", "|---|---|", *rows))


def main() -> None:
    """Write every document that is not up to date."""
    for path, parts in generated().items():
        path.write_text(filled(path.read_text("utf-8"), parts), "utf-8")


if __name__ == "__main__":
    main()
