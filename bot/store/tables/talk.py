"""Knows the tables of what is said and heard: the outbox, deliveries, the web console. Knows no word of it."""

import sqlalchemy as sa

from bot.store.tables.columns import Moment, metadata, moment, text

posts = sa.Table(
    "posts",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), sa.Identity(), primary_key=True),
    text("key", unique=True),
    text("platform"),
    text("channel"),
    text("kind"),
    text("subject"),
    sa.Column("wanted_version", sa.Integer, nullable=False),
    sa.Column("drawn_version", sa.Integer, nullable=False),
    sa.Column("message", sa.Text),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("last_edit_at", Moment),
    text("state"),
    text("problem"),
    moment("created_at"),
    sa.Column("under", sa.Text),
    sa.Index(None, "kind", "subject"),
    sa.Index(
        "ix_posts_due",
        "platform",
        "channel",
        "id",
        sqlite_where=sa.text("wanted_version > drawn_version AND state <> 'given_up'"),
        postgresql_where=sa.text("wanted_version > drawn_version AND state <> 'given_up'"),
    ),
)

lanes = sa.Table(
    "lanes",
    metadata,
    text("platform", primary_key=True),
    text("channel", primary_key=True),
    text("held_by"),
    sa.Column("held_until", Moment),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("failing_since", Moment),
    sa.Column("retry_at", Moment),
)

deliveries = sa.Table(
    "deliveries", metadata, text("id", primary_key=True), moment("claimed_at"), sa.Index(None, "claimed_at")
)

asks = sa.Table(
    "asks",
    metadata,
    text("token", primary_key=True),
    text("payload"),
    text("person"),
    moment("expires_at"),
)

console = sa.Table(
    "console",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, nullable=False, unique=True),
    text("channel"),
    text("author"),
    sa.Column("key", sa.Text),
    text("private_to"),
    text("card"),
    sa.Column("version", sa.Integer, nullable=False),
    moment("created_at"),
    sa.Column("edited_at", Moment),
    sa.Index(None, "channel", "seq"),
    sa.UniqueConstraint("channel", "key"),
)

console_clock = sa.Table(
    "console_clock",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
)

console_rooms = sa.Table(
    "console_rooms",
    metadata,
    text("name", primary_key=True),
    text("key", unique=True),
    text("topic"),
    sa.Column("pinned", sa.BigInteger),
    text("tone"),
    moment("opened_at"),
)

pictures = sa.Table(
    "pictures",
    metadata,
    text("id", primary_key=True),
    sa.Column("png", sa.LargeBinary, nullable=False),
    text("svg"),
    moment("created_at"),
    sa.Index(None, "created_at"),
)

sessions = sa.Table(
    "sessions",
    metadata,
    text("token_hash", primary_key=True),
    text("person"),
    text("csrf"),
    moment("created_at"),
    moment("expires_at"),
)
