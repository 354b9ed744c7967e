"""Knows the card that evidence of a drill is handed over with. Knows nothing of what stands in the archive."""

from bot.chat.cards import Attachment, Block, Bold, Button, Buttons, Card, Code, Line, Tone, fields, text
from bot.domain.drills import PRACTICE
from bot.domain.evidence import Dossier, Evidence
from bot.views import words
from bot.views.actions import say
from bot.views.evidence import TONES
from bot.views.evidence_controls import speaks_for
from bot.views.evidence_parts import moment, recovery


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
    going_on = "It is not over yet: this says how it stands, and a later archive says more."
    controls = "; ".join(f"{one.standard.partition(' (')[0]} {one.clause}" for one in speaks_for(evidence)[1])
    blocks: tuple[Block, ...] = (
        fields(facts),
        *((text(going_on),) if evidence.ended_at is None else ()),
        text(
            "Keep the last hash where nobody of the team can change it as well, with the auditor or in print: it alone"
            " shows that a record was not written anew as a whole."
        ),
        text("For: ", Bold(controls or "no control, being a rehearsal"), "."),
        text("Inside: the report to read and to print, all figures, every event, the report on the copy, the hashes."),
        text("Check it anywhere, without this bot's data: ", Code(f"lifeboat evidence {name}")),
        Attachment(name, f"evidence/{evidence.drill}.zip", size),
        Buttons(_buttons(evidence)),
    )
    title = f"{PRACTICE} · Evidence of {evidence.title}: {evidence.result}"
    return Card(title, blocks, TONES.get(evidence.result, Tone.NEUTRAL))


def _buttons(evidence: Evidence) -> tuple[Button, ...]:
    before, log = evidence.previous, say("Test log", "/drill log")
    if before is None:
        return (log,)
    return (say("Evidence of the one before", f"/drill evidence {before.id}"), log)
