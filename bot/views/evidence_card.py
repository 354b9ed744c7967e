"""Knows the card that evidence of a drill is handed over with, and the seal that its channel keeps of the record.

Knows nothing of what stands in the archive.
"""

from dataclasses import replace

from bot.chat.cards import Attachment, Block, Bold, Button, Buttons, Card, Code, Line, Tone, fields, text
from bot.domain.drills import PRACTICE
from bot.domain.evidence import Dossier, Evidence
from bot.domain.evidence_chain import fingerprint
from bot.domain.incident_events import IncidentId
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
    ]
    if evidence.record.closing is not None:
        posted = evidence.record.closing
        facts.append(("Posted when it was over", (f"event {posted.seq}, ", Code(fingerprint(posted.hash)))))
    before = evidence.previous
    facts.append(("Follows", f"{before.id}, event {before.seq}" if before else "none before"))
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


def sealed_card(card: Card, drill: IncidentId, event: int, hash_: str) -> Card:
    """The end of a drill as its channel keeps it: with the fingerprint that the archive of evidence must have too."""
    seal = text("Record closed: event ", Bold(str(event)), ", fingerprint ", Code(fingerprint(hash_)), ".")
    told = text("The evidence must have the same one. Lifeboat's database cannot change this message.")
    buttons = Buttons((say("Evidence", f"/drill evidence --of {drill}", "primary"), say("Test log", "/drill log")))
    return replace(card, blocks=(*card.blocks, seal, told, buttons))


def _buttons(evidence: Evidence) -> tuple[Button, ...]:
    before, log = evidence.previous, say("Test log", "/drill log")
    if before is None:
        return (log,)
    return (say("Evidence of the one before", f"/drill evidence {before.id}"), log)
