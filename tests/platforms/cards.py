"""The cards and forms that every platform draws, made by the real views of fixed records at a fixed moment.

A renderer is judged by what it makes of them; `GOLDEN` is a name for each, fit to be a file's name.
"""

from datetime import datetime, timedelta

from bot.chat import parse
from bot.chat.cards import (
    Attachment,
    Bold,
    Buttons,
    Card,
    Choice,
    Code,
    Divider,
    Form,
    Heading,
    Image,
    Items,
    Link,
    LinkButton,
    Mention,
    Pick,
    Progress,
    Snippet,
    Span,
    Table,
    Tone,
    When,
    fields,
    text,
)
from bot.chat.cards import Field as Question
from bot.domain import health
from bot.domain.backups import (
    CloudBackup,
    Observation,
    Operation,
    OperationId,
    OperationKind,
    Phase,
    ServiceStatus,
)
from bot.domain.errors import Outage, Refused
from bot.domain.people import LIFEBOAT, PersonId
from bot.domain.snapshot import (
    Finding,
    ReferenceReport,
    Report,
    Sample,
    Severity,
    StoredFiles,
    TableReport,
    Verdict,
)
from bot.views import actions, answers, runbook
from bot.views.copies import list_card
from bot.views.doctor import Examined, doctor_card
from bot.views.doctor import Finding as Found
from bot.views.help import command_card, help_card
from bot.views.home import home_card
from bot.views.operation import ended_card, operation_card
from bot.views.report import report_card
from bot.views.status import status_card
from bot.views.welcome import welcome_card
from commands import GROUPS
from tests.domain.test_health import NOW, PLAN, PRODUCTION, STAGING, copy
from tests.views import dated, drilled, evidenced, lasting, logged, rehearsed, stages

BACKUP = GROUPS[0]
ROWS = {"users": 5_312, "posts": 20_480, "comments": 61_007, "messages": 118_204, "likes": 240_771}
SERVICE = ServiceStatus(indicator="none", description="All Systems Operational", seen_at=NOW - timedelta(minutes=4))
NEWEST = copy(
    "production-20261122-0200-k7f3",
    timedelta(hours=1),
    size=18_400_000,
    rows=445_774,
    sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
)
BROKEN = copy(
    "production-20261122-0250-q2wd",
    timedelta(minutes=10),
    Verdict.FINDINGS,
    worst=Severity.ERROR,
    size=18_100_000,
    rows=445_462,
    with_files=True,
)
COPIES = [
    BROKEN,
    NEWEST,
    copy("production-20261121-0200-b0at", timedelta(days=1, hours=1), size=18_300_000, rows=445_001),
    copy("production-20261120-0200-w4ve", timedelta(days=2, hours=1), None, size=18_200_000),
    copy("production-20261101-0200-0ars", timedelta(days=21), size=17_000_000, rows=401_988, kept=True),
]


def seen(rows: dict[str, int] = ROWS, at: datetime = NOW - timedelta(seconds=40)) -> Observation:
    """What the last look at production showed."""
    return Observation(
        environment=PRODUCTION.name,
        tried_at=at,
        seen_at=at,
        rows=rows,
        rows_at=at,
        cloud_backup=CloudBackup(
            id="c1",
            state="complete",
            snapshot_at=NOW - timedelta(hours=5),
            expires_at=NOW + timedelta(days=2, hours=4),
            size=18_000_000,
        ),
        cloud_backup_visible=True,
    )


def _status(*, lost: bool) -> Card:
    rows = ROWS | ({"users": 5_000, "posts": 9_000} if lost else {})
    judged = [
        health.judge(PRODUCTION, COPIES if lost else COPIES[1:], seen(rows), ROWS, NOW, connected=True),
        health.judge(STAGING, (), None, None, NOW, connected=False),
    ]
    failures = [_operation(OperationKind.EXPORT, Phase.FAILED)] if lost else []
    running = ["check of production-20261122-0250-q2wd: verifying"] if lost else []
    return status_card(judged, PLAN.project, SERVICE, running, NOW, failures)


def _report(*, sound: bool) -> Report:
    orphans = Finding(
        code="orphans",
        severity=Severity.ERROR,
        table="posts",
        field="authorId",
        total=312,
        samples=(Sample(line=1_204, id="k57a2v8b3c9d0e1f", detail="authorId = j5700zz11"),),
        meaning="References point at documents that are not in this export.",
    )
    shrunk = Finding(
        code="production-far-off",
        severity=Severity.WARNING,
        table="users",
        total=1,
        meaning="Production has 312 rows more than this copy.",
    )
    note = Finding(
        code="component",
        severity=Severity.INFORMATION,
        table="waitlist/entries",
        total=1,
        meaning="A component's table.",
    )
    return Report(
        file=NEWEST.file,
        size=NEWEST.size,
        sha256=NEWEST.sha256,
        snapshot_at=NEWEST.snapshot_at,
        snapshot_ns=NEWEST.snapshot_ns,
        started_at=NOW - timedelta(seconds=3),
        finished_at=NOW,
        duration=timedelta(seconds=3),
        verdict=Verdict.SOUND if sound else Verdict.FINDINGS,
        worst=None if sound else Severity.ERROR,
        rows=sum(ROWS.values()),
        bytes=90_000_000,
        tables=tuple(_table(name, rows, sound=sound) for name, rows in ROWS.items()),
        storage=StoredFiles(included=True, rows=210, files=210, bytes=52_000_000),
        findings=() if sound else (orphans, shrunk, note),
    )


def _table(name: str, rows: int, *, sound: bool) -> TableReport:
    amiss = not sound and name == "posts"
    short = 0 if sound or name != "users" else 312
    follows = ReferenceReport(
        field="authorId", targets=("users",), configured=True, checked=rows, orphans=312 if amiss else 0
    )
    return TableReport(
        name=name,
        table=name,
        rows=rows - short,
        bytes=rows * 180,
        newest_at=NOW - timedelta(hours=1, minutes=2),
        oldest_at=NOW - timedelta(days=400),
        production_rows=rows,
        difference=-short,
        explanation="counted at the snapshot's own moment",
        references=(follows,) if name == "posts" else (),
        orphans=312 if amiss else 0,
        fingerprint="f" * 64,
        worst=Severity.ERROR if amiss else Severity.WARNING if short else None,
    )


def _operation(kind: OperationKind, phase: Phase, **more: object) -> Operation:
    return Operation.model_validate(
        {
            "id": OperationId("production-20261122-0255-m9pl"),
            "kind": kind,
            "environment": PRODUCTION.name,
            "phase": phase,
            "started_at": NOW - timedelta(minutes=2),
            "started_by": PersonId("ada"),
            "phase_at": NOW - timedelta(seconds=20),
            "updated_at": NOW,
            "ended_at": NOW if phase.ended else None,
            "done": 8_300_000,
            "total": 18_400_000,
            "problem": "Convex did not answer (503, three tries)." if phase is Phase.FAILED else "",
            "hint": "Try again later; status.convex.dev says how it is doing." if phase is Phase.FAILED else "",
            **more,
        }
    )


def _shown(operation: Operation) -> Card:
    return operation_card(operation, None, None, PLAN, NOW)


def _section(key: str) -> Card:
    return next(one.card for one in runbook.sections(PLAN, ()) if one.key == key)


def _form(name: str, given: dict[str, str], wrong: dict[str, str] | None = None) -> Form:
    return answers.command_form(BACKUP.commands[name], given, wrong)


def _refused_line() -> Card:
    try:
        parse.parse("/backup statsu production", GROUPS)
    except parse.Usage as problem:
        return answers.refused_card(problem)
    raise AssertionError("that line can be read")


_HOSTILE = "<!channel> & <@U1> *bold* _it_ ~gone~ `code` @everyone https://evil.example [x](y) :fire: \u200b|"


def _hostile() -> Card:
    """Data that would call everybody, forge a link or break the layout, were it not escaped."""
    line: tuple[Span, ...] = (_HOSTILE, " ", Bold(_HOSTILE), " ", Code(_HOSTILE), " ", Link(_HOSTILE, "javascript:x"))
    return Card(
        _HOSTILE,
        (
            text(*line),
            Items((line,)),
            fields([(_HOSTILE, line)]),
            Table((_HOSTILE,), ((line,),)),
            Snippet("``` <!here> ```"),
        ),
        footer=(_HOSTILE,),
    )


def _every_block() -> Card:
    """Every kind of block and span once."""
    return Card(
        "Every kind of block",
        (
            text(
                "Plain, ", Bold("bold"), ", ", Code("code"), ", ", Link("a page", "https://example.com/a?b=1&c=2"), "."
            ),
            text("Moment: ", When(NOW), "; with its distance: ", When(NOW, relative=True), "."),
            text("Person ", Mention("ada", "Ada"), ", role ", Mention("role:operator", "operator"), "."),
            *(text(f"A {tone} line", tone=tone) for tone in Tone),
            Heading("A heading"),
            Items((("first",), ("second ", Code("x"))), ordered=True),
            Items((("one",), ("another",))),
            fields([("Label", "value"), ("Other", (Bold("bold"), " and more"))]),
            Table(
                ("Name", "Rows", "Seen"),
                ((("users",), ("5,312",), (When(NOW),)), ((Code("posts"),), ("20,480",), ("–",))),
                numeric=(1,),
                tones=(Tone.GOOD, Tone.BAD),
            ),
            Snippet("npx convex import --replace copy.zip\nsecond line", "sh"),
            Progress("4 of 8 tables", 4, 8),
            Progress("waiting for Convex", 0, None),
            Divider(),
            Buttons(
                (
                    actions.say("Do it", "/backup export", "primary"),
                    actions.say("Stop", "/backup cancel", "danger"),
                    actions.say("Look", "/backup status"),
                    LinkButton("Convex", "https://dashboard.convex.dev"),
                )
            ),
            Pick("Pick one", actions.SAY("/lifeboat runbook"), (Choice("Overview", "overview"), Choice("Ways", "way"))),
            Image("Rows per day, rising", "charts/rows.png"),
            Attachment("report.json", "report/x.json", 12_345),
        ),
        Tone.WORKING,
        ("A footer at ", When(NOW)),
    )


_OF_INCIDENTS = {name: card for name, card in stages.cards() if name in stages.TELLING}

GOLDEN: dict[str, Card | Form] = {
    **_OF_INCIDENTS,
    **lasting.GOLDEN,
    **rehearsed.GOLDEN,
    **drilled.GOLDEN,
    **evidenced.GOLDEN,
    **logged.GOLDEN,
    **dated.GOLDEN,
    "attachment_only": Card("The runbook", (Attachment("RUNBOOK.md", "runbook/1.md", 40_000),)),
    "bug": answers.bug_card("0badcafe"),
    "command_export": command_card(BACKUP.commands["export"]),
    "confirm": answers.confirm_card(
        "/backup keep", "Keep production-20261122-0200-k7f3 for ever?", "tok3n", private=True
    ),
    "copies": list_card(PRODUCTION, COPIES, 12, NOW),
    "copies_none": list_card(PRODUCTION, [], 0, NOW),
    "correct": answers.correct_card(_form("keep", {"backup": "nope"}, {"backup": "There is no copy nope."}), "tok3n"),
    "doctor": doctor_card(
        [
            Examined("Database", Found.OK, "SQLite, migrated, 0.3 ms a read."),
            Examined("Vault", Found.BROKEN, "It cannot be written to.", "Mount it, or set LIFEBOAT_VAULT."),
            Examined("Convex: staging", Found.WARNING, "No key.", "Set LIFEBOAT_KEYS."),
        ]
    ),
    "ended": ended_card(_operation(OperationKind.EXPORT, Phase.DONE), _report(sound=False), PLAN),
    "every_block": _every_block(),
    "export_asked": _shown(_operation(OperationKind.EXPORT, Phase.REQUESTED, done=0, total=None)),
    "export_cancelled": _shown(_operation(OperationKind.EXPORT, Phase.CANCELLED, cancel_by=PersonId("bob"))),
    "export_downloading": _shown(_operation(OperationKind.EXPORT, Phase.DOWNLOADING)),
    "export_failed": _shown(_operation(OperationKind.EXPORT, Phase.FAILED)),
    "export_retried": _shown(
        _operation(
            OperationKind.EXPORT,
            Phase.EXPORTING,
            done=3,
            total=8,
            message="Convex did not answer (503).",
            retry_at=NOW + timedelta(minutes=5),
        )
    ),
    "form_cancel_empty": _form("cancel", {}),
    "form_every_field": Form(
        "A form whose title is longer than any modal takes",
        (
            Question("line", "One line", "What to write", "as it was"),
            Question("lines", "Several lines", multiline=True, required=False),
            Question(
                "choice", "One of these", value="b", choices=(Choice("The first", "a"), Choice("The second", "b"))
            ),
            Question("found", "Completed as you type", "Which one", suggest=True),
            Question("kept", "Completed before", value="x y", suggest=True, error="There is no x y."),
        ),
        actions.FILL("backup keep"),
        "A label that is too long for a modal",
        ("Asked by ", Bold("Lifeboat"), " at ", When(NOW), "."),
    ),
    "form_export": _form("export", {}),
    "form_keep": _form("keep", {"backup": NEWEST.id}),
    "form_keep_wrong": _form("keep", {"backup": "nope", "undo": "no"}, {"backup": "There is no copy nope."}),
    "group": answers.group_card(BACKUP),
    "help": help_card(GROUPS),
    "home": home_card(
        [health.judge(PRODUCTION, COPIES, seen(), ROWS, NOW, connected=True)],
        [_operation(OperationKind.EXPORT, Phase.EXPORTING)],
        PLAN,
        LIFEBOAT,
        NOW,
    ),
    "hostile": _hostile(),
    "outage": answers.outage_card(
        Outage(
            "Convex",
            "Convex did not answer (503, three tries).",
            "No data was changed.",
            retry_at=NOW + timedelta(minutes=10),
        )
    ),
    "refused": answers.refused_card(
        Refused("/backup export needs the role operator; you are responder. Nothing was done.", "Ask an operator.")
    ),
    "report_findings": report_card(NEWEST, _report(sound=False), PLAN, took=timedelta(minutes=1, seconds=12)),
    "report_sound": report_card(NEWEST, _report(sound=True), PLAN),
    "runbook": runbook.index_card(PLAN),
    "runbook_backups": _section("backups"),
    "runbook_checklist": _section("checklist"),
    "runbook_corrections": _section("corrections"),
    "runbook_letter": _section("letter"),
    "runbook_quarterly": _section("quarterly"),
    "status_lost": _status(lost=True),
    "status_safe": _status(lost=False),
    "title_only": Card("Nothing is running.", tone=Tone.NEUTRAL),
    "usage": _refused_line(),
    "welcome": welcome_card(demo=True),
}
