"""Knows the tables of the quarterly tests' reminders. Knows nothing of when one is due."""

import sqlalchemy as sa

from bot.store.tables.columns import Moment, metadata, moment, text

reminders = sa.Table(
    "reminders",
    metadata,
    text("key", primary_key=True),
    text("occasion"),
    text("person"),
    moment("due_at"),
    moment("told_at"),
    sa.Column("away", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Index(None, "occasion"),
)

postponements = sa.Table(
    "postponements",
    metadata,
    text("occasion", primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    moment("from_at"),
    moment("to_at"),
    text("by"),
    text("by_name"),
    moment("at"),
    text("reason"),
)

calendars = sa.Table(
    "calendars",
    metadata,
    text("name", primary_key=True),
    moment("since"),
    text("secret"),
    sa.Column("looked_at", Moment),
)
