"""How a button's id is written and read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.ids import LONGEST, Action, Press, decode
from bot.domain.errors import Refused

ASSIGN = Action("step.assign", ("incident", "step"))
STOP = Action("stop")
OLD = Action("step.claim", ("step",), retired="Type /incident claim.")
ACTIONS = {action.name: action for action in (ASSIGN, STOP, OLD)}


def test_an_id_carries_its_action_and_its_values() -> None:
    encoded = ASSIGN("i7", "2.1")
    assert encoded == "lb1:step.assign:i7:2.1"
    assert decode(encoded, ACTIONS) == (ASSIGN, Press("step.assign", (("incident", "i7"), ("step", "2.1"))))
    assert decode(STOP(), ACTIONS) == (STOP, Press("stop"))


@given(st.text(max_size=8), st.text(max_size=8))
def test_any_values_come_back_as_they_were(incident: str, step: str) -> None:
    assert decode(ASSIGN(incident, step), ACTIONS)[1].values == (("incident", incident), ("step", step))


def test_an_id_longer_than_discord_takes_is_never_made() -> None:
    fits = "x" * (LONGEST - len("lb1:step.assign::s"))
    assert len(ASSIGN(fits, "s")) == LONGEST
    assert ASSIGN.fits(fits, "s")
    assert not ASSIGN.fits(fits + "x", "s")
    with pytest.raises(ValueError, match="longer than 100"):
        ASSIGN(fits + "x", "s")


def test_a_button_with_too_few_values_is_never_made() -> None:
    with pytest.raises(ValueError, match=r"step\.assign takes"):
        ASSIGN("i7")


@pytest.mark.parametrize(
    "encoded",
    [
        "",
        "lb1",
        "lb1:",
        "lb1:nobody",
        "lb2:stop",
        "stop",
        "lb1:stop:more",
        "lb1:step.assign:i7",
        "lb1:step.assign:a:b:c",
    ],
)
def test_an_id_that_nobody_drew_is_refused(encoded: str) -> None:
    with pytest.raises(Refused, match="not one of mine"):
        decode(encoded, ACTIONS)


def test_a_retired_button_says_what_to_type_instead() -> None:
    with pytest.raises(Refused) as caught:
        decode(OLD("3"), ACTIONS)
    assert caught.value.hint == "Type /incident claim."
