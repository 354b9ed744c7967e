"""Knows how evidence of a drill is told to people: its report, part by part, and the card it is handed over with.

Knows nothing of files or hashes. Reads no plan, so that the report can be made anew where there is none; what is
written here is compared to the byte (see `bot.domain.evidence_archive.FORMAT`).
"""

import json

from bot.chat.cards import Attachment, Block, Bold, Button, Buttons, Card, Code, Items, Line, Table, Tone, fields, text
from bot.chat.html import to_html
from bot.chat.markdown import to_markdown
from bot.domain.drills import PRACTICE
from bot.domain.evidence import Dossier, Evidence
from bot.domain.evidence_archive import CONTROLS as CONTROLS_FILE
from bot.domain.evidence_archive import HTML, MARKDOWN, README
from bot.views import words
from bot.views.actions import say
from bot.views.evidence_controls import CONTROLS, IN_OUR_WORDS
from bot.views.evidence_events import events_table
from bot.views.evidence_parts import (
    approvals,
    checks,
    copies,
    deviations,
    follow_ups,
    imports,
    listed,
    moment,
    name_of,
    recovery,
    score,
    steps,
    verification,
)
from bot.views.evidence_readme import readme

TONES = {"pass": Tone.GOOD, "partial": Tone.WARNING, "fail": Tone.BAD}


def title(evidence: Evidence) -> str:
    """What the report is called."""
    return f"{PRACTICE} · {evidence.title}: {evidence.result}"


def rendered(made: Dossier) -> dict[str, bytes]:
    """What people read of an archive, by the names of its files."""
    told = sections(made)
    whole = "\n".join((to_markdown(Card(title(made.evidence))), *(to_markdown(one, 2) for one in told)))
    mapped = {"note": IN_OUR_WORDS, "controls": [one.model_dump() for one in CONTROLS]}
    return {
        MARKDOWN: whole.encode(),
        HTML: to_html(title(made.evidence), told).encode(),
        CONTROLS_FILE: (json.dumps(mapped, indent=2, ensure_ascii=False) + "\n").encode(),
        README: readme(made.evidence).encode(),
    }


def evidence_card(made: Dossier, name: str, size: int) -> Card:
    """The archive, handed over: how the test ended, the hash to keep elsewhere, what is inside, and what it is for."""
    evidence = made.evidence
    good = sum(one.ok is True for one in evidence.checks)
    facts: list[tuple[str, str | Line]] = [
        ("Result", (Bold(evidence.result),)),
        ("Recovery time", recovery(evidence)),
        ("Checks that hold", f"{good} of {len(evidence.checks)}"),
        ("Record", f"{words.many(evidence.record.events, 'event')}, the last {moment(evidence.record.last_at)}"),
        ("Last hash", (Code(evidence.record.hash),)),
        ("Follows", f"{evidence.previous.id}, event {evidence.previous.seq}" if evidence.previous else "none before"),
    ]
    keep = (
        "Keep the last hash where nobody of the team can change it, with the auditor or in print: it is what finds a "
    )
    blocks: list[Block] = [fields(facts)]
    blocks += [
        text(f"{keep}record that was written anew as a whole."),
        text("For: ", Bold("; ".join(f"{one.standard.partition(' (')[0]} {one.clause}" for one in CONTROLS)), "."),
        text("Inside: the report to read and to print, all figures, every event, the report on the copy, the hashes."),
        text("Check it anywhere, without this bot's data: ", Code(f"lifeboat evidence {name}")),
        Attachment(name, f"evidence/{evidence.drill}.zip", size),
        Buttons(_buttons(evidence)),
    ]
    if evidence.ended_at is None:
        blocks.insert(1, text("It is not over yet: this says how it stands, and a later archive says more."))
    return Card(
        f"Evidence: {title(evidence)}",
        tuple(blocks),
        TONES.get(evidence.result, Tone.NEUTRAL),
    )


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
        Card("What this is evidence of", _controls()),
        Card("Every event", (events_table(made.happened),)),
        Card("The record", _record(evidence)),
    )


def _result(evidence: Evidence) -> tuple[Block, ...]:
    proved = {True: "proved right", False: "must change", None: "was not judged"}[evidence.procedure_proved_right]
    held = sum(one.ok is True for one in evidence.checks)
    facts: list[tuple[str, str]] = [
        ("Test", evidence.drill),
        ("Occasion", evidence.occasion or "in between"),
        ("Copied from", evidence.source),
        ("Restored into", evidence.target),
        ("Begun", f"{moment(evidence.began_at)} by {name_of(evidence.began_by)}"),
        ("Over", moment(evidence.ended_at) or "not yet"),
        ("Took part", ", ".join(name_of(one) for one in evidence.people)),
        ("Concluded by", name_of(evidence.concluded_by) or "nobody"),
        ("Recovery time", recovery(evidence)),
        ("Checks that hold", f"{held} of {len(evidence.checks)}"),
        ("The procedure", proved),
    ]
    if evidence.rehearsal:
        facts.insert(1, ("Kind", f"rehearsal on a simulated deployment: {evidence.scenario}"))
    if evidence.cancelled:
        facts.append(("Cancelled", evidence.cancelled))
    if evidence.notes:
        facts.append(("Notes", evidence.notes))
    tone = TONES.get(evidence.result, Tone.NEUTRAL)
    blocks: list[Block] = [text(Bold(f"Result: {evidence.result}"), tone=tone), fields(facts)]
    if evidence.findings:
        blocks += [text(Bold("Findings")), Items(tuple((one,) for one in evidence.findings))]
    return tuple(blocks)


def _controls() -> tuple[Block, ...]:
    rows = tuple(
        (
            (Bold(f"{one.standard} {one.clause}"), f" {one.control}"),
            (one.asks,),
            ("; ".join(one.shown_by),),
            (one.not_shown,),
        )
        for one in CONTROLS
    )
    return (text(IN_OUR_WORDS), Table(("Control", "What it asks", "Where it is shown here", "Not shown here"), rows))


def _record(evidence: Evidence) -> tuple[Block, ...]:
    record, before = evidence.record, evidence.previous
    follows = f"{before.id}, event {before.seq}: {before.hash}" if before else "no test was held before"
    facts: list[tuple[str, str | Line]] = [
        ("Events", str(record.events)),
        ("Last event", moment(record.last_at)),
        ("Last hash", (Code(record.hash),)),
        ("Follows", follows),
        ("Written with", ", ".join(f"{name} {version}" for name, version in evidence.tools.items()) or "not said"),
    ]
    told = text(
        "Each event carries the hash of the one before, so nothing inside the record can be changed unseen. Who could"
        " write all of it anew is found by the last hash alone: keep it where they cannot change it."
    )
    return (fields(facts), told)


def _buttons(evidence: Evidence) -> tuple[Button, ...]:
    before = evidence.previous
    buttons = [say("Test log", "/drill log")]
    if before is not None:
        buttons.insert(0, say("Evidence of the one before", f"/drill evidence {before.id}"))
    return tuple(buttons)
