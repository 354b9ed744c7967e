"""Knows how Convex's own dry run of an import is shown, and who may agree to it. Knows nothing of a drill's board."""

from bot.chat.cards import Block, Bold, Buttons, Card, Code, Line, Table, Tone, fields, text
from bot.domain import drill_moves
from bot.domain.drill_events import ImportPlanned, RowChange
from bot.domain.drills import Drill
from bot.domain.incidents import Incident
from bot.domain.people import Role
from bot.domain.plan import Plan
from bot.domain.restored import of_files
from bot.views import words
from bot.views.actions import say

_MOST_TABLES = 15


def dry_run_card(incident: Incident, planned: ImportPlanned, plan: Plan) -> Card:
    """A message of its own: the question while it is open, and afterwards how it was answered."""
    drill = incident.drill
    assert drill is not None
    waits = drill_moves.agreement_awaited(drill, plan) == planned
    title = "This is what Convex would do" if waits else _answered(drill, planned)
    return Card(title, tuple(dry_run_blocks(incident, planned, plan)), Tone.WARNING if waits else Tone.NEUTRAL)


def dry_run_blocks(
    incident: Incident, planned: ImportPlanned, plan: Plan, most_tables: int = _MOST_TABLES
) -> list[Block]:
    """What would be written where, and while it is open, who may agree, with the buttons to answer."""
    drill = incident.drill
    assert drill is not None
    tables = [one for one in planned.changes if not of_files(one.table)]
    stored = [one for one in planned.changes if of_files(one.table)]
    facts: list[tuple[str, Line]] = [
        ("Into", (f"{plan.title_of(planned.target)}, which calls itself ", Code(planned.deployment or "nothing"))),
        ("At", (Code(planned.url),)),
        ("From", (f"the copy {planned.copy_id}",)),
        ("Rows", (_effect(tables),)),
        # Convex leaves them alone then, and shows nothing of them.
        ("Stored files", (_effect(stored) if stored else "not touched, as the copy has none",)),
    ]
    # What the copy has no rows for comes first, however small: those are lost.
    order = sorted(planned.changes, key=lambda one: (one.create > 0 or not one.delete, -(one.create + one.delete)))
    shown = order[:most_tables]
    rows = tuple(((one.table,), (f"{one.create:,}",), (f"{one.delete:,}",)) for one in shown)
    blocks: list[Block] = [fields(facts), Table(("Table", "Create", "Delete"), rows, numeric=(1, 2))]
    if left := len(planned.changes) - len(shown):
        blocks.append(text(f"Left out here: {words.many(left, 'smaller table')}."))
    if drill_moves.agreement_awaited(drill, plan) == planned:
        agree = say("Agree", f"/drill agree --of {incident.id} {planned.digest[:8]}", "danger")
        refuse = say("Refuse…", f"/drill refuse --of {incident.id}")
        blocks += [text(*_asked(drill, plan)), Buttons((agree, refuse))]
    return blocks


def _effect(changes: list[RowChange]) -> str:
    create, delete = sum(one.create for one in changes), sum(one.delete for one in changes)
    return f"{create:,} created, {delete:,} deleted"


def _asked(drill: Drill, plan: Plan) -> Line:
    """What is waited for, and who may give it, by name."""
    if drill.agreed:
        first = drill.agreed[0]
        others = [one.name for one in plan.holders(Role.APPROVER) if one.id != first.by]
        return (Bold(f"{first.by_name} agreed; a second person has to as well: "), _either(others, Role.APPROVER), ".")
    two = drill_moves.agreements_needed(plan, drill.practice.target) > 1
    may = {one.id: one.name for role in (Role.OPERATOR, Role.APPROVER) for one in plan.holders(role)}
    who = _either(list(may.values()), Role.OPERATOR)
    return (Bold(f"Nothing is written until {'two of them agree' if two else 'one of them agrees'}: "), who, ".")


def _either(names: list[str], role: Role) -> str:
    return " or ".join(filter(None, (", ".join(names[:-1]), *names[-1:]))) or f"somebody with the role {role}"


def _answered(drill: Drill, planned: ImportPlanned) -> str:
    agreed = words.listed([one.by_name for one in drill.agreed if one.digest == planned.digest])
    by = f", agreed to by {agreed}" if agreed else ""
    if drill.imported is not None and drill.imported.import_id == planned.import_id:
        return f"This is what Convex did{by}"
    if agreed and drill.cancelled_at is None:
        return f"This is what Convex does{by}"
    refused = " It was refused." if drill.refused and drill.planned == planned else ""
    return f"This is what Convex would have done.{refused} Nothing was imported"
