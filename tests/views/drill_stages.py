"""Quarterly tests at every stage of their lives, made by the domain's own rules of fixed moments."""

import hashlib
from datetime import UTC, datetime, timedelta

from bot.domain import drill_moves, incident_moves
from bot.domain.backups import BackupId, EnvironmentName, OperationId
from bot.domain.checklist import Move
from bot.domain.drill_events import (
    Checked,
    CleanedUp,
    CopyTaken,
    Deviated,
    DrillCancelled,
    DrillWork,
    Hinted,
    ImportAgreed,
    Imported,
    ImportPlanned,
    ImportRefused,
    Link,
    Practice,
    Result,
    RowChange,
    Scored,
    ScoreLine,
    ToolsNoted,
)
from bot.domain.drills import Drill
from bot.domain.incident_events import Body, Closed, Event, FollowUpDone, IncidentId, Noted, RoomOpened, Started
from bot.domain.incidents import Incident, evolve
from bot.domain.people import LIFEBOAT, Person, PersonId, Role
from bot.domain.plan import Step
from bot.domain.plan_rehearsals import REHEARSAL
from bot.domain.snapshot import Report, StoredFiles, TableReport, Verdict
from tests.domain.test_health import PLAN

ADA = Person(PersonId("ada"), "Ada Okafor", frozenset({Role.RESPONDER, Role.OPERATOR}))
BEN = Person(PersonId("ben"), "Ben Lindqvist", frozenset({Role.RESPONDER, Role.OPERATOR, Role.APPROVER}))
PRODUCTION, STAGING = EnvironmentName("production"), EnvironmentName("staging")
Q4 = datetime(2026, 12, 15, 9, 0, tzinfo=UTC)
ROWS = {name: 0 if not one.expect_rows else 40 + 977 * place for place, (name, one) in enumerate(PLAN.tables.items())}
"""What the copy holds, per table."""
NAME = PLAN.project.name
TOOLS = ToolsNoted(
    tools={
        "lifeboat": "1.0",
        "python": "3.11",
        "convex of production": "1.48.0 (brave-heron-104)",
        "convex of staging": "1.49.1 (quiet-otter-204)",
    }
)
BEFORE = {name: rows // 10 for name, rows in ROWS.items()}
"""What staging held before."""


class Course:
    """What happened; `stands` is what it adds up to."""

    def __init__(self, practice: Practice, at: datetime = Q4, steps: tuple[Step, ...] = PLAN.drill.steps) -> None:
        self.at = at
        self.id = IncidentId(f"{at:%Y-%m-%d}-{'rehearsal' if practice.rehearsal else 'drill'}")
        self.events: list[Event] = []
        started = Started(
            title=f"Backup test {practice.occasion}".strip() if not practice.rehearsal else "Rehearsal",
            what="Production is copied, and the copy restored into Staging.",
            cause="",
            environment=practice.target,
            noticed_at=at,
            recover_within=timedelta(hours=4),
            checklist=steps,
            owners={one.key: ADA.id for one in steps},
            platform="slack",
            channel="C1",
            practice=practice,
        )
        self.stands: Incident = self._add(None, started, ADA)
        self.happens(RoomOpened(platform="slack", channel="C9", name=f"drill-{self.id}"), seconds=2)

    @property
    def drill(self) -> Drill:
        assert self.stands.drill is not None
        return self.stands.drill

    def happens(self, *bodies: Body, by: Person = LIFEBOAT, seconds: float = 60) -> Event:
        """Let these happen, so long after what was before; gives the last event."""
        self.at += timedelta(seconds=seconds)
        for body in bodies:
            self.stands = self._add(self.stands, body, by)
        return self.events[-1]

    def begins(self, key: str) -> None:
        """Lifeboat takes up a step."""
        self.happens(*drill_moves.begun(self.stands, self._step(key), self.at), seconds=1)

    def ends(self, key: str, note: str, move: Move = Move.FINISH) -> None:
        """Lifeboat has done a step, or could not."""
        self.happens(*drill_moves.ended(self.stands, self._step(key), move, note, self.at), seconds=1)

    def moves(self, key: str, move: Move, by: Person = ADA, note: str = "") -> None:
        """Somebody moves a step."""
        self.happens(*incident_moves.move(self.stands, self._step(key), move, by, self.at, note=note), by=by)

    def takes(self, environment: EnvironmentName, rows: dict[str, int], *, safety: bool = False) -> CopyTaken:
        """A copy is exported, stored and checked."""
        named = f"{environment}-{self.at:%Y%m%d-%H%M}-q7x2"
        key = "import" if safety else "snapshot"
        self.happens(DrillWork(step=key, operation=OperationId(f"export-{named}"), environment=environment), seconds=1)
        taken = CopyTaken(
            copy_id=BackupId(named),
            environment=environment,
            safety=safety,
            made=True,
            snapshot_at=self.at,
            size=52_428_800 + sum(rows.values()),
            sha256=hashlib.sha256(named.encode()).hexdigest(),
            verdict="sound",
            rows=rows,
        )
        self.happens(taken, seconds=95)
        return taken

    def plans(self, copy: CopyTaken, now: dict[str, int], *, put_back: bool = False) -> ImportPlanned:
        """Convex says what an import would do."""
        number = str(sum(isinstance(one.body, ImportPlanned) for one in self.events) + 1)
        planned = ImportPlanned(
            import_id=f"import-{number}",
            digest=hashlib.sha256(f"{self.id} {number}".encode()).hexdigest(),
            changes=tuple(RowChange(table=name, create=copy.rows[name], delete=now[name]) for name in copy.rows),
            copy_id=copy.copy_id,
            target=self.drill.practice.target,
            deployment="quiet-otter-204",
            url="https://quiet-otter-204.convex.cloud",
            put_back=put_back,
        )
        self.happens(planned, seconds=20)
        return planned

    def imports(self, planned: ImportPlanned, seconds: float = 140) -> None:
        """It is performed."""
        began, rows = self.at, sum(one.create for one in planned.changes)
        done = Imported(import_id=planned.import_id, rows=rows, began_at=began, put_back=planned.put_back)
        self.happens(done, seconds=seconds)

    def checks(self, of: str, *, lost: int = 0, unknown: bool = False) -> None:
        """The verification queries are answered; with `lost`, that many users are not there."""
        users = ROWS["users"]
        ok = None if unknown else not lost
        found = "the key may not read it" if unknown else f"{users - lost:,} rows"
        counted = Checked(key=f"{of}.users", title="Users", expected=f"{users:,} rows", found=found, ok=ok)
        threads, last = "Message threads are intact", "Recent posts are present"
        self.happens(
            counted,
            Checked(key=f"{of}.posts", title=last, expected="newest within 1 day", found="12 min", ok=True),
            Checked(key=f"{of}.messages", title=threads, expected="0 orphans", found="0 orphans", ok=True),
            Checked(
                key=f"{of}.follows", title="Follows are preserved", expected="0 orphans", found="0 orphans", ok=True
            ),
            seconds=45,
        )

    def concludes(self, result: Result | None, notes: str, *, proved: bool = True) -> None:
        """The tester says how it went."""
        self.happens(*drill_moves.conclude(self.stands, result, proved, notes, ADA, PLAN, self.at), by=ADA, seconds=300)

    def cleans(self, *lines: str, put_back: bool) -> None:
        """What was begun is cleaned up, and it is over."""
        self.begins("clean-up")
        if put_back and self.drill.safety is not None:
            self.imports(self.plans(self.drill.safety, ROWS, put_back=True), seconds=60)
        self.happens(CleanedUp(lines=lines, put_back=put_back), seconds=5)
        self.ends("clean-up", " ".join(lines))
        self.happens(Closed(reason=f"Cancelled: {self.drill.cancelled}" if self.drill.cancelled else ""), seconds=1)

    def _step(self, key: str) -> Step:
        return incident_moves.find(self.stands, key)

    def _add(self, stands: Incident | None, body: Body, by: Person) -> Incident:
        event = Event(incident=self.id, seq=len(self.events) + 1, at=self.at, by=by.id, by_name=by.name, body=body)
        self.events.append(event)
        return evolve(stands, event)


def running(at: datetime = Q4, occasion: str = "2026-Q4", previous: Link | None = None) -> Course:
    """The copy is taken and checked; nothing is imported yet."""
    course = Course(Practice(occasion=occasion, source=PRODUCTION, target=STAGING, previous=previous, project=NAME), at)
    course.begins("snapshot")
    course.happens(TOOLS, seconds=0)
    taken = course.takes(PRODUCTION, ROWS)
    course.ends("snapshot", f"{taken.copy_id}, {taken.size:,} bytes, SHA-256 {taken.sha256}.")
    course.begins("integrity")
    course.checks("copy")
    course.ends("integrity", "4 of 4 checks hold.")
    return course


def waiting_for_agreement(at: datetime = Q4, occasion: str = "2026-Q4", previous: Link | None = None) -> Course:
    """Staging's own state is kept; Convex has said what the import would do, and somebody has to agree."""
    course = running(at, occasion, previous)
    course.begins("import")
    course.takes(STAGING, BEFORE, safety=True)
    assert course.drill.tested is not None
    course.plans(course.drill.tested, BEFORE)
    return course


def restored(at: datetime = Q4, occasion: str = "2026-Q4", previous: Link | None = None) -> Course:
    """The import was agreed to and performed."""
    course = waiting_for_agreement(at, occasion, previous)
    planned = course.drill.planned
    assert planned is not None
    course.happens(ImportAgreed(digest=planned.digest), by=ADA, seconds=180)
    course.imports(planned)
    course.ends("import", f"{sum(ROWS.values()):,} rows were imported into staging.")
    course.begins("queries")
    return course


def passed(at: datetime = Q4, occasion: str = "2026-Q4", previous: Link | None = None) -> Course:
    """All went as the procedure says."""
    course = restored(at, occasion, previous)
    course.checks("target")
    course.ends("queries", "4 of 4 checks hold.")
    course.happens(Noted(text="The import was quicker than last time"), by=BEN)
    course.concludes(None, "Went as written.")
    course.cleans(*_CLEAN, put_back=True)
    return course


def failed(at: datetime = Q4, occasion: str = "2026-Q4", previous: Link | None = None) -> Course:
    """Refused once, agreed to by two, users lost, a deviation, follow-ups, one of them done by now."""
    course = waiting_for_agreement(at, occasion, previous)
    first = course.drill.planned
    assert first is not None and course.drill.tested is not None
    course.happens(ImportRefused(digest=first.digest, reason="It deletes the demo users | <b>wait</b>"), by=BEN)
    course.ends("import", "Refused. Nothing was imported.", Move.FAIL)
    course.happens(Deviated(what="Staging was exported by hand first", reason="its demo users are kept"), by=BEN)
    course.moves("import", Move.REOPEN)
    course.begins("import")
    second = course.plans(course.drill.tested, BEFORE)
    for person in (ADA, BEN):
        course.happens(ImportAgreed(digest=second.digest), by=person)
    course.imports(second, seconds=5 * 3600)
    course.ends("import", "Imported.")
    course.begins("queries")
    course.checks("target", lost=12)
    course.ends("queries", "Staging is not as expected: 3 of 4 checks hold, 1 do not.", Move.FAIL)
    course.concludes(None, "The guide does not say that demo users are deleted.", proved=False)
    course.cleans(*_CLEAN, put_back=True)
    course.happens(FollowUpDone(key="1"), by=ADA, seconds=86_400)
    return course


def partial(at: datetime = Q4, occasion: str = "2026-Q4") -> Course:
    """One check could not be asked, and the tester did something otherwise."""
    course = restored(at, occasion)
    course.checks("target", unknown=True)
    course.ends("queries", "3 of 4 checks hold; 1 could not be asked.")
    course.happens(Deviated(what="Ben agreed in place of Chloe", reason="she is on leave"), by=ADA)
    course.concludes(None, "One key lacks a permission.")
    course.cleans(*_CLEAN, put_back=True)
    return course


def cancelled(at: datetime = Q4, occasion: str = "2026-Q4", previous: Link | None = None) -> Course:
    """Ended while an agreement was awaited."""
    course = waiting_for_agreement(at, occasion, previous)
    course.happens(DrillCancelled(reason="A real incident came up"), by=BEN)
    course.ends("import", "It was cancelled. Nothing was imported.", Move.FAIL)
    course.cleans("Staging was not changed.", _CLEAN[1], put_back=False)
    return course


def rehearsal(at: datetime = Q4 - timedelta(days=20)) -> Course:
    """Training on a simulated production, with a hint and a score."""
    known = PLAN.rehearsal
    assert known is not None
    told = "deleted-table"
    practice = Practice(source=REHEARSAL, target=REHEARSAL, put_back=False, rehearsal=True, scenario=told, project=NAME)
    course = Course(practice, at, known.steps)
    course.begins("snapshot")
    taken = course.takes(REHEARSAL, ROWS)
    course.ends("snapshot", f"{taken.copy_id}.")
    course.begins("strike")
    course.ends("strike", "Something happened.")
    course.happens(Hinted(step="scope", text="Look at the rows per table."), by=ADA)
    course.moves("scope", Move.START)
    course.moves("scope", Move.FINISH, note="messages is empty since 08:41")
    taken = taken.model_copy(update={"made": False})
    course.happens(taken, by=ADA)
    course.moves("choose", Move.FINISH, note=taken.copy_id)
    course.begins("import")
    planned = course.plans(taken, dict.fromkeys(ROWS, 0))
    course.happens(ImportAgreed(digest=planned.digest), by=ADA)
    course.imports(planned, seconds=30)
    course.ends("import", "Imported.")
    course.begins("queries")
    course.checks("target")
    course.ends("queries", "4 of 4 checks hold.")
    course.concludes(None, "We looked at the wrong copy first.")
    lines = (
        ScoreLine(title="Found out what is wrong", points=35, most=40, why="4 min of 6 min"),
        ScoreLine(title="Hints", points=-5, most=0, why="1 hint"),
    )
    scored = Scored(scenario="deleted-table", title="A table is emptied", story="Cleared.", total=85, lines=lines)
    course.happens(scored)
    course.cleans("The simulated production is put back.", put_back=False)
    return course


def verification(course: Course) -> Report:
    """What the check of its copy found."""
    taken = course.drill.tested
    assert taken is not None
    tables = tuple(
        TableReport(
            name=name,
            table=name,
            rows=rows,
            bytes=rows * 210,
            production_rows=rows,
            difference=0,
            fingerprint=hashlib.sha256(name.encode()).hexdigest(),
        )
        for name, rows in taken.rows.items()
    )
    return Report(
        file=f"{taken.copy_id}.zip",
        size=taken.size,
        sha256=taken.sha256,
        snapshot_at=taken.snapshot_at,
        snapshot_ns=int(taken.snapshot_at.timestamp()) * 1_000_000_000,
        started_at=taken.snapshot_at + timedelta(seconds=40),
        finished_at=taken.snapshot_at + timedelta(seconds=43),
        duration=timedelta(seconds=3),
        verdict=Verdict.SOUND,
        worst=None,
        rows=sum(taken.rows.values()),
        bytes=sum(taken.rows.values()) * 210,
        tables=tables,
        storage=StoredFiles(included=False),
        findings=(),
    )


STAGES = {
    "running": running,
    "waiting_for_agreement": waiting_for_agreement,
    "passed": passed,
    "failed": failed,
    "partial": partial,
    "cancelled": cancelled,
    "rehearsal": rehearsal,
}
_CLEAN = (
    "Staging was put back to what it was before.",
    "The copy under test is removed; its report and its SHA-256 stay.",
)
