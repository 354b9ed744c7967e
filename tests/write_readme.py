"""Write the table of commands into the README: `python -m tests.write_readme`."""

from pathlib import Path

from bot.views.help import markdown_table
from commands import GROUPS

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- commands -->", "<!-- /commands -->"


def main() -> None:
    """Replace what stands between the two marks."""
    text = README.read_text("utf-8")
    before, after = text[: text.index(BEGIN) + len(BEGIN)], text[text.index(END) :]
    README.write_text(f"{before}\n{markdown_table(GROUPS)}\n{after}", "utf-8")


if __name__ == "__main__":
    main()
