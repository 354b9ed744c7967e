"""Knows how the letter to support comes about: from what is recorded, in somebody's own words, sent once.

Knows nothing of what it says (the domain does) or of how it is shown. Sent means that the mail server took it: after an
unknown outcome the same letter, with the same Message-ID, is handed over again.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog

from bot.domain import letters
from bot.domain.backups import Backup
from bot.domain.errors import LifeboatError, Outage, Refused
from bot.domain.health import newest_verified
from bot.domain.incident_events import Body, Brake, IncidentId, Point
from bot.domain.incidents import Incident
from bot.domain.letter_events import LetterAnswered, LetterDrafted, LetterFailed, LetterPressed, LetterSent
from bot.domain.letter_questions import check
from bot.domain.letters import TO_FILL_IN, Draft, LetterFacts, Loss
from bot.domain.mail import Letter
from bot.domain.people import LIFEBOAT, Person
from bot.house import House
from bot.operations import incidents as acting
from bot.store import backups, incidents, observations, reports
from bot.views.incident import BRAKES

_AGAIN = timedelta(seconds=60)
_PATIENCE = 20.0
_log = structlog.get_logger()


async def facts(house: House, incident: Incident) -> LetterFacts:
    """What is known of an incident, as support will want to know it."""
    plan, environment = house.plan, house.plan.environment(incident.environment)
    last_good = await copy_before(house, incident)
    async with house.database.read() as db:
        seen = await observations.get(db, incident.environment)
        report = await reports.get(db, last_good.id) if last_good else None
    cause = next((one.title for one in plan.causes if one.key == incident.cause), "")
    deployment = house.deployments.get(incident.environment)
    rows = {one.table: one.rows for one in report.tables if not one.component} if report else {}
    now = seen.rows if seen else {}
    lost = tuple(
        Loss(table, before, now.get(table, 0)) for table, before in rows.items() if before != now.get(table, 0)
    )
    return LetterFacts(
        reference=incident.id,
        environment=environment.title,
        project=plan.project.name,
        written_at=house.clock.now(),
        project_id=seen.project_id if seen else "",
        deployment=seen.name if seen else "",
        url=deployment.url if deployment else "",
        convex_plan=plan.incidents.convex_plan,
        **{point.value: held.at for point, held in incident.points.items()},
        kind=cause,
        description=incident.what,
        lost=lost if now else (),
        paused=tuple(f"{BRAKES[brake]} since {letters.iso(since)}" for brake, since in _stopped(incident).items()),
        not_to_touch=(f"The present data of {environment.title.lower()}: restore to a copy, not over it.",),
        contact=house.neighbours.mail.sender if house.neighbours.mail else "",
    )


def _stopped(incident: Incident) -> Mapping[Brake, datetime]:
    """Each brake that is on, and since when."""
    since: dict[Brake, datetime] = {}
    for one in incident.stopped:
        since.setdefault(one.brake, one.since)
    return since


async def copy_before(house: House, incident: Incident) -> Backup | None:
    """The newest verified copy from before the target, or from before it was noticed while there is no target."""
    target = incident.points.get(Point.TARGET) or incident.points[Point.NOTICED]
    async with house.database.read() as db:
        copies = await backups.listed(db, incident.environment)
    return newest_verified([one for one in copies if one.snapshot_ns <= target.ns])


async def current(house: House, incident: Incident) -> Draft:
    """The letter as it stands: somebody's own words, else what the facts make."""
    if incident.letter is not None:
        return Draft(incident.letter.to[0], incident.letter.subject, incident.letter.text)
    return letters.draft(house.plan.letter, await facts(house, incident))


async def refreshed(house: House, incident: Incident, by: Person) -> Incident:
    """Record what the facts make of the letter now, unless somebody wrote into it or it was sent."""
    kept = incident.letter
    if kept is not None and (kept.by_hand or kept.pressed_at or kept.sent_at):
        return incident
    drafted = letters.draft(house.plan.letter, await facts(house, incident))
    if kept is not None and _undated(kept.text) == _undated(drafted.text):
        return incident
    letter = letter_of(house, incident, drafted)
    return await acting.act(house, incident.id, by, lambda stands: _drafted(stands, letter))


def letter_of(house: House, incident: Incident, draft: Draft) -> Letter:
    """The e-mail that a draft makes."""
    sender = house.neighbours.mail.sender if house.neighbours.mail else ""
    return draft.letter(incident.id, sender)


async def save(house: House, incident: Incident, by: Person, draft: Draft) -> Incident:
    """Record somebody's own words. Raises Refused once it was sent: what was sent stays as it was."""
    letter = letter_of(house, incident, draft)
    return await acting.act(house, incident.id, by, lambda stands: _drafted(stands, letter, by_hand=True))


async def send(house: House, incident: Incident, by: Person, seen: str = "") -> Incident:
    """Have the letter sent, as it stands: `seen` is the mark of the one that was read, '' where nobody says.

    Raises Refused without a mail server, for one that was sent, when it is not taken, and when it is another now than
    was read, or than what is known makes.
    """
    if house.neighbours.mail is None:
        raise Refused(
            "No mail server is connected, so nothing was sent.",
            "Set LIFEBOAT_SMTP__HOST and LIFEBOAT_SMTP__SENDER; or send it yourself, then say /incident email sent.",
        )
    known = await facts(house, incident)
    letter = letter_of(house, incident, await current(house, incident))
    by_hand = incident.letter is not None and incident.letter.by_hand
    # Somebody's own words may differ from what is known; words made of it, when it was otherwise, may not.
    stale = not by_hand and any(one.grave for one in check(letter.text, known))

    def decide(stands: Incident) -> tuple[Body, ...]:
        kept = stands.letter
        _not_sent(stands)
        if kept is not None and kept.pressed_at is not None:
            raise Refused(
                "The letter is on its way to the mail server already; it goes once.", "Look again in a moment."
            )
        if TO_FILL_IN in letter.text:
            raise Refused(
                f"The letter still says {TO_FILL_IN} somewhere. Nothing was sent.",
                "/incident email shows what is missing.",
                "/incident email",
            )
        changed = kept is not None and (kept.subject, kept.text) != (letter.subject, letter.text)
        if stale or changed or seen not in ("", letters.mark(letter)):
            raise Refused(
                "The letter is not the one that you read, or says otherwise than is known now. Nothing was sent.",
                "Read it as it is now, then send it.",
                "/incident email",
            )
        drafted = () if kept is not None else _drafted(stands, letter)
        return (*drafted, LetterPressed(message_id=kept.message_id if kept is not None else letter.id))

    await acting.act(house, incident.id, by, decide)
    return await _deliver(house, incident.id)


async def sent_by_hand(house: House, incident: Incident, by: Person) -> Incident:
    """Record that somebody sent it themselves: the clock for an answer runs."""
    letter = letter_of(house, incident, await current(house, incident))

    def decide(stands: Incident) -> tuple[Body, ...]:
        _not_sent(stands)
        drafted = () if stands.letter else _drafted(stands, letter)
        return (*drafted, LetterSent(way="by hand", message_id=letter.id))

    return await acting.act(house, incident.id, by, decide)


async def answered(house: House, incident: Incident, by: Person, text: str) -> Incident:
    """Record what support answered."""

    def decide(stands: Incident) -> tuple[Body, ...]:
        if stands.letter is None:
            raise Refused(
                "There is no letter yet that could be answered.", "/incident email drafts it.", "/incident email"
            )
        return (LetterAnswered(text=text.strip()),)

    return await acting.act(house, incident.id, by, decide)


async def resume(house: House) -> None:
    """Hand over what was pressed and never recorded as sent: its process ended, or the outcome got lost."""
    if house.neighbours.mail is None:
        return
    now = house.clock.now()
    async with house.database.read() as db:
        unended = await incidents.listed(db, open_only=True, limit=1000)
    for one in unended:
        letter = one.letter
        if letter and letter.pressed_at and not letter.sent_at and letter.pressed_at <= now - _AGAIN:
            await _deliver(house, one.id)


async def _deliver(house: House, incident_id: IncidentId) -> Incident:
    mail = house.neighbours.mail
    async with house.database.read() as db:
        incident = await incidents.get(db, incident_id)
    assert mail is not None
    assert incident is not None
    assert incident.letter is not None
    kept = incident.letter
    letter = Letter(kept.message_id, kept.to, kept.subject, kept.text)
    try:
        async with asyncio.timeout(_PATIENCE):
            await mail.send(letter)
    except Refused as problem:
        failed = LetterFailed(problem=problem.problem)
        await acting.act(house, incident_id, LIFEBOAT, lambda _: (failed,))
        raise
    except (Outage, TimeoutError) as problem:
        # Nobody knows whether it was taken: the same letter goes again, until it is known.
        told = problem.problem if isinstance(problem, LifeboatError) else "The mail server did not answer in time."
        _log.warning("letter_not_known_sent", incident=incident_id, problem=told)
        raise Outage("mail", told, "It is tried again every minute until it is known to be sent.") from problem
    sent = LetterSent(way="smtp", message_id=kept.message_id)
    return await acting.act(house, incident_id, LIFEBOAT, lambda stands: () if _is_sent(stands) else (sent,))


def _undated(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("This was written:")]


def _drafted(stands: Incident, letter: Letter, *, by_hand: bool = False) -> tuple[Body, ...]:
    _not_sent(stands)
    if stands.letter is not None and stands.letter.pressed_at is not None:
        raise Refused(
            "The letter is on its way: the mail server has not said yet whether it took it. Nothing was changed.",
            "Look again in a moment. If it is refused, it can be edited.",
        )
    told = {"to": letter.to, "subject": letter.subject, "text": letter.text, "message_id": letter.id}
    return (LetterDrafted(**told, by_hand=by_hand),)


def _is_sent(stands: Incident) -> bool:
    return stands.letter is not None and stands.letter.sent_at is not None


def _not_sent(stands: Incident) -> None:
    if stands.letter is not None and stands.letter.sent_at is not None:
        raise Refused(
            f"The letter was sent at {stands.letter.sent_at:%H:%M} UTC ({stands.letter.way}); it stays as it was sent.",
            "Write anything more to support yourself, with the same reference.",
        )
