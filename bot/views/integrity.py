"""Knows how two copies held against one another are shown. Knows nothing of how they were compared."""

from bot.chat.cards import Block, Bold, Buttons, Card, Code, Line, Span, Table, Tone, When, fields, text
from bot.domain.backups import Backup
from bot.domain.differences import Differences, TableDifference
from bot.domain.incidents import Incident
from bot.views import words
from bot.views.actions import say

_MOST_TABLES = 25


def integrity_card(incident: Incident, good: Backup, now: Backup, found: Differences, stale: str) -> Card:
    """The difference per table, those of concern first. `stale` says why the newer copy may tell nothing, or ''."""
    pairs: list[tuple[str, Span | Line]] = [
        ("Last known good", (Code(good.id), " · ", When(good.snapshot_at))),
        ("Held against it", (Code(now.id), " · ", When(now.snapshot_at))),
    ]
    blocks: list[Block] = [fields(pairs)]
    if stale:
        blocks.append(text(stale, tone=Tone.WARNING))
    blocks += [text(f"{one[0].upper()}{one[1:]}.", tone=Tone.BAD) for one in found.concerns]
    shown = found.tables[:_MOST_TABLES]
    blocks.append(_table(shown))
    if len(found.tables) > len(shown):
        blocks.append(text(f"… and {len(found.tables) - len(shown)} more tables, none of them of more concern."))
    blocks.append(text("Rows are counted; those of a table that is the same are the same to the byte."))
    fresh = say("Take a fresh copy", f"/backup export {incident.environment}", "primary" if stale else "default")
    again = say("Compare again", f"/recovery integrity --of {incident.id}")
    blocks.append(Buttons((fresh, again)))
    return Card(summary(found), tuple(blocks), Tone.GOOD if found.ok else Tone.BAD)


def summary(found: Differences) -> str:
    """The difference in one line."""
    troubled = [f"{one.name} ({one.concern})" for one in found.tables if one.concern]
    if found.ok:
        same = sum(one.same for one in found.tables)
        return f"Nothing of the last known good copy is missing; {words.many(same, 'table')} the same to the byte"
    return f"Look at {words.listed([*found.concerns, *troubled], 3)}"


def _table(tables: tuple[TableDifference, ...]) -> Table:
    return Table(
        ("Table", "Good", "Now", "Difference", "Newest row", "Orphans", ""),
        tuple(_row(one) for one in tables),
        numeric=(1, 2, 3, 5),
        tones=tuple(Tone.BAD if one.concern else Tone.NEUTRAL for one in tables),
    )


def _row(one: TableDifference) -> tuple[Line, ...]:
    good, now = (words.number(count) if count is not None else "–" for count in one.rows)
    orphans = words.number(one.orphans[1]) + (f" (was {words.number(one.orphans[0])})" if one.orphans[0] else "")
    newest: Line = (When(one.newest[1]),) if one.newest[1] else ("–",)
    verdict: Span = Bold(one.concern) if one.concern else "the same" if one.same else "changed"
    return (one.name,), (good,), (now,), (words.signed(one.change),), newest, (orphans,), (verdict,)
