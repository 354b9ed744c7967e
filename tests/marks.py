"""What is played in one place in `make test`, and everywhere in `make soak`."""

import pytest


def first_with(fixture: str, first: str, *later: str) -> pytest.MarkDecorator:
    """Run a test with the first value of a fixture; with the later ones it is left to the slow suites."""
    values = [first, *(pytest.param(one, marks=pytest.mark.soak) for one in later)]
    return pytest.mark.parametrize(fixture, values, indirect=True)
