"""How people act and read in the emulated Discord, where no bot is needed for it."""

from typing import Any

import pytest

from tests.emulators.discord import NotPossible, slash
from tests.emulators.discord.seen import read

NAMES = {"@1": "@ada", "@&2": "@operators", "#3": "#backups"}

READ = {
    "**Bold** and *slanted* and ~~gone~~": "Bold and slanted and gone",
    "## Heading\n-# small\n> quoted": "Heading\nsmall\nquoted",
    "snake_case_name stays, _this_ does not mark": "snake_case_name stays, this does not mark",
    r"\*\*not bold\*\* and \<@1\>": "**not bold** and <@1>",
    "`/backup **status**`": "/backup **status**",
    "```toml\nkey = '**x**'\n```": "key = '**x**'\n",
    "[the manual](https://example.org/a_b)": "the manual",
    "<@1>, <@!1>, <@&2> in <#3>": "@ada, @ada, @operators in #backups",
}


@pytest.mark.parametrize(("written", "words"), READ.items())
def test_what_is_written_is_read_without_its_markdown(written: str, words: str) -> None:
    assert read(written, lambda kind, mentioned: NAMES[kind + mentioned]) == words


def option(name: str, kind: int = 3, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "description": "x", **more}


DECLARED = [option("environment", required=True), option("into"), option("files", 5), option("words")]

TYPED = {
    "production": {"environment": "production"},
    "environment:production files:false": {"environment": "production", "files": "false"},
    "production --files": {"environment": "production", "files": "true"},
    "production --into staging": {"environment": "production", "into": "staging"},
    "production --into=staging some more": {"environment": "production", "into": "staging", "words": "some more"},
    "production staging find 'these two' words": {
        "environment": "production",
        "into": "staging",
        "words": "find these two words",
    },
    "words:'two words' production": {"environment": "production", "words": "two words"},
    "https://example.org": {"environment": "https://example.org"},
}


@pytest.mark.parametrize(("line", "values"), TYPED.items())
def test_a_line_is_taken_apart_as_it_is_typed(line: str, values: dict[str, str]) -> None:
    _, words = slash.split(f"/backup {line}")
    assert slash.values(DECLARED, words) == values


def test_a_line_that_fits_no_option_is_refused() -> None:
    for words in (["production", "--nothing"], ["production", "--into"], ["into:"]):
        with pytest.raises(NotPossible):
            slash.values(DECLARED, words)
    with pytest.raises(NotPossible):
        slash.values([option("files", 5)], ["loose"])
    with pytest.raises(NotPossible):
        slash.split("no command")
