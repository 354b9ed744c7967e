"""What is offered while somebody types."""

import pytest

from commands.choices import matching

NAMED = [("Staging, for tests", "staging"), ("Ada Okafor", "U0ADA")]


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("", ["staging", "U0ADA"]),
        ("FOR", ["staging", "U0ADA"]),
        ("u0a", ["U0ADA"]),
        ("tests", ["staging"]),
        ("nobody", []),
    ],
)
def test_what_was_typed_may_stand_in_the_label_or_in_the_value(typed: str, offered: list[str]) -> None:
    assert [one.value for one in matching(typed, NAMED)] == offered
