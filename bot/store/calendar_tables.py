"""Knows the tables of the quarterly tests' reminders. Knows nothing of when one is due."""

import sqlalchemy as sa

from bot.store.schedule_tables import metadata as metadata
from bot.store.tables import Moment

reminders = sa.Table(
    "reminders",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("occasion", sa.Text, nullable=False),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("due_at", Moment, nullable=False),
    sa.Column("told_at", Moment, nullable=False),
    sa.Column("away", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Index(None, "occasion"),
)

postponements = sa.Table(
    "postponements",
    metadata,
    sa.Column("occasion", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("from_at", Moment, nullable=False),
    sa.Column("to_at", Moment, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("by_name", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)

calendars = sa.Table(
    "calendars",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("since", Moment, nullable=False),
    sa.Column("secret", sa.Text, nullable=False),
    sa.Column("looked_at", Moment),
)
