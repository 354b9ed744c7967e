"""Knows how the whole recovery plan reads as a runbook: its sections as cards, and all of them as one document. Knows
nothing of what is backed up, connected or broken right now, so that it can be read with every service down.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.chat.cards import (
    Block,
    Card,
    Choice,
    Code,
    Divider,
    Heading,
    Items,
    Link,
    Pick,
    Snippet,
    Span,
    Table,
    fields,
    text,
)
from bot.chat.markdown import contents, to_markdown
from bot.domain.drill_log import pending
from bot.domain.drills import TestLogRow
from bot.domain.durations import duration_words
from bot.domain.export_schedule import schedule_words
from bot.domain.plan import BEST_EFFORT, Contact, Environment, MayImport, Plan, Way
from bot.views.actions import SAY
from bot.views.prose import prose
from bot.views.steps import instructions, steps, within

_MAY_IMPORT = {MayImport.NEVER: "Never", MayImport.TWO_PEOPLE: "If a second person agrees", MayImport.YES: "Yes"}
_TARGETS: dict[object, str] = {None: "N/A", BEST_EFFORT: "Best effort"}


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the runbook: `key` is what people type, `title` its heading."""

    key: str
    title: str
    card: Card

    def markdown(self) -> str:
        """This part alone, as Markdown."""
        return to_markdown(self.card)


def sections(plan: Plan, log: Sequence[TestLogRow] | None) -> tuple[Section, ...]:
    """The whole runbook, in order. `log` is the test log, oldest first; None where it could not be read."""
    parts: tuple[tuple[str, str, Callable[[], Iterator[Block]]], ...] = (
        ("overview", "Overview", lambda: _overview(plan)),
        ("backups", "Automatic backups", lambda: _backups(plan)),
        ("verifying", "Verifying backups", lambda: _verifying(plan)),
        ("when", "When to restore", lambda: _when(plan)),
        *((way.key, way.title, _way(way)) for way in plan.ways),
        ("letter", "The letter to support", lambda: _letter(plan)),
        ("process", "Recovery process", lambda: _process(plan)),
        ("left-out", "What a restore does not bring back", lambda: _left_out(plan)),
        ("quarterly", "Quarterly backup testing", lambda: _quarterly(plan)),
        ("test-log", "Test log", lambda: _test_log(log)),
        ("checklist", "Disaster recovery checklist", lambda: _checklist(plan)),
        ("environments", "Environments", lambda: _environments(plan)),
        ("contacts", "Contacts", lambda: _contacts(plan)),
        ("corrections", "Where the written document was wrong", lambda: _corrections(plan)),
    )
    return tuple(Section(key, title, Card(title, tuple(blocks()))) for key, title, blocks in parts)


def index_card(plan: Plan) -> Card:
    """The sections with what to type for each."""
    listed = sections(plan, ())
    rows = tuple(((Code(section.key),), (section.title,)) for section in listed)
    return Card(
        f"Recovery runbook of {plan.project.name}",
        (
            text("Type ", Code("/lifeboat runbook <section>"), ", or pick one."),
            Table(("Section", "What it holds"), rows),
            _ways("Open a section", listed),
        ),
        footer=("The whole runbook as a file: ", Code("lifeboat runbook > RUNBOOK.md")),
    )


def section_card(section: Section, listed: Sequence[Section]) -> Card:
    """A section, with the way to the others: they refer to one another."""
    return replace(section.card, blocks=(*section.card.blocks, _ways("Open another section", listed)))


def _ways(label: str, listed: Sequence[Section]) -> Pick:
    return Pick(label, SAY("/lifeboat runbook"), tuple(Choice(section.title, section.key) for section in listed))


def document(plan: Plan, log: Sequence[TestLogRow] | None) -> str:
    """The whole runbook as one Markdown document, with a table of contents."""
    numbered = [
        replace(section.card, title=f"{place}. {section.title}")
        for place, section in enumerate(sections(plan, log), start=1)
    ]
    opening = Card(
        "Database Backup & Recovery",
        (
            text(
                f"The recovery runbook of {plan.project.name}, written by Lifeboat from the recovery plan. ",
                "Change the plan, not this file. Keep a copy where you can read it with every service down.",
            ),
            Heading("Contents"),
        ),
    )
    parts = [to_markdown(opening), contents(card.title for card in numbered)]
    return "\n".join([*parts, *(to_markdown(card, level=2) for card in numbered)])


def _overview(plan: Plan) -> Iterator[Block]:
    for paragraph in plan.project.overview:
        yield text(*prose(paragraph))
    pages = (("Dashboard", plan.project.dashboard), ("Settings → Backups", plan.project.backups_page))
    yield fields([(name, Link(url, url)) for name, url in (*pages, ("Status page", plan.project.status_page))])


def _backups(plan: Plan) -> Iterator[Block]:
    yield Heading("What exists at Convex")
    yield text("These copies are Convex's. They expire on Convex's own dates, whatever this plan says.")
    columns = ("Copy", "When it is made", "Convex keeps it", "Getting data out of it")
    copies = plan.vendor_copies
    yield Table(columns, tuple(tuple(map(prose, (c.name, c.made, c.kept, c.restore))) for c in copies))
    yield Heading("What Lifeboat keeps")
    yield text("These copies are ours: snapshot exports in Lifeboat's vault, each verified after it was taken.")
    rows = tuple(((env.title,), (_kept(env),), (_interval(env),)) for env in plan.real)
    yield Table(("Environment", "Our vault keeps copies", "Newest verified copy no older than"), rows)
    for env in plan.real:
        if env.export_at is not None:
            yield text(f"{env.title} is exported daily at {schedule_words(env)}, by Lifeboat itself.")
    yield text("The newest verified copy of each environment is never removed, whatever its age.")


def _verifying(plan: Plan) -> Iterator[Block]:
    yield from instructions(plan.verifying)
    yield Heading("What a verified copy has passed")
    yield Items(tuple((check.title,) for check in plan.checks))
    empty = [table.name for table in plan.tables.values() if not table.expect_rows]
    yield text("Expected tables: ", ", ".join(plan.tables), ".")
    if empty:
        yield text("May be empty: ", ", ".join(empty), ".")


def _when(plan: Plan) -> Iterator[Block]:
    titles = {way.key: way.title for way in plan.ways}
    for cause in plan.causes:
        yield Heading(cause.title)
        ways = "; ".join(titles[key] for key in cause.ways)
        yield fields([("Example", prose(cause.example)), ("First", prose(cause.advice)), ("Ways, best first", ways)])


def _way(way: Way) -> Callable[[], Iterator[Block]]:
    def blocks() -> Iterator[Block]:
        yield text(*prose(way.summary))
        yield from instructions(way.instructions)
        if way.leaves_out:
            yield Heading("What it leaves out")
            yield Items(tuple(map(prose, way.leaves_out)))

    return blocks


def _letter(plan: Plan) -> Iterator[Block]:
    letter = plan.letter
    lines = (f"Email: {letter.to}", f"Subject: {letter.subject}", "", "Include:", *(f"- {x}" for x in letter.include))
    yield text("What to send, and what it must state:")
    yield Snippet("\n".join(lines))


def _process(plan: Plan) -> Iterator[Block]:
    yield Heading("Prerequisites")
    yield Items(tuple(map(prose, plan.recovery.prerequisites)))
    yield Heading("Process")
    yield from instructions(plan.recovery.process)


def _left_out(plan: Plan) -> Iterator[Block]:
    yield text("A restore brings back documents and, where the copy has them, stored files. Nothing else:")
    yield Table(("Not restored", "What to do"), tuple((prose(row.what), prose(row.instead)) for row in plan.left_out))


def _quarterly(plan: Plan) -> Iterator[Block]:
    drill, role = plan.drill, plan.roles
    yield Heading("Schedule")
    who, at = role[drill.responsible].title, f"{drill.time:%H:%M} {drill.zone}"
    rows = tuple(((date.quarter,), (str(date.day),), (at,), (who,)) for date in drill.dates)
    yield Table(("Quarter", "Test date", "Time", "Responsible"), rows)
    yield text(f"If the {who} cannot, it falls to the {role[drill.deputy].title}.")
    source, target = plan.environment(drill.source).title, plan.environment(drill.target).title
    yield text(f"A copy of {source} is restored into {target}.")
    yield Heading("Test procedure")
    yield from steps(plan, drill.steps)


def _test_log(log: Sequence[TestLogRow] | None) -> Iterator[Block]:
    if log is None:
        yield text(
            "The tests that were run could not be read when this was written; ", Code("/drill log"), " has them."
        )
        return
    rows = [((f"{row.on:%Y-%m-%d}",), (row.status,), (row.notes,), (row.tester,)) for row in log]
    if pending(row.status for row in log):
        rows.append((("TBD",), ("Pending",), ("First quarterly test",), ("—",)))
    yield Table(("Date", "Status", "Notes", "Tester"), tuple(rows))


def _checklist(plan: Plan) -> Iterator[Block]:
    yield text("In case of a major incident:")
    rows = tuple(
        ((str(place),), (step.title,), (plan.roles[step.role].title,), (within(step),))
        for place, step in enumerate(plan.checklist, start=1)
    )
    yield Table(("#", "Step", "Who", "Time"), rows, numeric=(0,))
    total = sum((step.within for step in plan.checklist if not step.afterwards), timedelta())
    yield text(f"Up to resuming normal operations that is {duration_words(total)}.")
    yield Heading("Guidance")
    yield from steps(plan, plan.checklist)


def _environments(plan: Plan) -> Iterator[Block]:
    rows = tuple(
        (
            (env.title,),
            (env.frequency,),
            (duration_words(env.retention) if env.retention else "N/A",),
            (_target(env),),
            (_MAY_IMPORT[env.may_import],),
        )
        for env in plan.real
    )
    columns = ("Environment", "Backup frequency", "Retention (our vault)", "Recovery SLA", "May be restored into")
    yield Table(columns, rows)
    for env in plan.real:
        if env.expected_interval:
            age = duration_words(env.expected_interval)
            yield text(
                f"{env.title}: the newest verified copy is to be no older than {age}. What is newer is not in it."
            )


def _contacts(plan: Plan) -> Iterator[Block]:
    yield Heading("Outside the team")
    yield Table(
        ("Contact", "Where", "Use it for"),
        tuple(((c.name,), tuple(_addresses(c)), prose(c.use)) for c in plan.contacts),
    )
    yield Heading("Roles")
    rows = []
    for role in plan.roles.values():
        held = ", ".join(member.name for member in plan.holders(role.name)) or "nobody yet"
        where = f"{held} (in {', '.join(role.environments)})" if role.environments else held
        rows.append(((role.title,), (where,), prose(role.about)))
    yield Table(("Role", "Held by", "What it does"), tuple(rows))


def _corrections(plan: Plan) -> Iterator[Block]:
    yield text("The document that this runbook replaces said some things that are not so.")
    for correction in plan.corrections:
        yield Divider()
        yield fields(
            [
                ("The document said", prose(correction.says)),
                ("What is so", prose(correction.so)),
                ("What Lifeboat does", prose(correction.does)),
                ("Source", Link(correction.source, correction.source)),
            ]
        )


def _kept(env: Environment) -> str:
    return duration_words(env.retention) if env.retention else "keeps none"


def _interval(env: Environment) -> str:
    return (
        duration_words(env.expected_interval) if env.expected_interval else "taken on demand" if env.retention else "—"
    )


def _target(env: Environment) -> str:
    target = env.recovery_target
    return f"< {duration_words(target)}" if isinstance(target, timedelta) else _TARGETS[target]


def _addresses(contact: Contact) -> Iterator[Span]:
    if contact.email:
        yield Link(contact.email, f"mailto:{contact.email}")
    if contact.email and contact.url:
        yield ", "
    if contact.url:
        yield Link(contact.url, contact.url)
