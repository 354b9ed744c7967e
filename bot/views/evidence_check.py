"""Knows how the check of an archive of evidence is shown. Knows nothing of how it is checked."""

from bot.chat.cards import Block, Bold, Card, Items, Line, Tone, fields, text
from bot.domain.evidence import Evidence
from bot.domain.evidence_archive import Point
from bot.views.evidence import title
from bot.views.evidence_parts import moment, recovery


def checked_card(file: str, points: tuple[Point, ...], evidence: Evidence | None) -> Card:
    """Everything that was looked at, and the verdict; what does not match first is the title."""
    wrong = next((one for one in points if not one.ok), None)
    lines: list[Line] = [("✓ " if one.ok else "✗ ", Bold(one.of), f": {one.said}") for one in points]
    blocks: list[Block] = [Items(tuple(lines))]
    if wrong is not None:
        blocks.append(text("Do not rely on it. One that was fetched earlier may still be whole.", tone=Tone.BAD))
        return Card(f"{file} does not hold. {wrong.of}: {wrong.said}"[:250], tuple(blocks), Tone.BAD)
    if evidence is not None:
        facts = [
            ("Test", title(evidence)),
            ("Recovery time", recovery(evidence)),
            ("As of", moment(evidence.record.last_at)),
            ("Last hash", evidence.record.hash),
        ]
        blocks.append(fields(facts))
        blocks.append(
            text("Compare the last hash with the one that was kept elsewhere: no archive can prove it alone.")
        )
    return Card(f"{file} is whole: every figure follows from its events.", tuple(blocks), Tone.GOOD)
