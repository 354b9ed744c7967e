"""Knows which files people may fetch, by key, and who may. Knows nothing of how a platform hands them over."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from bot.chat.markdown import to_markdown
from bot.domain.backups import BackupId
from bot.domain.errors import Refused
from bot.domain.incident_events import IncidentId
from bot.domain.mail import Letter, eml
from bot.domain.people import Person, Role
from bot.domain.plan import Plan
from bot.house import Neighbours
from bot.operations import evidence, post_mortems, reminding, test_log
from bot.ports import Clock, Vault
from bot.store import backups, incidents, pictures, reports, suites
from bot.store.database import Database
from bot.views.drill_log import log_csv, log_markdown, runbook_rows
from bot.views.ics import feed
from bot.views.report import report_card
from bot.views.runbook import document

_MARKDOWN = "text/markdown; charset=utf-8"
_PLAIN = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class File:
    """A file to hand over. `content` is a path where it is large; open it at once, retention may take it."""

    name: str
    media_type: str
    content: bytes | Path


class Shelf(Protocol):
    """Where files are fetched from. A house is one; to read them, no more of it has to stand."""

    @property
    def plan(self) -> Plan: ...

    @property
    def database(self) -> Database: ...

    @property
    def vault(self) -> Vault: ...

    @property
    def neighbours(self) -> Neighbours: ...

    @property
    def clock(self) -> Clock: ...


async def fetch(shelf: Shelf, key: str, by: Person) -> File:
    """The file of a key: `report/<backup>.json` or `.md`, `backup/<backup>.zip` (operators only), `runbook.md`,
    `picture/<id>.png` and the same as `.svg`, `letter/<incident>.eml`, `calendar/tests.ics`,
    `incident/<incident>.md` and `.html`, `evidence/<drill>.zip`.

    Raises Refused for any other, for what is not there, and for whom may not have it.
    """
    path = PurePosixPath(key)
    match str(path.parent), path.suffix:
        case "letter", ".eml":
            return await _letter(shelf, IncidentId(path.stem))
        case "incident", ".md" | ".html":
            return await _post_mortem(shelf, IncidentId(path.stem), path.suffix)
        case "report", ".json" | ".md":
            return await _report(shelf, BackupId(path.stem), path.suffix)
        case "backup", ".zip":
            return await _copy(shelf, BackupId(path.stem), by)
        case ".", ".md" if path.stem == "runbook":
            log = runbook_rows(await test_log.rows(shelf), shelf.plan)
            return File("runbook.md", _MARKDOWN, document(shelf.plan, log).encode())
        case "drill-log", ".md":
            return File("tests.md", _MARKDOWN, log_markdown(await test_log.rows(shelf), shelf.plan).encode())
        case "drill-log", ".csv":
            content = log_csv(await test_log.rows(shelf), shelf.plan)
            return File("tests.csv", "text/csv; charset=utf-8", content.encode())
        case "calendar", ".ics":
            found = await reminding.year(shelf)
            return File("backup-tests.ics", "text/calendar; charset=utf-8", feed(found.occasions, shelf.plan))
        case "evidence", ".zip":
            return await _evidence(shelf, IncidentId(path.stem))
        case "suite", ".txt":
            return await _output(shelf, path.stem)
        case "picture", ".png" | ".svg":
            return await _picture(shelf, path.stem, path.suffix)
    raise Refused(f"There is no file {key!r}.", "/backup list shows the copies and their reports.")


async def _report(shelf: Shelf, name: BackupId, suffix: str) -> File:
    async with shelf.database.read() as db:
        backup = await backups.get(db, name)
        report = await reports.get(db, name)
    if backup is None or report is None:
        raise Refused(f"There is no report on a copy {name!r}.", "/backup list shows the copies.")
    if suffix == ".md":
        return File(f"{name}.md", _MARKDOWN, to_markdown(report_card(backup, report, shelf.plan)).encode())
    return File(f"{name}.json", "application/json", report.model_dump_json(indent=2).encode())


async def _letter(shelf: Shelf, name: IncidentId) -> File:
    async with shelf.database.read() as db:
        incident = await incidents.get(db, name)
    if incident is None or incident.letter is None:
        raise Refused(f"There is no letter about {name!r} yet.", "/incident email drafts it.")
    kept = incident.letter
    letter = Letter(kept.message_id, kept.to, kept.subject, kept.text)
    return File(f"{name}.eml", "message/rfc822", eml(letter, "", kept.drafted_at))


async def _post_mortem(shelf: Shelf, name: IncidentId, suffix: str) -> File:
    if suffix == ".md":
        return File(f"{name}.md", _MARKDOWN, (await post_mortems.markdown(shelf, name)).encode())
    return File(f"{name}.html", "text/html; charset=utf-8", (await post_mortems.page(shelf, name)).encode())


async def _evidence(shelf: Shelf, name: IncidentId) -> File:
    gathered = await evidence.gather(shelf, name)
    return File(gathered.name, "application/zip", gathered.packed)


async def _output(shelf: Shelf, run: str) -> File:
    async with shelf.database.read() as db:
        output = await suites.output(db, run)
    if output is None:
        raise Refused(f"There is no output of a run {run!r}.", "/recovery test runs the tests.")
    return File(f"{run}.txt", _PLAIN, output.encode())


async def _picture(shelf: Shelf, name: str, suffix: str) -> File:
    async with shelf.database.read() as db:
        picture = await pictures.get(db, name)
    if picture is None:
        raise Refused("That picture is not kept any more.", "What it showed is said beside it.")
    if suffix == ".svg":
        return File(f"{name}.svg", "image/svg+xml", picture.svg.encode())
    return File(f"{name}.png", "image/png", picture.png)


async def _copy(shelf: Shelf, name: BackupId, by: Person) -> File:
    if not by.may(Role.OPERATOR):
        raise Refused(
            "A copy holds the team's personal data, so only operators fetch one. Nothing was handed over.",
            "Who they are: /lifeboat runbook contacts.",
        )
    async with shelf.database.read() as db:
        backup = await backups.get(db, name)
    if backup is None or backup.purged_at is not None:
        gone = f"It was purged at {backup.purged_at:%Y-%m-%d %H:%M} UTC. " if backup and backup.purged_at else ""
        raise Refused(f"There is no copy {name!r} in the vault. {gone}".strip(), "/backup list shows what there is.")
    async with shelf.vault.local(backup.file) as path:
        return File(f"{backup.id}.zip", "application/zip", path)
