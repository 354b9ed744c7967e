"""Knows what must be asked before the letter to support is sent: what is missing, contradicts, or was changed by an
edit. Knows nothing of how it is asked, and invents no answer.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain import mail
from bot.domain.letters import DEPLOYMENT, PROJECT, TARGET, TO_FILL_IN, LetterFacts, iso

_CONVEX_URL = re.compile(r"https://([a-z0-9-]+)(?:\.[a-z0-9-]+)*\.convex\.(?:cloud|site)(?:[:/]|$)")
_POINT = "/incident point"


@dataclass(frozen=True, slots=True)
class Question:
    """Something missing or contradictory: what it means, and how to mend it, with a line to say where one helps.

    A letter with a `grave` one open would ask for the wrong thing, or for nothing.
    """

    key: str
    problem: str
    mend: str
    line: str = ""
    grave: bool = False


def missing(facts: LetterFacts) -> tuple[Question, ...]:
    """What must be asked before the letter is sent, the grave first; () when it can go."""
    return tuple(sorted((*_of_time(facts), *_of_place(facts), *_of_substance(facts)), key=lambda one: not one.grave))


def _of_time(facts: LetterFacts) -> Iterator[Question]:
    target, happened, noticed = facts.target, facts.happened, facts.noticed
    if target is None:
        problem = "No target timestamp is set, so support would not know what to restore to."
        yield Question("target", problem, "Set the last known good moment.", _POINT, grave=True)
    elif target > facts.written_at:
        problem = f"The target {iso(target)} is in the future: it was {iso(facts.written_at)} when this was written."
        yield Question("future", problem, "Set a moment before the damage.", _POINT, grave=True)
    elif happened is not None and target.replace(microsecond=0) >= happened:
        problem = f"The target {iso(target)} is not before the damage at {iso(happened)}: it would be restored too."
        yield Question("after-damage", problem, "Set a moment before it.", _POINT, grave=True)
    elif noticed is not None and target > noticed:
        problem = f"The target {iso(target)} is after {iso(noticed)}, when it was noticed: the damage was done by then."
        yield Question("after-noticed", problem, "Set a moment before it.", _POINT, grave=True)
    if happened is not None and noticed is not None and happened > noticed:
        problem = f"It is said to have happened at {iso(happened)}, after it was noticed at {iso(noticed)}."
        yield Question("order", problem, "One of the two is wrong: correct it.", _POINT, grave=True)


def _of_place(facts: LetterFacts) -> Iterator[Question]:
    at = _named_by(facts.url)
    if not facts.deployment.strip():
        mend = "The dashboard shows it under Settings, like happy-otter-123. Write it into the letter."
        yield Question("deployment", "The deployment's name is not known.", mend, grave=True)
    elif at and facts.deployment.rpartition(":")[2].strip() != at:
        problem = f"The deployment is called {facts.deployment}, but its address {facts.url} is that of {at}."
        mend = "Support restores what the letter names. Check the name, or the deployment's URL in the settings."
        yield Question("other-deployment", problem, mend, "/lifeboat doctor", grave=True)
    if not facts.project_id.strip():
        mend = "It stands in the dashboard under Settings. Write it into the letter, or take the line out."
        yield Question("project-id", "The project's id is not known.", mend, grave=True)


def _of_substance(facts: LetterFacts) -> Iterator[Question]:
    if not facts.description.strip():
        mend = "Say in a sentence or two what happened, and to which data."
        yield Question("description", "The issue is not described.", mend, grave=True)
    if not facts.lost:
        mend = "Compare a fresh copy with the last good one; support asks for counts."
        yield Question("lost", "What was lost is not counted.", mend, "/backup status")
    if not facts.convex_plan.strip():
        yield Question("plan", "The Convex plan is not known.", "Write Pro, Enterprise or what it is into the letter.")
    if not facts.contact.strip():
        yield Question("contact", "Nobody is named to call back.", "Write a name with a number or an address into it.")


def _named_by(url: str) -> str:
    """The deployment that an address of Convex's own cloud names; '' for any other address."""
    found = _CONVEX_URL.match(url)
    return found[1] if found else ""


def check(text: str, facts: LetterFacts) -> tuple[Question, ...]:
    """Where an edited text and the facts say different things; () where they agree. Told, never forbidden."""
    deployment = facts.deployment or _named_by(facts.url)
    found = [*_check_target(text, facts), *_check_name(text, DEPLOYMENT, deployment, "deployment")]
    found += _check_name(text, PROJECT, facts.project_id, "project-id")
    if TO_FILL_IN in text:
        problem = f"The letter still says {TO_FILL_IN} somewhere."
        found.append(Question("to-fill-in", problem, "Write in what is known.", grave=True))
    if not re.search(r"\bcop(?:y|ies)\b", text, re.IGNORECASE):
        problem = "The letter no longer asks for a restore to a copy: support may overwrite what is there now."
        found.append(Question("copy", problem, "Ask for a restore to a copy, unless that is meant."))
    return tuple(found)


def _check_target(text: str, facts: LetterFacts) -> Iterator[Question]:
    known = iso(facts.target) if facts.target else ""
    written = _values(text, TARGET)
    if known and not written:
        mend = f"Put back the line: {TARGET}: {known}"
        yield Question("target", "The letter names no target timestamp any more.", mend, grave=True)
    for value in written:
        moment = _moment(value)
        if value == TO_FILL_IN or (moment and iso(moment) == known):
            continue
        if moment is None:
            problem = f"{value!r} is no timestamp that can be read in one way only."
            yield Question("target", problem, f"Write it in UTC, like {known or '2026-02-20T14:30:00Z'}.", grave=True)
            continue
        if known:
            problem = f"The letter says {iso(moment)}, the incident {known}. A wrong timestamp is a wrong restore."
            yield Question("target", problem, "Change the one that is wrong.", f"{_POINT} {iso(moment)}", grave=True)
        yield from _of_time(replace(facts, target=moment))


def _check_name(text: str, label: str, known: str, key: str) -> Iterator[Question]:
    written, grave = _values(text, label), label == DEPLOYMENT
    if known and not written:
        problem = f"The letter has no line “{label}” any more."
        yield Question(key, problem, f"Put back the line: {label}: {known}", grave=grave)
    for value in written:
        if known and value not in (mail.one_line(known), TO_FILL_IN):
            problem = f"The letter says {label.lower()} {value}, the incident {known}."
            yield Question(key, problem, "Change the one that is wrong.", grave=grave)


def _values(text: str, label: str) -> list[str]:
    return [one.strip() for one in re.findall(rf"^{label}:(.*)$", mail.clean(text), re.MULTILINE | re.IGNORECASE)]


def _moment(written: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
