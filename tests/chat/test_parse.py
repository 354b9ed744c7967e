"""How a typed line becomes a call, and what is said of one that cannot be read."""

from enum import StrEnum
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.cards import Card
from bot.chat.declare import Group, Help, Rest
from bot.chat.parse import Bare, Call, Incomplete, Usage, bind, closest, parse, quote, split


class Depth(StrEnum):
    QUICK = "quick"
    FULL = "Full"


backup = Group("backup", "Copies.")
note = Group("note", "Notes.")


@backup.command()
async def status(ctx: Any, environment: Annotated[str | None, Help("Which")] = None) -> Card:
    """How things stand."""
    return Card("status")


@backup.command()
async def export(
    ctx: Any,
    environment: Annotated[str, Help("Which")] = "production",
    files: Annotated[bool, Help("Stored files too")] = False,
    depth: Annotated[Depth, Help("How deep")] = Depth.QUICK,
    keep_days: Annotated[int | None, Help("How long")] = None,
) -> Card:
    """Take a copy."""
    return Card("export")


@backup.command()
async def keep(
    ctx: Any, copy: Annotated[str, Help("Which")], undo: Annotated[bool, Help("Not any more")] = False
) -> Card:
    """Keep a copy."""
    return Card("keep")


@note.command()
async def add(
    ctx: Any, subject: Annotated[str, Help("On what")], words: Annotated[str, Help("What"), Rest()] = ""
) -> Card:
    """Write something down."""
    return Card("add")


GROUPS = (backup, note)


def call(line: str) -> tuple[str, dict[str, Any]]:
    """The command and arguments of a line that is complete."""
    parsed = parse(line, GROUPS)
    assert isinstance(parsed, Call)
    return parsed.command.line, dict(parsed.arguments)


def problem(line: str) -> Usage:
    """What is said of a line that cannot be read."""
    with pytest.raises(Usage) as caught:
        parse(line, GROUPS)
    return caught.value


EXPORT = {"environment": "production", "files": False, "depth": Depth.QUICK, "keep_days": None}


@pytest.mark.parametrize(
    ("line", "differs"),
    [
        ("/backup export", {}),
        ("backup export", {}),
        ("  /BACKUP   Export  ", {}),
        ("/backup export staging", {"environment": "staging"}),
        ("/backup export staging --files", {"environment": "staging", "files": True}),
        ("/backup export --files staging", {"environment": "staging", "files": True}),
        ("/backup export —files", {"files": True}),
        ("/backup export –files", {"files": True}),
        ("/backup export --FILES=No", {"files": False}),
        ("/backup export --depth full", {"depth": Depth.FULL}),
        ("/backup export --depth=FULL", {"depth": Depth.FULL}),
        ("/backup export x quick 7", {"environment": "x", "depth": Depth.QUICK, "keep_days": 7}),
        ("/backup export --keep-days -3", {"keep_days": -3}),
        ("/backup export --environment=", {}),
    ],
)
def test_arguments_are_read_by_place_and_by_name(line: str, differs: dict[str, Any]) -> None:
    assert call(line) == ("/backup export", EXPORT | differs)


@pytest.mark.parametrize(
    "line", ['"my copy"', "“my copy”", "„my copy“", "«my copy»", "'my copy'", "‘my copy’", 'my" "copy']
)
def test_quotes_of_any_kind_hold_words_together(line: str) -> None:
    assert call(f"/backup keep {line}")[1]["copy"] == "my copy"


def test_an_apostrophe_inside_a_word_is_no_quote() -> None:
    assert call("/backup keep Ada's")[1]["copy"] == "Ada's"
    assert call("/backup keep Ada’s")[1]["copy"] == "Ada's"


def test_the_rest_of_a_line_is_taken_as_it_was_typed() -> None:
    line = "/note add users we  can't say “who” deleted --them, 'tis sad"
    assert call(line)[1] == {"subject": "users", "words": "we  can't say “who” deleted --them, 'tis sad"}


def test_the_rest_of_a_line_may_be_quoted_as_one() -> None:
    assert call('/note add users "two  words"')[1]["words"] == "two  words"
    assert call('/note add users --words "two  words"')[1]["words"] == "two  words"


def test_what_is_only_named_stands_before_the_rest_of_the_line() -> None:
    async def start(
        ctx: Any, what: Annotated[str, Help("What"), Rest()], *, depth: Annotated[Depth, Help("How")] = Depth.QUICK
    ) -> Card:
        """Start it."""
        return Card(what)

    group = Group("incident", "Incidents.")
    group.command()(start)
    command = group.commands["start"]
    assert command.usage == "/incident start [--depth quick|Full] <what…>"
    read = parse("/incident start --depth full users -- all of them", [group])
    assert isinstance(read, Call)
    assert read.arguments == {"what": "users -- all of them", "depth": Depth.FULL}
    with pytest.raises(Usage) as told:
        parse("/incident start --depth ful users gone", [group])
    assert told.value.suggestion == '/incident start --depth Full "users gone"'


@pytest.mark.parametrize(
    ("typed", "title", "options"),
    [
        ("users gone --kind migration --noticed 10 min ago", "users gone", ("migration", "10 min ago", False)),
        ("users gone —kind migration", "users gone", ("migration", None, False)),
        (
            '--kind migration users gone --noticed="02:41 CEST" --another',
            "users gone",
            ("migration", "02:41 CEST", True),
        ),
        ("they can't log in --another", "they can't log in", (None, None, True)),
        ("somebody typed --another by hand", "somebody typed --another by hand", (None, None, False)),
        ("it ran with --replace-all --kind", "it ran with --replace-all --kind", (None, None, False)),
        ('"it ran with --another"', "it ran with --another", (None, None, False)),
        ("a-b--kind x", "a-b--kind x", (None, None, False)),
    ],
)
def test_options_may_follow_the_rest_of_a_line(typed: str, title: str, options: tuple[Any, ...]) -> None:
    async def start(
        ctx: Any,
        what: Annotated[str, Help("What"), Rest()],
        *,
        kind: Annotated[str | None, Help("Kind")] = None,
        noticed: Annotated[str | None, Help("When")] = None,
        another: Annotated[bool, Help("One more")] = False,
    ) -> Card:
        """Start it."""
        return Card(what)

    group = Group("incident", "Incidents.")
    group.command()(start)
    read = parse(f"/incident start {typed}", [group])
    assert isinstance(read, Call)
    assert read.arguments == {"what": title, **dict(zip(("kind", "noticed", "another"), options, strict=True))}


def test_a_group_alone_and_a_missing_argument_are_not_errors() -> None:
    assert parse("/backup", GROUPS) == Bare(backup)
    parsed = parse("/backup keep --undo", GROUPS)
    assert isinstance(parsed, Incomplete)
    assert (parsed.command.name, dict(parsed.given)) == ("keep", {"undo": "yes"})


@pytest.mark.parametrize("word", ["help", "--help", "-h", "HELP"])
def test_help_after_a_group_shows_the_group(word: str) -> None:
    assert parse(f"/backup {word}", GROUPS) == Bare(backup)


def test_a_command_without_its_group_is_found() -> None:
    found = problem('keep "my copy" --undo')
    assert found.suggestion == '/backup keep "my copy" --undo'
    assert found.hint == f"Did you mean {found.suggestion}?"


def test_an_empty_line_says_where_help_is() -> None:
    assert problem("  ").suggestion == "/lifeboat help"
    assert "/" in problem("/").problem


@pytest.mark.parametrize(
    ("line", "suggestion"),
    [
        ("/bakcup status staging", "/backup status staging"),
        ('/bakcup keep "my copy"', '/backup keep "my copy"'),
        ("/backup exprot staging --files", "/backup export staging --files"),
        ("/backup stat", "/backup status"),
        ("/backup export staging --fils", "/backup export staging --files"),
        ("/backup export staging --fils=no --depth full", "/backup export staging --files=no --depth full"),
        ('/backup export "my place" --files --depth ful', '/backup export "my place" --files Full'),
        ("/backup export --keep-days 3 --depth quikc", "/backup export --depth quick --keep-days 3"),
    ],
)
def test_did_you_mean_keeps_everything_else_that_was_typed(line: str, suggestion: str) -> None:
    found = problem(line)
    assert found.suggestion == suggestion
    assert suggestion in found.hint
    parse(suggestion, GROUPS)


def test_what_nothing_is_like_gets_the_list() -> None:
    assert problem("/backup zzzz").hint == "Known: status, export, keep."
    assert "quick, Full" in problem("/backup export --depth zzzz").hint


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/backup export a quick 1 d", "one word too many"),
        ("/backup export --depth", "needs a value"),
        ("/backup export --depth --files", "needs a value"),
        ("/backup export --files=maybe", "yes or no"),
        ("/backup export --keep-days soon", "whole number"),
        ("/backup export --keep-days +-5", "whole number"),
        ("/backup export --keep-days 5²", "whole number"),
        (f"/backup export --keep-days {'9' * 5000}", "whole number"),
        ('/backup keep "my copy', "open at the end"),
        ("/backup export --", "no option"),
    ],
)
def test_what_cannot_be_read_is_said_with_the_way_to_write_it(line: str, said: str) -> None:
    found = problem(line)
    assert said in found.problem
    assert found.hint


def test_a_number_is_a_number_in_any_script_that_python_reads() -> None:
    assert call("/backup export --keep-days ٣")[1]["keep_days"] == 3


def test_values_of_a_form_are_bound_like_words() -> None:
    given = {"environment": "staging", "files": "yes", "depth": "Full", "keep_days": ""}
    parsed = bind(backup.commands["export"], given)
    assert isinstance(parsed, Call)
    assert dict(parsed.arguments) == {"environment": "staging", "files": True, "depth": Depth.FULL, "keep_days": None}


def test_the_closest_word_is_a_typo_of_one_or_its_only_beginning() -> None:
    assert closest("exprot", ["export", "status"]) == "export"
    assert closest("ex", ["export", "status"]) == "export"
    assert closest("e", ["export", "exit"]) is None
    assert closest("", ["export"]) is None


def test_a_wish_for_what_there_is_not_is_taken_for_nothing_else() -> None:
    assert closest("restore", ["report", "status"]) is None


@given(st.text(max_size=30))
def test_any_line_is_read_or_refused(line: str) -> None:
    try:
        parse(line, GROUPS)
        parse("/backup export " + line, GROUPS)
    except Usage as found:
        assert found.problem


# A value with both kinds of quotes cannot be one word: see `quote`.
@given(
    st.text(max_size=30).filter(lambda value: not (set(value) & set("“”„«»‘’")) and not ("'" in value and '"' in value))
)
def test_a_quoted_value_is_one_word_again(value: str) -> None:
    assert split(f"/x {quote(value)} y") == ["/x", value, "y"]
