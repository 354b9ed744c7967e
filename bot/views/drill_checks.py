"""Knows how the verification queries of a drill are shown: what does not hold first. Knows nothing of its steps."""

from collections.abc import Sequence

from bot.chat.cards import Block, Bold, Heading, Table, Tone, text
from bot.domain.drills import COPY, TARGET, Check, Drill
from bot.domain.plan import Automation, Plan, Step

_MARKS = {True: "✓", False: "✗", None: "?"}
_TONES = {True: Tone.GOOD, False: Tone.BAD, None: Tone.WARNING}
_ASKED = {Automation.VERIFY: COPY, Automation.QUERIES: TARGET}
"""Of what a step asks, by the beginning of its checks' keys."""


def found_blocks(drill: Drill, plan: Plan) -> list[Block]:
    """What the board tells: each check that does not hold, and in a line what does, of the copy and of the target."""
    if not drill.checks:
        return []
    good = [one for one in drill.checks if one.ok]
    amiss = [one for one in drill.checks if not one.ok]
    blocks: list[Block] = [Heading(f"Verification: {len(good)} of {len(drill.checks)} hold")]
    if amiss:
        blocks.append(_table(amiss, [f"{_MARKS[one.ok]} {_whose(one, drill, plan)}: {one.title}" for one in amiss]))
    for of in dict.fromkeys(one.of for one in drill.checks):
        alike = [one for one in drill.checks if one.of == of]
        hold = [one for one in alike if one.ok]
        if hold:
            count = Bold(f"{_whose(hold[0], drill, plan)}, {len(hold)} of {len(alike)}: ")
            blocks.append(text("✓ ", count, " · ".join(one.title for one in hold)))
    return blocks


def asked_blocks(drill: Drill, step: Step) -> list[Block]:
    """What a step asked, each with what was expected and found; nothing for a step that asks nothing."""
    of = next((_ASKED[one] for one in step.automations if one in _ASKED), None)
    asked = sorted((one for one in drill.checks if one.of == of), key=lambda one: one.ok is True)
    return [_table(asked, [f"{_MARKS[one.ok]} {one.title}" for one in asked])] if asked else []


def _table(checks: Sequence[Check], titles: Sequence[str]) -> Table:
    rows = tuple(((title,), (one.expected,), (one.found,)) for title, one in zip(titles, checks, strict=True))
    return Table(("Check", "Expected", "Found"), rows, tones=tuple(_TONES[one.ok] for one in checks))


def _whose(check: Check, drill: Drill, plan: Plan) -> str:
    return "The copy" if check.of == COPY else plan.title_of(drill.practice.target)
