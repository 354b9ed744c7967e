"""How forms look in Discord, at and over the limits of a modal, and what is read from one that comes back."""

import json
from pathlib import Path
from typing import Any

import discord
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chat.cards import Bold, Choice, Field, Form
from bot.platforms.discord.forms import modal, values
from bot.views.actions import FILL
from tests.emulators.discord import judge
from tests.platforms.cards import GOLDEN

FILES = Path(__file__).parents[1] / "golden" / "discord"
FORMS = {name: shown for name, shown in GOLDEN.items() if isinstance(shown, Form)}
KEEP = FILL("backup keep")


def form(*fields: Field, title: str = "/backup keep", **more: Any) -> Form:
    return Form(title, fields, KEEP, **more)


def sent(asked: Form) -> dict[str, Any]:
    return modal(asked).to_dict()


def labels(asked: Form) -> list[dict[str, Any]]:
    return [one for one in sent(asked)["components"] if one["type"] == 18]


def length(words: str) -> int:
    return len(words.encode("utf-16-le")) // 2


# --- golden forms --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORMS)
def test_a_form_looks_as_it_did(name: str) -> None:
    """Where the change is meant, delete the golden files and run this twice; then look at them."""
    file, drawn = FILES / f"{name}.json", sent(FORMS[name])
    if not file.exists():
        FILES.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(drawn, indent=1, ensure_ascii=False) + "\n", "utf-8")
        pytest.fail(f"{file.name} was missing and has been written: look at it")
    assert drawn == json.loads(file.read_text("utf-8"))


def test_discords_own_schemas_accept_every_golden_form(node: dict[str, str]) -> None:
    forms = [judge.modal(name, json.loads((FILES / f"{name}.json").read_text("utf-8"))) for name in FORMS]
    assert judge.complaints(forms, node) == []
    assert judge.complaints([judge.modal("long title", sent(form()) | {"title": "x" * 46})], node) != []


# --- what is asked -------------------------------------------------------------------------------------------------


def test_a_modal_carries_its_press_and_its_inputs_their_keys() -> None:
    asked = form(Field("backup", "Backup", "Which copy"), Field("why", "Why", multiline=True, required=False))
    assert sent(asked)["custom_id"] == "lb1:fill:backup keep"
    assert [one["component"]["custom_id"] for one in labels(asked)] == ["backup", "why"]
    assert [one["component"]["required"] for one in labels(asked)] == [True, False]
    assert [one["component"]["style"] for one in labels(asked)] == [1, 2]
    assert labels(asked)[0]["description"] == "Which copy"


def test_choices_are_a_menu_with_what_was_chosen_before() -> None:
    asked = form(
        Field("files", "Files", value="yes", required=False, choices=(Choice("No", "no"), Choice("Yes", "yes")))
    )
    menu = labels(asked)[0]["component"]
    assert (menu["type"], menu["required"], menu["min_values"]) == (3, False, 0)
    assert [(one["label"], one["default"]) for one in menu["options"]] == [("No", False), ("Yes", True)]


@pytest.mark.parametrize(("many", "kind"), [(25, 3), (26, 4)])
def test_more_choices_than_a_menu_holds_are_typed(many: int, kind: int) -> None:
    asked = form(Field("copy", "Copy", choices=tuple(Choice(f"copy {n}", f"bk_{n}") for n in range(many))))
    component = labels(asked)[0]["component"]
    assert component["type"] == kind
    if kind == 4:
        assert component["placeholder"].startswith("One of: bk_0, bk_1")


def test_a_field_with_completions_says_where_they_are() -> None:
    asked = form(Field("backup", "Backup", "Which copy", suggest=True))
    assert labels(asked)[0]["component"]["placeholder"] == "/backup keep completes this as you type"


def test_what_was_wrong_stands_at_its_field_with_what_was_written() -> None:
    [label] = labels(form(Field("backup", "Backup", "Which copy", value="nope", error="There is no copy nope.")))
    assert label["description"] == "⚠️ There is no copy nope."
    assert label["component"]["value"] == "nope"


def test_the_introduction_is_shown_while_there_is_room_for_it() -> None:
    four = form(*(Field(str(n), "x") for n in range(4)), intro=(Bold("Read this"),))
    five = form(*(Field(str(n), "x") for n in range(5)), intro=(Bold("Read this"),))
    assert sent(four)["components"][0] == {"type": 10, "content": "**Read this**"}
    assert [one["type"] for one in sent(five)["components"]] == [18] * 5


def test_a_form_without_questions_is_still_a_modal() -> None:
    assert sent(form(label="Go on"))["components"] == [{"type": 10, "content": "Go on"}]


async def test_a_modal_is_stopped_so_that_none_is_remembered() -> None:
    assert modal(form(Field("a", "A"))).is_finished()


# --- what comes back -----------------------------------------------------------------------------------------------


def submitted(*components: dict[str, Any]) -> dict[str, Any]:
    return {"custom_id": KEEP, "components": [{"type": 18, "id": 1, "component": one} for one in components]}


def test_what_was_written_and_chosen_is_read_by_key() -> None:
    data = submitted(
        {"type": 4, "id": 2, "custom_id": "backup", "value": "bk_1 @everyone"},
        {"type": 3, "id": 3, "custom_id": "undo", "values": ["yes"]},
    )
    assert values(data) == {"backup": "bk_1 @everyone", "undo": "yes"}


def test_what_was_left_out_is_empty() -> None:
    data = submitted(
        {"type": 4, "custom_id": "backup", "value": ""},
        {"type": 4, "custom_id": "why", "value": None},
        {"type": 3, "custom_id": "undo", "values": []},
    )
    assert values(data) == {"backup": "", "why": "", "undo": ""}


def test_a_paragraph_among_the_questions_is_no_answer() -> None:
    data = submitted({"type": 4, "custom_id": "a", "value": "b"})
    data["components"].insert(0, {"type": 10, "id": 9})
    assert values(data) == {"a": "b"}
    assert values({"custom_id": KEEP}) == {}


def test_the_older_rows_of_inputs_are_read_too() -> None:
    data = {"components": [{"type": 1, "components": [{"type": 4, "custom_id": "a", "value": "b"}]}]}
    assert values(data) == {"a": "b"}


# --- limits --------------------------------------------------------------------------------------------------------

WORDS = st.text(max_size=60) | st.sampled_from(["", " ", "😀" * 60, "x" * 5000, "a\nb", "@everyone"])
CHOICES = st.lists(st.builds(Choice, WORDS, WORDS), max_size=6).map(tuple) | st.integers(1, 40).map(
    lambda many: tuple(Choice(str(n), str(n)) for n in range(many))
)
FIELDS = st.lists(
    st.builds(
        Field,
        st.sampled_from(["a", "b", "c", "d", "e"]),
        WORDS,
        WORDS,
        WORDS,
        st.booleans(),
        st.booleans(),
        CHOICES,
        st.booleans(),
        WORDS,
    ),
    max_size=5,
    unique_by=lambda field: field.key,
)


@settings(max_examples=150)
@given(WORDS, FIELDS, st.lists(WORDS, max_size=2))
def test_no_form_breaks_a_limit(title: str, fields: list[Field], intro: list[str]) -> None:
    drawn = sent(Form(title, tuple(fields), KEEP, intro=tuple(intro)))
    assert 0 < length(drawn["title"]) <= 45
    assert 1 <= len(drawn["components"]) <= 5
    assert [one["component"]["custom_id"] for one in drawn["components"] if one["type"] == 18] == [
        f.key for f in fields
    ]
    for one in drawn["components"]:
        if one["type"] == discord.ComponentType.text_display.value:
            assert 0 < length(one["content"].strip()) <= 4000
            continue
        assert 0 < length(one["label"]) <= 45
        assert length(one.get("description", "-")) in range(1, 101)
        component = one["component"]
        if component["type"] == discord.ComponentType.text_input.value:
            assert length(component.get("value") or "") <= component["max_length"] == 4000
            assert length(component.get("placeholder") or "") <= 100
        else:
            assert 1 <= len({option["value"] for option in component["options"]}) == len(component["options"]) <= 25
            assert all(0 < length(option[key]) <= 100 for option in component["options"] for key in ("label", "value"))
            assert sum(option["default"] for option in component["options"]) <= 1
