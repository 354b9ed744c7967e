"""Knows which two copies are held against one another after a recovery. Knows nothing of how they differ."""

from datetime import datetime

from bot.chat.cards import Card
from bot.domain.backups import Backup, BackupId
from bot.domain.differences import differences
from bot.domain.errors import Refused
from bot.domain.incident_events import Acted, Point
from bot.domain.incidents import Incident
from bot.domain.people import Person
from bot.domain.snapshot import Report
from bot.house import House
from bot.operations import incidents as acting
from bot.store import backups, incidents, reports
from bot.store.database import Connection
from bot.views.integrity import integrity_card, summary

ACTION = "Integrity"


async def compare(
    house: House, incident: Incident, by: Person, copy: str | None = None, against: str | None = None
) -> Card:
    """Hold the newest verified copy, or the one named, against the last good one before the target; and record it.

    Raises Refused where one of the two is missing.
    """
    async with house.database.read() as db:
        verified = [one for one in await backups.listed(db, incident.environment) if one.verdict is not None]
        now = await _named(db, copy) if copy else _newest(incident, verified)
        good = await _named(db, against) if against else _last_good(incident, verified, now)
        found = differences(await _report(db, good), await _report(db, now))
        fresh_since = await _changed_at(db, incident)
    stale = _stale(incident, now, fresh_since)
    effect = f"{now.id} held against {good.id}: {summary(found)}. {stale}".strip()
    body = Acted(action=ACTION, ok=found.ok and not stale, effect=effect, file=f"report/{now.id}.json")
    await acting.act(house, incident.id, by, lambda _: (body,))
    return integrity_card(incident, good, now, found, stale)


def good_until(incident: Incident) -> datetime:
    """Before when a copy is taken to be good: the target, else when it happened, was noticed, or was opened."""
    for point in (Point.TARGET, Point.HAPPENED, Point.NOTICED):
        if point in incident.points:
            return incident.points[point].at
    return incident.opened_at


def _newest(incident: Incident, verified: list[Backup]) -> Backup:
    if not verified:
        export = f"/backup export {incident.environment}"
        raise Refused(
            f"There is no verified copy of {incident.environment} to look at.", f"Take one: {export}.", export
        )
    return max(verified, key=lambda one: one.snapshot_at)


def _last_good(incident: Incident, verified: list[Backup], now: Backup) -> Backup:
    until = good_until(incident)
    good = [one for one in verified if one.restorable and one.snapshot_at <= until and one.id != now.id]
    if not good and now.restorable and now.snapshot_at <= until:
        export = f"/backup export {incident.environment}"
        raise Refused(
            f"The newest copy, {now.id}, is the last good one itself: nothing newer is there to hold against it.",
            f"Take a fresh one, then ask again: {export}.",
            export,
        )
    if not good:
        raise Refused(
            f"No restorable copy of {incident.environment} in the vault is from before {until:%Y-%m-%d %H:%M} UTC, so"
            " there is nothing to hold the newest one against.",
            "Name one: /recovery integrity --against <copy>; /backup list shows them.",
            f"/backup list {incident.environment}",
        )
    return max(good, key=lambda one: one.snapshot_at)


async def _named(db: Connection, name: str) -> Backup:
    found = await backups.get(db, BackupId(name))
    if found is None:
        raise Refused(f"There is no copy {name!r}.", "/backup list shows them.", "/backup list", parameter="copy")
    return found


async def _report(db: Connection, backup: Backup) -> Report:
    found = await reports.get(db, backup.id)
    if found is None:
        line = f"/backup verify {backup.id}"
        raise Refused(f"{backup.id} has not been verified yet.", f"Type {line}.", line)
    return found


async def _changed_at(db: Connection, incident: Incident) -> datetime:
    """Since when the data is as it was brought back: what is older shows the damage, or the time before it."""
    restored = [one.at for one in await incidents.timeline(db, incident.id) if one.body.type == "restored"]
    return max(restored, default=incident.opened_at)


def _stale(incident: Incident, now: Backup, since: datetime) -> str:
    if now.snapshot_at >= since:
        return ""
    what = "data was restored" if incident.restored else "the incident was opened"
    return f"The newer copy is from before {what} ({since:%H:%M} UTC), so it says nothing of how the data is now."
