"""Knows the tables of what an incident's automations leave: questions to a second person, test runs, watches.

Knows nothing of what is done with them.
"""

import sqlalchemy as sa

from bot.store.tables import Moment
from bot.store.tables import metadata as metadata

approvals = sa.Table(
    "approvals",
    metadata,
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("incident", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("arguments", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("words", sa.Text, nullable=False),
    sa.Column("asked_by", sa.Text, nullable=False),
    sa.Column("asked_by_name", sa.Text, nullable=False),
    sa.Column("asked_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("answer", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("answered_by", sa.Text),
    sa.Column("answered_by_name", sa.Text, nullable=False),
    sa.Column("answered_at", Moment),
    sa.Column("begun_at", Moment),
    sa.Index(None, "answer", "begun_at"),
)

suite_runs = sa.Table(
    "suite_runs",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("incident", sa.Text, nullable=False),
    sa.Column("suite", sa.Text, nullable=False),
    sa.Column("phase", sa.Text, nullable=False),
    sa.Column("started_by", sa.Text, nullable=False),
    sa.Column("started_by_name", sa.Text, nullable=False),
    sa.Column("started_at", Moment, nullable=False),
    sa.Column("after", sa.Integer, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("lines", sa.Integer, nullable=False),
    sa.Column("tail", sa.Text, nullable=False),
    sa.Column("passed", sa.Integer),
    sa.Column("failed", sa.Integer),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("problem", sa.Text, nullable=False),
    sa.Column("cancel_by", sa.Text),
    sa.Column("ended_at", Moment),
    sa.Column("output", sa.Text, nullable=False),
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
    sa.Column("incident", sa.Text, primary_key=True),
    sa.Column("since", Moment, nullable=False),
    sa.Column("until", Moment, nullable=False),
    sa.Column("told_at", Moment),
    sa.Index(None, "told_at"),
)
