"""How forms look in Slack, at and over the limits of a modal, and what is read from one that comes back."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chat.cards import Bold, Choice, Field, Form, When
from bot.platforms.slack.forms import CALLBACK, asked, errors, options, values, view
from bot.views.actions import FILL
from tests.domain.test_health import NOW
from tests.platforms.cards import GOLDEN
from tests.platforms.slack_rules import view_faults, walk

FILES = Path(__file__).parents[1] / "golden" / "slack"
FORMS = {name: shown for name, shown in GOLDEN.items() if isinstance(shown, Form)}
KEEP = FILL("backup keep")


def form(*fields: Field, title: str = "/backup keep", **more: Any) -> Form:
    return Form(title, fields, KEEP, **more)


def modal(shown: Form) -> dict[str, Any]:
    drawn = view(shown, "kept", lambda _: None)
    assert view_faults(drawn) == []
    return drawn


def inputs(shown: Form) -> list[dict[str, Any]]:
    return [block for block in modal(shown)["blocks"] if block["type"] == "input"]


def element(field: Field) -> dict[str, Any]:
    [block] = inputs(form(field))
    return dict(block["element"])


# --- golden forms --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORMS)
def test_a_form_looks_as_it_did(name: str) -> None:
    """Where the change is meant, delete the golden files and run this twice; then look at them."""
    file, drawn = FILES / f"{name}.json", modal(FORMS[name])
    if not file.exists():
        FILES.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(drawn, indent=1, ensure_ascii=False) + "\n", "utf-8")
        pytest.fail(f"{file.name} was missing and has been written: look at it")
    assert drawn == json.loads(file.read_text("utf-8"))


# --- what is asked -------------------------------------------------------------------------------------------------


def test_a_modal_carries_what_it_is_given_and_its_inputs_their_keys() -> None:
    drawn = modal(form(Field("backup", "Backup", "Which copy"), Field("why", "Why", multiline=True, required=False)))
    assert (drawn["callback_id"], drawn["private_metadata"]) == (CALLBACK, "kept")
    first, second = drawn["blocks"]
    assert [one["block_id"] for one in (first, second)] == ["backup", "why"]
    assert [one["optional"] for one in (first, second)] == [False, True]
    assert [one["element"]["multiline"] for one in (first, second)] == [False, True]
    assert first["hint"]["text"] == "Which copy"
    assert "hint" not in second


def test_choices_are_a_menu_with_what_was_chosen_before() -> None:
    menu = element(Field("files", "Files", value="yes", choices=(Choice("No", "no"), Choice("Yes", "yes"))))
    assert menu["type"] == "static_select"
    assert [one["value"] for one in menu["options"]] == ["no", "yes"]
    assert menu["initial_option"]["value"] == "yes"


def test_a_value_that_is_none_of_the_choices_chooses_nothing() -> None:
    assert "initial_option" not in element(Field("files", "Files", value="maybe", choices=(Choice("No", "no"),)))


@pytest.mark.parametrize(("many", "kind"), [(100, "static_select"), (101, "plain_text_input")])
def test_more_choices_than_a_menu_holds_are_typed(many: int, kind: str) -> None:
    assert element(Field("copy", "Copy", choices=tuple(Choice(f"{n}", f"{n}") for n in range(many))))["type"] == kind


def test_completions_are_asked_for_from_the_first_look_and_keep_what_was_written() -> None:
    menu = element(Field("backup", "Backup", value="bk_1", suggest=True))
    assert (menu["type"], menu["min_query_length"]) == ("external_select", 0)
    assert menu["initial_option"] == {"text": {"type": "plain_text", "text": "bk_1", "emoji": False}, "value": "bk_1"}
    assert "initial_option" not in element(Field("backup", "Backup", suggest=True))


@pytest.mark.parametrize(
    "field", [Field("a", "A", multiline=True, suggest=True), Field("a", "A", value="x" * 151, suggest=True)]
)
def test_what_a_menu_cannot_hold_is_written(field: Field) -> None:
    assert element(field)["type"] == "plain_text_input"
    assert element(field).get("initial_value", "") == field.value


def test_an_input_says_which_command_and_parameter_it_is_of() -> None:
    [block] = inputs(form(Field("backup", "Backup", suggest=True)))
    assert asked(block["element"]["action_id"]) == (KEEP, "backup")


def test_a_title_too_long_for_a_modal_stands_whole_above_the_introduction() -> None:
    drawn = modal(form(Field("a", "A"), title="/backup " + "x" * 40, intro=("Read ", Bold("this"), " at ", When(NOW))))
    assert drawn["title"]["text"] == "/backup " + "x" * 15 + "…"
    title, intro = drawn["blocks"][0]["elements"]
    assert title["elements"][0]["text"] == "/backup " + "x" * 40
    assert [one["type"] for one in intro["elements"]] == ["text", "text", "text", "text", "date", "text"]


def test_a_form_without_questions_is_still_a_modal() -> None:
    assert [one["text"] for one in walk(modal(form(label="Go on"))["blocks"]) if "text" in one] == ["Go on"]


# --- what was wrong ------------------------------------------------------------------------------------------------


def test_what_was_wrong_stands_at_its_field_with_what_was_written() -> None:
    wrong = form(Field("backup", "Backup", "Which copy", value="nope", error="There is no copy nope."), Field("b", "B"))
    assert inputs(wrong)[0]["hint"]["text"] == "⚠️ There is no copy nope. Which copy"
    assert inputs(wrong)[0]["element"]["initial_value"] == "nope"
    assert errors(wrong) == {"backup": "There is no copy nope."}
    assert set(errors(wrong)) <= {block["block_id"] for block in inputs(wrong)}


def test_a_form_without_a_wrong_field_has_no_errors() -> None:
    assert errors(form(Field("a", "A"))) == {}


# --- what comes back -----------------------------------------------------------------------------------------------


def test_what_was_written_and_chosen_is_read_by_field() -> None:
    state = {
        "backup": {"x|backup": {"type": "external_select", "selected_option": {"text": {}, "value": "bk_1"}}},
        "files": {"x|files": {"type": "static_select", "selected_option": {"text": {}, "value": "yes"}}},
        "why": {"x|why": {"type": "plain_text_input", "value": "two\nlines"}},
        "none": {"x|none": {"type": "static_select", "selected_option": None}},
        "blank": {"x|blank": {"type": "plain_text_input", "value": None}},
    }
    read = values({"id": "V1", "state": {"values": state}})
    assert read == {"backup": "bk_1", "files": "yes", "why": "two\nlines", "none": "", "blank": ""}


def test_a_view_without_state_has_no_values() -> None:
    assert values({"id": "V1"}) == {}


# --- completions ---------------------------------------------------------------------------------------------------


def test_completions_hold_what_was_typed_so_that_anything_can_be_written() -> None:
    known = (Choice("The newest", "bk_1"), Choice("Again", "bk_1"), Choice("Long", "x" * 151))
    assert [(one["text"]["text"], one["value"]) for one in options(known, "free")] == [
        ("The newest", "bk_1"),
        ("free", "free"),
    ]
    assert [one["value"] for one in options(known, "bk_1")] == ["bk_1"]
    assert [one["value"] for one in options(known, " ")] == ["bk_1"]


def test_completions_are_at_most_a_hundred() -> None:
    many = options([Choice(f"{n}", f"{n}") for n in range(300)], "typed")
    assert (len(many), many[-1]["value"]) == (100, "typed")


# --- any form at all -----------------------------------------------------------------------------------------------

WORDS = st.one_of(st.text(max_size=30), st.text("ab*<>&`\n\ud800\u202e", max_size=60), st.text("x", min_size=2_900))
CHOICES = st.lists(st.builds(Choice, WORDS, WORDS), max_size=3).map(tuple)
FIELD = st.builds(
    Field,
    st.from_regex(r"[a-z_]{1,40}", fullmatch=True),
    WORDS,
    WORDS,
    WORDS,
    st.booleans(),
    st.booleans(),
    CHOICES,
    st.booleans(),
    WORDS,
)
ANY_FORM = st.builds(
    lambda title, fields, label, intro: Form(title, tuple(fields), KEEP, label, intro),
    WORDS,
    st.lists(FIELD, max_size=5, unique_by=lambda field: field.key),
    WORDS,
    st.lists(st.one_of(WORDS, st.builds(Bold, WORDS)), max_size=3).map(tuple),
)


@settings(max_examples=100)
@given(ANY_FORM)
def test_no_form_breaks_a_limit(shown: Form) -> None:
    drawn = view(shown, "m" * 3_000, lambda _: None)
    assert view_faults(drawn) == []
    assert len([block for block in drawn["blocks"] if block["type"] == "input"]) == len(shown.fields)
    json.dumps(errors(shown), ensure_ascii=False).encode()
