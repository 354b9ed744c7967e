"""Knows the tables of incidents and drills, and of what their automations leave. Knows nothing of what may happen."""

import sqlalchemy as sa

from bot.store.tables.columns import Moment, metadata, moment, text

incidents = sa.Table(
    "incidents",
    metadata,
    text("id", primary_key=True),
    text("environment"),
    moment("opened_at"),
    sa.Column("closed_at", Moment),
    sa.Column("due_at", Moment),
    sa.Column("seq", sa.Integer, nullable=False),
    text("hash"),
    text("stands"),
    sa.Column("practice", sa.Boolean, nullable=False, server_default=sa.false()),
    text("occasion", default=""),
    sa.Index(None, "occasion"),
    sa.Index(None, "opened_at"),
    sa.Index(None, "due_at"),
)

incident_events = sa.Table(
    "incident_events",
    metadata,
    text("incident", primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    moment("at"),
    text("type"),
    text("event"),
    text("prev"),
    text("hash"),
)

progress = sa.Table(
    "progress",
    metadata,
    text("incident", primary_key=True),
    text("words"),
    sa.Column("done", sa.Float, nullable=False),
    sa.Column("total", sa.Float),
    moment("at"),
)

rooms = sa.Table(
    "rooms",
    metadata,
    text("incident", primary_key=True),
    text("platform", primary_key=True),
    text("state"),
    sa.Column("channel", sa.Text),
    text("done"),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("due_at", Moment),
    text("held_by"),
    sa.Index(None, "platform", "channel"),
    sa.Index(None, "due_at"),
)

approvals = sa.Table(
    "approvals",
    metadata,
    text("code", primary_key=True),
    text("incident"),
    text("action"),
    text("arguments"),
    text("digest"),
    text("words"),
    text("asked_by"),
    text("asked_by_name"),
    moment("asked_at"),
    moment("expires_at"),
    text("answer"),
    text("reason"),
    sa.Column("answered_by", sa.Text),
    text("answered_by_name"),
    sa.Column("answered_at", Moment),
    sa.Column("begun_at", Moment),
    sa.Index(None, "answer", "begun_at"),
)

suite_runs = sa.Table(
    "suite_runs",
    metadata,
    text("id", primary_key=True),
    text("incident"),
    text("suite"),
    text("phase"),
    text("started_by"),
    text("started_by_name"),
    moment("started_at"),
    sa.Column("after", sa.Integer, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("lines", sa.Integer, nullable=False),
    text("tail"),
    sa.Column("passed", sa.Integer),
    sa.Column("failed", sa.Integer),
    text("url"),
    text("problem"),
    sa.Column("cancel_by", sa.Text),
    sa.Column("ended_at", Moment),
    text("output"),
    sa.Index(None, "ended_at"),
    sa.Index(
        "uq_suite_runs_running",
        "incident",
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    ),
)

watches = sa.Table(
    "watches",
    metadata,
    text("incident", primary_key=True),
    moment("since"),
    moment("until"),
    sa.Column("told_at", Moment),
    sa.Index(None, "told_at"),
)
