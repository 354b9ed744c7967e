"""Knows how to say of what shape a piece of JSON must be. Knows nothing of Block Kit."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Check = Callable[[Any, str], Iterator[str]]
"""Gives what is wrong with a value that stands at a JSON pointer."""


def wrong(problem: str, path: str) -> str:
    """A complaint as Slack words it."""
    return f"{problem} [json-pointer:{path}]"


def string(high: int, low: int = 1) -> Check:
    """A string of so many characters."""

    def check(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield wrong("must be a string", path)
        elif len(value) < low:
            yield wrong(f"must be more than {low - 1} characters", path)
        elif len(value) > high:
            yield wrong(f"must be less than {high + 1} characters", path)

    return check


def boolean(value: Any, path: str) -> Iterator[str]:
    """True or false."""
    if not isinstance(value, bool):
        yield wrong("must be a boolean", path)


def whole(low: int, high: int) -> Check:
    """An integer in a range."""

    def check(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, int) or isinstance(value, bool):
            yield wrong("must be an integer", path)
        elif not low <= value <= high:
            yield wrong(f"must be between {low} and {high}", path)

    return check


def one_of(*values: str) -> Check:
    """One of a few strings."""

    def check(value: Any, path: str) -> Iterator[str]:
        if value not in values:
            yield wrong(f"must be a valid enum value: {', '.join(values)}", path)

    return check


def items(each: Check, high: int, low: int = 1) -> Check:
    """A list of so many."""

    def check(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield wrong("must be an array", path)
            return
        if len(value) < low:
            yield wrong(f"no fewer than {low} items allowed", path)
        if len(value) > high:
            yield wrong(f"no more than {high} items allowed", path)
        for at, one in enumerate(value):
            yield from each(one, f"{path}/{at}")

    return check


def record(required: Mapping[str, Check], optional: Mapping[str, Check]) -> Check:
    """An object with these keys and no others."""
    known = {**required, **optional}

    def check(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield wrong("must provide an object", path)
            return
        for key in required:
            if key not in value:
                yield wrong(f"missing required field: {key}", path)
        for key, inner in value.items():
            if key in known:
                yield from known[key](inner, f"{path}/{key}")
            elif key != "type":
                yield wrong(f"invalid additional property: {key}", path)

    return check


def typed(shapes: Mapping[str, Check], *, what: str) -> Check:
    """An object whose `type` says of which of these shapes it is."""

    def check(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield wrong("must provide an object", path)
        elif value.get("type") not in shapes:
            yield wrong(f"unsupported type for {what}: {value.get('type')}", f"{path}/type")
        else:
            yield from shapes[value["type"]](value, path)

    return check


def anything(value: Any, path: str) -> Iterator[str]:
    """No rule of ours."""
    yield from ()
