"""Knows how the outcomes of the plan's checks are shown. Knows nothing of how they came out."""

from collections.abc import Sequence

from bot.chat.cards import Block, Heading, Table, Tone
from bot.domain.checks import Outcome, Result

_TONES = {Result.PASSED: Tone.GOOD, Result.FAILED: Tone.BAD, Result.UNKNOWN: Tone.WARNING}


def check_blocks(outcomes: Sequence[Outcome]) -> tuple[Block, ...]:
    """The checks with what was expected and found; nothing where the plan has none."""
    if not outcomes:
        return ()
    rows = tuple(((one.check.title,), (one.expected,), (one.found,), (str(one.result),)) for one in outcomes)
    table = Table(("Check", "Expected", "Found", "Result"), rows, tones=tuple(_TONES[one.result] for one in outcomes))
    return (Heading("Verification checks"), table)
