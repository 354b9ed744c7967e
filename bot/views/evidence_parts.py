"""Knows the parts of the report on a drill that say what was done in it, each from the evidence alone.

Knows nothing of their order, or of how a result is judged. What is written here is compared to the byte.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from bot.chat.cards import Block, Bold, Card, Code, Heading, Items, Line, Table, Tone, fields, text
from bot.domain.evidence import Check, Copy, Dossier, Evidence, Step, Who

_STATES = {"failed": Tone.BAD, "skipped": Tone.WARNING, "in progress": Tone.WORKING}


def moment(at: datetime | None) -> str:
    """A moment to the second, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if at is not None else ""


def clock(at: datetime | None) -> str:
    """The same in a column that says UTC itself."""
    return moment(at).removesuffix(" UTC")


def length(seconds: float | None) -> str:
    """A length of time to the second: `1 h 03 min 20 s`."""
    if seconds is None:
        return ""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min {rest:02} s"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def recovery(evidence: Evidence) -> str:
    """The measured recovery time, against its target."""
    took, target = evidence.recovery.seconds, evidence.recovery.target_seconds
    if took is None:
        return "not measured: it was not restored and checked"
    if target is None:
        return f"{length(took)}; no target"
    return f"{length(took)}; target {length(target)}: {'met' if evidence.recovery.met else 'missed'}"


def copies(evidence: Evidence) -> tuple[Block, ...]:
    """The copies it went by, each as it can be found again."""
    blocks: list[Block] = []
    for one in evidence.copies:
        what = "The copy under test" if one.what == "under test" else "What the target held before"
        blocks += [Heading(what), _copy(one)]
    return tuple(blocks) or (text("No copy was taken."),)


def _copy(one: Copy) -> Block:
    origin = "for this test" if one.made_for_this else "an existing copy"
    facts: list[tuple[str, str | Line]] = [
        ("Copy", f"{one.id}, {origin}"),
        ("Of", one.environment),
        ("Consistent at", moment(one.snapshot_at)),
        ("Size", f"{one.size:,} bytes"),
        ("SHA-256", (Code(one.sha256),)),
        ("Verdict", one.verdict or "not verified"),
        ("Rows", f"{one.rows_in_all:,} in {len(one.rows)} tables"),
    ]
    return fields(facts)


def verification(made: Dossier) -> tuple[Block, ...]:
    """What the check of the copy found."""
    report = made.verification
    if report is None:
        return (text("No report on the copy is kept that is the one of this test."),)
    facts = [
        ("Verdict", str(report.verdict)),
        ("Checked", f"{moment(report.started_at)}, in {length(report.duration.total_seconds()) or '0 s'}"),
        ("Read", f"{report.rows:,} rows, {report.bytes:,} bytes in {len(report.tables)} tables"),
    ]
    rows = tuple(
        (
            (one.name,),
            (f"{one.rows:,}",),
            ("" if one.production_rows is None else f"{one.production_rows:,}",),
            (f"{one.orphans:,}",),
            (Code(one.fingerprint[:16]),),
        )
        for one in report.tables
    )
    columns = ("Table", "Rows", "In production", "Orphans", "Fingerprint")
    found: list[Line] = [
        (Bold(str(one.severity)), f" {one.code} {one.table} {one.field}".rstrip(), f", {one.total:,}: {one.meaning}")
        for one in report.findings
    ]
    listed = Items(tuple(found)) if found else text("Nothing was found wrong with it.")
    return (fields(facts), listed, Table(columns, rows, numeric=(1, 2, 3)))


# --- what was done ---------------------------------------------------------------------------------------------------


def approvals(evidence: Evidence) -> tuple[Block, ...]:
    """What Convex said an import would do, and who agreed to what."""
    if not evidence.dry_runs:
        return (text("No import was planned."),)
    runs = tuple(
        (
            (clock(one.at),),
            (f"{one.purpose}: {one.copy_id}",),
            (f"{one.target}, which calls itself ", Code(one.deployment or "nothing"), " at ", Code(one.url)),
            (f"{one.create:,}",),
            (f"{one.delete:,}",),
            (Code(one.digest[:16]),),
        )
        for one in evidence.dry_runs
    )
    said = tuple(
        (
            (clock(one.at),),
            (name_of(one.by),),
            ("agreed" if one.agreed else f"refused: {one.reason}",),
            (Code(one.digest[:16]),),
        )
        for one in evidence.approvals
    )
    tones = tuple(Tone.GOOD if one.agreed else Tone.WARNING for one in evidence.approvals)
    columns = ("Dry run (UTC)", "What", "Into", "Would create", "Would delete", "Digest")
    answers = Table(("Answered (UTC)", "By", "Answer", "Digest"), said, numeric=(0, 3), tones=tones)
    told = (Heading("Answers to them"), answers) if said else (text("Nobody answered."),)
    return (Table(columns, runs, numeric=(0, 3, 4, 5)), *told)


def imports(evidence: Evidence) -> tuple[Block, ...]:
    """What was imported, and how long it took."""
    if not evidence.imports:
        return (text("Nothing was imported."),)
    rows = tuple(
        ((one.purpose,), (clock(one.began_at),), (clock(one.ended_at),), (length(one.seconds),), (f"{one.rows:,}",))
        for one in evidence.imports
    )
    return (Table(("What", "From (UTC)", "To (UTC)", "Length", "Rows written"), rows, numeric=(1, 2, 3, 4)),)


def checks(asked: Sequence[Check]) -> tuple[Block, ...]:
    """Each verification query, expected and found."""
    if not asked:
        return (text("No check was made."),)
    marks = {True: "✓ holds", False: "✗ does not hold", None: "? not known"}
    rows = tuple(
        ((marks[one.ok],), (one.key.partition(".")[0],), (one.title,), (one.expected,), (one.found,)) for one in asked
    )
    tones = tuple({True: Tone.GOOD, False: Tone.BAD, None: Tone.WARNING}[one.ok] for one in asked)
    return (Table(("", "Of the", "Check", "Expected", "Found"), rows, tones=tones),)


def steps(every: Sequence[Step]) -> tuple[Block, ...]:
    """Each step with its times, and what it left."""
    rows = tuple(
        (
            (str(one.number),),
            (one.title,),
            (one.state,),
            (name_of(one.assignee),),
            (clock(one.started_at),),
            (clock(one.ended_at),),
            (length(one.seconds),),
            (length(one.budget_seconds),),
        )
        for one in every
    )
    columns = ("", "Step", "State", "By", "Begun (UTC)", "Ended (UTC)", "Length", "Budget")
    tones = tuple(_STATES.get(one.state, Tone.NEUTRAL) for one in every)
    left = tuple((Bold(f"{one.number}. {one.title}"), f": {one.evidence}") for one in every if one.evidence)
    told = (Heading("What each left"), Items(left)) if left else ()
    return (Table(columns, rows, numeric=(0, 4, 5, 6, 7), tones=tones), *told)


def deviations(evidence: Evidence) -> tuple[Block, ...]:
    """What was done otherwise, and why."""
    lines = tuple(
        (Bold(one.what), f": {one.reason} ({name_of(one.by)}, {moment(one.at)})") for one in evidence.deviations
    )
    return (Items(lines),) if lines else (text("All was done as the procedure says."),)


def follow_ups(evidence: Evidence) -> tuple[Block, ...]:
    """What is to be done afterwards, and what was done of it."""
    rows = tuple(
        (
            (one.key,),
            (one.text,),
            (name_of(one.owner) or "nobody",),
            (clock(one.due_at) or "no date",),
            (f"done {clock(one.done_at)}" if one.done_at else "open",),
        )
        for one in evidence.follow_ups
    )
    return (Table(("", "What", "Owner", "Until (UTC)", "State"), rows, numeric=(0, 3)),) if rows else (text("None."),)


def score(evidence: Evidence) -> tuple[Card, ...]:
    """The score of a rehearsal; nothing for a test."""
    score = evidence.score
    if score is None:
        return ()
    rows = tuple(((one.title,), (str(one.points),), (str(one.most),), (one.why,)) for one in score.lines)
    told = text(Bold(f"{score.total} of 100 points. "), f"{score.title}. {score.story}")
    return (Card("Score of the rehearsal", (told, Table(("For", "Points", "Of", "Why"), rows, numeric=(1, 2)))),)


def listed(lines: Sequence[str], none: str) -> tuple[Block, ...]:
    """Lines, or that there are none."""
    return (Items(tuple((one,) for one in lines)),) if lines else (text(none),)


def listed_words(tools: Mapping[str, str]) -> str:
    """Tools with their versions; that nothing was noted where nothing was."""
    return ", ".join(f"{name} {version}" for name, version in tools.items()) or "not noted: its work never began"


def name_of(who: Who | None) -> str:
    """A name; nothing for nobody."""
    return who.name if who is not None else ""
