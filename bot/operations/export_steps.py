"""Knows the steps of an export: look, ask, follow, count, fetch, withdraw. Knows nothing of their order or of records.

Each may be cut short and run again, so each first looks what an earlier run did. They give JSON, and write nothing but
how far they are.
"""

import asyncio
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.domain.backups import EnvironmentName, Phase
from bot.domain.errors import LifeboatError, Outage, Refused
from bot.domain.snapshot import ProductionCounts
from bot.house import House
from bot.operations.tracking import Teller
from bot.ports import Deployment, Export, ExportRunning
from bot.store import backups

_BACKING_UP = re.compile(r"Backing up (?P<table>\S+?):?(?: .*)?$")
_PATIENT_POLLS = 15
"""How long, in polls, until Convex is asked again after an outage, or while it makes another export."""
_log = structlog.get_logger()


def key_of(environment: EnvironmentName, operation: str) -> str:
    """The name in the vault of the copy that an export fetches."""
    return f"{environment}/{operation}.zip"


class ExportSteps:
    """The steps, for one house. Moments go in and out as ISO texts."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def look(self, environment: EnvironmentName, with_files: bool) -> dict[str, Any]:
        """See to it that the vault can take the copy, and note what is there before anything is asked for.

        Raises Refused with the mend while the vault cannot take as much as the largest copy so far.
        """
        async with self._house.database.read() as db:
            copies = await backups.listed(db, environment)
        await self._house.vault.check(max((one.size for one in copies if one.with_files == with_files), default=0))
        deployment = self._house.deployment(environment)
        latest = await deployment.latest_export()
        counts = await self._counts(deployment)
        return {"previous": latest.id if latest else None, "counts": counts, "at": self._now().isoformat()}

    async def ask(
        self, operation: str, environment: EnvironmentName, with_files: bool, previous: str | None, since: str
    ) -> dict[str, Any]:
        """Ask for an export, unless a run of this step that was cut short did. `export` None: another is running.

        An export that somebody else asks for with a key, after `look` and before us, is taken for ours: it holds the
        same. Raises Refused when another has been running for too long.
        """
        deployment = self._house.deployment(environment)
        ours = await _newer(deployment, previous, with_files)
        if ours is None:
            try:
                await deployment.request_export(with_files=with_files)
            except ExportRunning:
                return await self._busy(operation, environment, since)
            ours = await _newer(deployment, previous, with_files)
        if ours is None:
            raise Outage("Convex", "Convex took the request for an export but does not show it. No data was changed.")
        return {"export": ours.id, "at": self._now().isoformat()}

    async def _busy(self, operation: str, environment: EnvironmentName, since: str) -> dict[str, Any]:
        limits, now = self._house.limits, self._now()
        if now > datetime.fromisoformat(since) + timedelta(seconds=limits.export_deadline):
            raise Refused(
                f"Another export or backup of {environment} has been running at Convex for too long, so none was "
                "asked for.",
                "The dashboard (Settings → Backups) shows it; cancel it there, then try again.",
            )
        wait = _PATIENT_POLLS * limits.poll_seconds
        await Teller(self._house, operation).phase(
            Phase.WAITING,
            message=f"Convex is making another export or backup of {environment}, and makes one at a time. "
            f"I ask again at {now + timedelta(seconds=wait):%H:%M:%S} UTC.",
        )
        return {"export": None, "wait": wait}

    async def follow(
        self,
        operation: str,
        environment: EnvironmentName,
        export: str,
        with_files: bool,
        asked_at: str,
        counts: Mapping[str, Any] | None,
    ) -> dict[str, Any]:
        """Wait until the export is complete. Outages are sat out.

        Raises Refused when it was cancelled at Convex, failed there, or is not complete by the deadline.
        """
        deployment, teller = self._house.deployment(environment), Teller(self._house, operation)
        tables = _Tables(counts["rows"] if counts else {}, with_files)
        deadline = datetime.fromisoformat(asked_at) + timedelta(seconds=self._house.limits.export_deadline)
        while True:
            polls = 1
            try:
                latest = _mine(await deployment.latest_export(), export, with_files)
                if latest.state == "completed" and latest.snapshot_ns is not None:
                    return _as_json(latest)
                phase = Phase.REQUESTED if latest.state == "requested" else Phase.EXPORTING
                await teller.phase(phase, done=tables.done(latest.message), total=tables.total, message=latest.message)
            except Outage as outage:
                polls = _PATIENT_POLLS
                again = self._now() + timedelta(seconds=polls * self._house.limits.poll_seconds)
                message = f"{outage.problem} The export goes on there; I ask again at {again:%H:%M:%S} UTC."
                await teller.phase(Phase.EXPORTING, done=tables.reached, total=tables.total, message=message)
            if self._now() > deadline:
                raise _overdue(environment, self._house.limits.export_deadline)
            await asyncio.sleep(polls * self._house.limits.poll_seconds)

    async def count(
        self, environment: EnvironmentName, snapshot_ns: int, before: dict[str, Any] | None
    ) -> dict[str, Any] | None:
        """Production's rows at the snapshot's own moment, or as near to it as they were read; None if the key may not.

        Convex holds past moments for seconds only, so this comes right after the completion.
        """
        deployment = self._house.deployment(environment)
        exact = await self._counts(deployment, snapshot_ns)
        if exact is not None:
            return exact
        read = [one for one in (before, await self._counts(deployment)) if one is not None]
        return min(read, key=lambda one: abs(_ns(one["read_at"]) - snapshot_ns), default=None)

    async def fetch(
        self, operation: str, environment: EnvironmentName, found: dict[str, Any], key: str
    ) -> dict[str, Any]:
        """Bring the export into the vault, unless it is there. Gives size, hash and the moment."""
        vault, teller = self._house.vault, Teller(self._house, operation)
        stored = await vault.stored(key)
        if stored is None:
            size = found["size"]
            await teller.phase(Phase.DOWNLOADING, total=size)
            async with self._house.deployment(environment).download(_export(found)) as download:
                total = download.size or size

                async def tell(received: int) -> None:
                    await teller.progress(Phase.DOWNLOADING, received, total)

                stored = await vault.receive(key, download, tell)
        return {"size": stored.size, "sha256": stored.sha256, "at": self._now().isoformat()}

    async def withdraw(self, environment: EnvironmentName, export: str) -> str:
        """Cancel our export at Convex if it still runs there. Gives a sentence on what stands; raises nothing."""
        try:
            deployment = self._house.deployment(environment)
            latest = await deployment.latest_export()
            if latest is None or latest.id != export or latest.state in ("failed", "canceled"):
                return ""
            if latest.state == "completed":
                until = f" until {latest.expires_at:%Y-%m-%d}" if latest.expires_at else ""
                return f"Convex itself keeps the finished export{until}."
            await deployment.cancel_export(export)
            return "The export was cancelled at Convex, too."
        except LifeboatError as error:
            return f"The export could not be cancelled at Convex and may go on there: {error.problem}"

    async def clear(self, key: str) -> None:
        """Take a file out of the vault that no record speaks of. A vault that is out of order keeps it."""
        try:
            await self._house.vault.delete(key)
        except LifeboatError as error:
            _log.warning("vault_not_cleared", key=key, problem=error.problem)

    async def _counts(self, deployment: Deployment, at_ns: int | None = None) -> dict[str, Any] | None:
        try:
            found = await deployment.counts(at_ns)
        except LifeboatError as error:
            _log.info("no_counts", at_ns=at_ns, problem=error.problem)
            return None
        exact = at_ns is not None
        read_at = found.at if exact else self._now()
        return ProductionCounts(rows=dict(found.rows), read_at=read_at, exact=exact).model_dump(mode="json")

    def _now(self) -> datetime:
        return self._house.clock.now()


class _Tables:
    """How many tables are done, from Convex's words on the one it writes: it writes them from small to large."""

    def __init__(self, rows: Mapping[str, int], with_files: bool) -> None:
        order = sorted(rows, key=lambda name: (rows[name], name))
        self._places = {name: place for place, name in enumerate(order)}
        if rows and with_files:
            self._places["_storage"] = len(order)
        self.total = float(len(self._places)) or None
        self.reached = 0.0

    def done(self, message: str) -> float:
        writing = _BACKING_UP.match(message)
        self.reached = max(self.reached, float(self._places.get(writing["table"], 0)) if writing else 0.0)
        return self.reached


async def _newer(deployment: Deployment, previous: str | None, with_files: bool) -> Export | None:
    latest = await deployment.latest_export()
    return latest if latest is not None and latest.id != previous and latest.with_files == with_files else None


def _mine(latest: Export | None, export: str, with_files: bool) -> Export:
    """Our export, or a newer one that holds the same: Convex shows only the newest."""
    if latest is None or (latest.id != export and latest.with_files != with_files):
        raise Refused(
            "Convex no longer shows the export that was asked for: it shows only the newest, and forgets them when a "
            "deployment is made anew. No data was changed.",
            "Try again.",
        )
    if latest.state in ("failed", "canceled"):
        raise Refused(
            f"The export was {'cancelled' if latest.state == 'canceled' else 'given up'} at Convex before it was "
            "complete, not by Lifeboat. No data was changed.",
            "Try again.",
        )
    return latest


def _overdue(environment: EnvironmentName, seconds: float) -> Refused:
    return Refused(
        f"The export of {environment} was not complete after {timedelta(seconds=round(seconds))} (h:mm:ss), and Convex "
        "never gives up by itself. No data was changed.",
        "Try again; if it happens again, look at Convex's status page and ask its support.",
    )


def _as_json(export: Export) -> dict[str, Any]:
    return {
        "id": export.id,
        "snapshot_ns": export.snapshot_ns,
        "size": export.size,
        "created_at": export.created_at.isoformat(),
        "expires_at": export.expires_at.isoformat() if export.expires_at else None,
        "with_files": export.with_files,
    }


def _export(found: dict[str, Any]) -> Export:
    return Export(
        id=found["id"],
        created_at=datetime.fromisoformat(found["created_at"]),
        state="completed",
        snapshot_ns=found["snapshot_ns"],
        size=found["size"],
        with_files=found["with_files"],
    )


def _ns(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp() * 1e9)
