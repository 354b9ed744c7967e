"""Knows how instructions and checklist steps are written out. Knows nothing of how far anybody is with them."""

from collections.abc import Iterator, Sequence

from bot.chat.cards import Block, Bold, Items, Snippet, text
from bot.domain.durations import duration_words
from bot.domain.plan import Instruction, Plan, Step
from bot.views.prose import prose


def instructions(listed: Sequence[Instruction]) -> Iterator[Block]:
    """Things to do by hand, numbered, each with its details and what to copy."""
    for place, instruction in enumerate(listed, start=1):
        yield text(Bold(f"{place}. {instruction.text}"))
        if instruction.details:
            yield Items(tuple(map(prose, instruction.details)))
        if instruction.snippet:
            yield Snippet(instruction.snippet.strip("\n"), instruction.language)


def steps(plan: Plan, listed: Sequence[Step]) -> Iterator[Block]:
    """A checklist's steps, numbered, each with its guidance, who does it and what it takes to call it done."""
    places = {step.key: str(place) for place, step in enumerate(listed, start=1)}
    for step in listed:
        yield text(Bold(f"{places[step.key]}. {step.title}"))
        yield Items(tuple(map(prose, step.guidance)))
        if step.snippet:
            yield Snippet(step.snippet.strip("\n"), "bash")
        needed = " and ".join(places[key] for key in step.needs)
        after = f", after step{'s' if len(step.needs) > 1 else ''} {needed}" if needed and not step.afterwards else ""
        evidence = f" To be given: {step.evidence[:1].lower()}{step.evidence[1:]}." if step.evidence else ""
        skip = " May be skipped, with a reason." if step.may_skip else ""
        yield text(f"{plan.roles[step.role].title}, within {within(step)}{after}.{evidence}{skip}")


def within(step: Step) -> str:
    """A step's time budget in words."""
    budget = duration_words(step.within)
    return f"{budget} after the recovery" if step.afterwards else budget
