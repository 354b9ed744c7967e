"""Knows how the check of an archive of evidence is shown. Knows nothing of how it is checked."""

from bot.chat.cards import Block, Bold, Card, Items, Line, Tone, fields, text
from bot.domain.drill_events import Link
from bot.domain.evidence import Evidence
from bot.domain.evidence_archive import Point
from bot.domain.evidence_chain import fingerprint
from bot.views.evidence import title
from bot.views.evidence_parts import moment, recovery

_LONGEST = 250
"""Characters of a title."""


def checked_card(file: str, points: tuple[Point, ...], evidence: Evidence | None) -> Card:
    """Everything that was looked at, and the verdict; what does not match first is the title."""
    wrong = next((one for one in points if not one.ok), None)
    lines: list[Line] = [(_mark(one), Bold(one.of), f": {one.said}") for one in points]
    blocks: list[Block] = [Items(tuple(lines))]
    if wrong is not None:
        blocks.append(text("Do not rely on it. One that was fetched earlier may still be whole.", tone=Tone.BAD))
        return Card(f"{file} does not hold. {wrong.of}: {wrong.said}"[:_LONGEST], tuple(blocks), Tone.BAD)
    if evidence is not None:
        facts = [
            ("Test", title(evidence)),
            ("Recovery time", recovery(evidence)),
            ("As of", moment(evidence.record.last_at)),
            ("Last hash", evidence.record.hash),
            ("Posted when it was over", _posted(evidence.record.closing)),
        ]
        blocks.append(fields(facts))
        blocks.append(
            text(
                "Compare that fingerprint with the one in the drill's channel, or the last hash with one that was kept"
                " elsewhere: no archive can prove it alone."
            )
        )
    if not all(one.proved for one in points):
        title_ = f"{file} is whole, but an older Lifeboat worded its reports: every figure follows from its events."
        return Card(title_[:_LONGEST], tuple(blocks), Tone.WARNING)
    return Card(f"{file} is whole: every figure follows from its events.", tuple(blocks), Tone.GOOD)


def _mark(point: Point) -> str:
    return ("✓ " if point.proved else "~ ") if point.ok else "✗ "


def _posted(closing: Link | None) -> str:
    return f"event {closing.seq}, fingerprint {fingerprint(closing.hash)}" if closing else "it is not over yet"
