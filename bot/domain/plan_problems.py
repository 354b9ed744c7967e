"""Knows how what is wrong with a written plan is told: key, what is wrong, the mend. Knows no rule of the plan."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from bot.domain.errors import LifeboatError

Path = tuple[str | int, ...]


_COUNTING = "A number in brackets counts from 1: checklist[2] is the second [[checklist]]."


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong: where (a TOML key, or a line), what, and how to mend it."""

    key: str
    wrong: str
    mend: str

    def __str__(self) -> str:
        return f"{self.key}: {self.wrong} {self.mend}"


class PlanError(LifeboatError):
    """The plan cannot be used; `problems` holds everything that is wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        keys = [problem.key for problem in self.problems]
        count = "one problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        super().__init__(
            f"The recovery plan has {count}, so nothing was started and no data was touched.",
            "\n".join([*map(str, self.problems), *([_COUNTING] if "[" in "".join(keys) else [])]),
        )


def wrong(what: str, mend: str) -> PydanticCustomError:
    """A problem as pydantic carries it out of a validator."""
    # pydantic fills {…} in the message from the context, so that people's braces stay as they were written.
    return PydanticCustomError("plan", "{what}", {"what": what, "mend": mend})


def meant(written: object, known: Iterable[str]) -> str:
    """What was probably meant, and what could be: the mend for a name that nobody knows."""
    names = list(dict.fromkeys(known))
    starts = [name for name in names if written and name.startswith(str(written))]
    close = get_close_matches(str(written), names, n=1, cutoff=0.6) or starts
    guess = f"Did you mean {close[0]!r}? " if close else ""
    shown = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
    return f"{guess}Known here: {shown}." if names else f"{guess}None is declared yet."


def dotted(path: Path) -> str:
    """A path as it is written in TOML: `checklist[2].role`, counted from 1 as people count headings."""
    shown = ""
    for part in path:
        shown += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if shown else part
    return shown or "the plan"


def walk(value: Any, pattern: str) -> Iterator[tuple[Path, Any]]:
    """Every value at a pattern such as `roles.*.people.*`, where it is there; `*` is each key or position."""
    yield from _walk(value, pattern.split("."), ())


def _walk(value: Any, pattern: list[str], path: Path) -> Iterator[tuple[Path, Any]]:
    if not pattern:
        yield path, value
        return
    head, *rest = pattern
    inside: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        inside = value.items() if head == "*" else [(head, value[head])] if head in value else []
    elif isinstance(value, list) and head == "*":
        inside = enumerate(value)
    for key, below in inside:
        yield from _walk(below, rest, (*path, key))


def from_pydantic(error: ValidationError, model: type[BaseModel]) -> list[Problem]:
    """What pydantic found, told to the person who wrote the file."""
    # A list whose entries are wrong is also called too short, which would only mislead.
    told = (one for one in error.errors(include_url=False) if not (one["type"] == "too_short" and one["input"]))
    return [_problem(details, model) for details in told]


_KINDS = {
    "bool_type": ("is neither true nor false", "Write true or false, without quotes."),
    "int_type": ("is not a whole number", "Write a whole number, without quotes."),
    "greater_than_equal": ("is too small", "Write 0 or more."),
    "string_type": ("is not a text", "Write it in quotes."),
    "tuple_type": ("is not a list", "Write a list in square brackets, or under [[…]] headings."),
    "mapping_type": ("is not a table", "Write it as a [table] of keys."),
    "dict_type": ("is not a table", "Write it as a [table] of keys."),
    "model_type": ("is not a table", "Write it as a [table] of keys."),
    "string_too_short": ("is empty", "Write something."),
    "too_short": ("is empty", "Write at least one."),
}
"""What pydantic's kinds of error mean to the person who wrote the file, and the mend."""


def _problem(details: ErrorDetails, model: type[BaseModel]) -> Problem:
    path: Path = details["loc"]
    written, context, kind = details["input"], details.get("ctx", {}), details["type"]
    match kind:
        case "plan":
            return Problem(dotted(path), context["what"], context["mend"])
        case "missing":
            meaning = fields_at(model, path[:-1]).get(str(path[-1]), "")
            return Problem(dotted(path), "This key is missing.", f"Add it: {meaning}".strip())
        case "extra_forbidden":
            known = fields_at(model, path[:-1])
            return Problem(dotted(path), "There is no such key.", meant(path[-1], known))
        case "literal_error" | "enum":
            choices = str(context["expected"]).replace("'", "").replace(" or ", ", ").split(", ")
            return Problem(dotted(path), f"It cannot be {_short(written)}.", meant(written, choices))
    what, mend = _KINDS.get(kind, (f"cannot be used: {details['msg']}", "The shipped plan shows how it is written."))
    return Problem(dotted(path), f"{_short(written)} {what}.", mend)


def _short(written: object) -> str:
    shown = repr(written)
    return shown if len(shown) <= 60 else shown[:57] + "…"


def fields_at(model: type[BaseModel], path: Path) -> Mapping[str, str]:
    """The keys that a plan may have at a path, with what they mean."""
    hint: Any = model
    for part in path:
        hint = _model_in(hint)
        if isinstance(hint, type) and issubclass(hint, BaseModel):
            field = hint.model_fields.get(str(part))
            hint = field.annotation if field else None
        else:
            hint = next((arg for arg in reversed(get_args(hint)) if arg is not Ellipsis), None)
    hint = _model_in(hint)
    if not (isinstance(hint, type) and issubclass(hint, BaseModel)):
        return {}
    return {name: field.description for name, field in hint.model_fields.items() if field.description}


def _model_in(hint: Any) -> Any:
    if get_origin(hint) is Annotated:
        return _model_in(get_args(hint)[0])
    if get_origin(hint) in (Union, UnionType):
        return next((_model_in(arg) for arg in get_args(hint) if arg is not type(None)), None)
    return hint
