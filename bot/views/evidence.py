"""Knows how evidence of a drill is told to people: its report, part by part, and the texts beside it.

Knows nothing of files or hashes. Reads no plan, so that the report can be made anew where there is none; what is
written here is compared to the byte (see `bot.domain.evidence_archive.WORDING`).
"""

import json

from bot.chat.cards import Block, Bold, Card, Code, Heading, Items, Line, Table, Tone, fields, text
from bot.chat.html import to_html
from bot.chat.markdown import to_markdown
from bot.domain.drill_events import Link
from bot.domain.drills import PRACTICE
from bot.domain.evidence import Dossier, Evidence
from bot.domain.evidence_archive import CONTROLS as CONTROLS_FILE
from bot.domain.evidence_archive import HTML, MARKDOWN, README
from bot.domain.evidence_chain import fingerprint
from bot.views.evidence_controls import speaks_for
from bot.views.evidence_events import events_table
from bot.views.evidence_parts import (
    approvals,
    checks,
    copies,
    deviations,
    follow_ups,
    imports,
    length,
    listed,
    listed_words,
    moment,
    name_of,
    recovery,
    score,
    steps,
    verification,
)
from bot.views.evidence_readme import readme

_FIRST = "none: no test of its kind was begun before"
TONES = {"pass": Tone.GOOD, "partial": Tone.WARNING, "fail": Tone.BAD}


def title(evidence: Evidence) -> str:
    """What the report is called."""
    return f"{PRACTICE} · {evidence.title}: {evidence.result}"


def rendered(made: Dossier) -> dict[str, bytes]:
    """What people read of an archive, by the names of its files."""
    told = sections(made)
    whole = "\n".join((to_markdown(Card(title(made.evidence))), *(to_markdown(one, 2) for one in told)))
    note, controls = speaks_for(made.evidence)
    mapped = {"note": note, "controls": [one.model_dump() for one in controls]}
    return {
        MARKDOWN: whole.encode(),
        HTML: to_html(title(made.evidence), told).encode(),
        CONTROLS_FILE: (json.dumps(mapped, indent=2, ensure_ascii=False) + "\n").encode(),
        README: readme(made).encode(),
    }


def sections(made: Dossier) -> tuple[Card, ...]:
    """All parts of the report, in their order."""
    evidence = made.evidence
    return (
        Card("Result", _result(evidence)),
        Card("Copies", copies(evidence)),
        Card("Verification of the copy", verification(made)),
        Card("Dry runs and approvals", approvals(evidence)),
        Card("Imports", imports(evidence)),
        Card("Checks: expected and found", checks(evidence.checks)),
        Card("Steps and times", steps(evidence.steps)),
        Card("Deviations", deviations(evidence)),
        Card("Follow-ups", follow_ups(evidence)),
        Card("Clean-up", listed(evidence.clean_up, "Nothing was cleaned up.")),
        *score(evidence),
        Card("What this is evidence of", _controls(evidence)),
        Card("Every event", (events_table(made.happened),)),
        Card("The record", _record(evidence)),
    )


def _result(evidence: Evidence) -> tuple[Block, ...]:
    proved = {True: "proved right", False: "must change", None: "was not judged"}[evidence.procedure_proved_right]
    held = sum(one.ok is True for one in evidence.checks)
    facts: list[tuple[str, str]] = [
        ("System", evidence.project or "not said"),
        ("Test", evidence.drill),
        ("Occasion", evidence.occasion or "in between"),
        ("Copied from", evidence.source),
        ("Restored into", evidence.target),
        ("Begun", f"{moment(evidence.began_at)} by {name_of(evidence.began_by)}"),
        ("Over", moment(evidence.ended_at) or "not yet"),
        ("Took part", ", ".join(name_of(one) for one in evidence.people)),
        ("Concluded by", name_of(evidence.concluded_by) or "nobody"),
        ("Recovery time", _recovery(evidence)),
        ("Checks that hold", f"{held} of {len(evidence.checks)}"),
        ("The procedure", proved),
        ("Held with", listed_words(evidence.tools)),
    ]
    if evidence.rehearsal:
        facts.insert(2, ("Kind", f"rehearsal on a simulated deployment: {evidence.scenario}"))
    if evidence.cancelled:
        facts.append(("Cancelled", evidence.cancelled))
    if evidence.notes:
        facts.append(("Notes", evidence.notes))
    tone = TONES.get(evidence.result, Tone.NEUTRAL)
    blocks: list[Block] = [text(Bold(f"Result: {evidence.result}"), tone=tone), fields(facts)]
    if evidence.findings:
        blocks += [Heading("Findings"), Items(tuple((one,) for one in evidence.findings))]
    return tuple(blocks)


def _controls(evidence: Evidence) -> tuple[Block, ...]:
    note, controls = speaks_for(evidence)
    rows = tuple(
        (
            (Bold(f"{one.standard} {one.clause}"), f" {one.control}"),
            (one.asks,),
            ("; ".join(one.shown_by),),
            (one.not_shown,),
        )
        for one in controls
    )
    mapped = Table(("Control", "What it asks", "Where it is shown here", "Not shown here"), rows)
    return (text(note), mapped) if rows else (text(note),)


def _record(evidence: Evidence) -> tuple[Block, ...]:
    record, before = evidence.record, evidence.previous
    facts: list[tuple[str, str | Line]] = [
        ("Events", str(record.events)),
        ("Last event", moment(record.last_at)),
        ("Last hash", (Code(record.hash),)),
        ("Posted when it was over", _posted(record.closing)),
        ("Follows", (f"{before.id}, event {before.seq}: ", Code(before.hash)) if before else _FIRST),
    ]
    told = text(
        "Each event carries the hash of the one before, and the first one that of the test before as it stood then: so"
        " nothing inside can be changed unseen. Who could write all of it anew is found by what was posted in the"
        " drill's channel, which is no part of Lifeboat's database, and by the record of the next test. The files"
        " beside this report hold every event and figure; manifest.json lists each with its SHA-256, and README.txt"
        " says how all of it is checked."
    )
    return (fields(facts), told)


def _recovery(evidence: Evidence) -> str:
    """With what it counts, so that nobody has to know."""
    if evidence.recovery.seconds is None:
        return recovery(evidence)
    waited = evidence.recovery.waited_seconds
    spent = f", {length(waited)} of it until the import was agreed to" if waited is not None else ""
    return f"{recovery(evidence)} (from the begin of the import to the last check{spent})"


def _posted(closing: Link | None) -> Line:
    if closing is None:
        return ("it is not over yet",)
    return (f"event {closing.seq}, fingerprint ", Code(fingerprint(closing.hash)), " of ", Code(closing.hash))
