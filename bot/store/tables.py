"""Knows every table. Knows nothing of what is done with them."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator


class Moment(TypeDecorator[datetime]):
    """An aware moment, UTC; SQLite keeps it without its zone, and gets it back here."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(
        self,
        value: datetime | None,
        dialect: sa.Dialect,  # noqa: ARG002 - SQLAlchemy passes it
    ) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _text(name: str, *, default: str | None = None, **options: Any) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default=default, **options)


def _moment(name: str) -> sa.Column[datetime]:
    return sa.Column(name, Moment, nullable=False)


operations = sa.Table(
    "operations",
    metadata,
    _text("id", primary_key=True),
    _text("kind"),
    _text("environment"),
    _text("phase"),
    _moment("started_at"),
    _text("started_by"),
    sa.Column("with_files", sa.Boolean, nullable=False),
    sa.Column("backup", sa.Text),
    sa.Column("done", sa.Double, nullable=False),
    sa.Column("total", sa.Double),
    _text("message"),
    sa.Column("retry_at", Moment),
    _moment("phase_at"),
    _moment("updated_at"),
    sa.Column("ended_at", Moment),
    sa.Column("cancel_by", sa.Text),
    _text("problem"),
    _text("hint"),
)
ONE_EXPORT = sa.Index(
    "ix_operations_one_export",
    operations.c.environment,
    unique=True,
    sqlite_where=sa.text("kind = 'export' AND ended_at IS NULL"),
    postgresql_where=sa.text("kind = 'export' AND ended_at IS NULL"),
)
sa.Index("ix_operations_started_at", operations.c.started_at)

cancellations = sa.Table("cancellations", metadata, _text("work_id", primary_key=True), _moment("asked_at"))

backups = sa.Table(
    "backups",
    metadata,
    _text("id", primary_key=True),
    _text("environment"),
    _moment("requested_at"),
    _text("requested_by"),
    _moment("snapshot_at"),
    sa.Column("snapshot_ns", sa.BigInteger, nullable=False),
    _moment("stored_at"),
    _text("file", unique=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    _text("sha256"),
    sa.Column("with_files", sa.Boolean, nullable=False),
    sa.Column("kept", sa.Boolean, nullable=False),
    sa.Column("verdict", sa.Text),
    sa.Column("worst", sa.Text),
    sa.Column("verified_at", Moment),
    sa.Column("rows", sa.BigInteger),
    sa.Column("purged_at", Moment),
    _text("purge_reason"),
    _text("convex_id"),
    sa.Column("convex_expires_at", Moment),
    sa.Index(None, "environment", "snapshot_at"),
)

reports = sa.Table(
    "reports",
    metadata,
    sa.Column("backup", sa.Text, sa.ForeignKey("backups.id", name="fk_reports_backup"), primary_key=True),
    _text("report"),
)

observations = sa.Table("observations", metadata, _text("environment", primary_key=True), _text("observation"))

service_status = sa.Table(
    "service_status",
    metadata,
    _text("service", primary_key=True),
    _text("indicator"),
    _text("description"),
    _moment("seen_at"),
)

posts = sa.Table(
    "posts",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), sa.Identity(), primary_key=True),
    _text("key", unique=True),
    _text("platform"),
    _text("channel"),
    _text("kind"),
    _text("subject"),
    sa.Column("wanted_version", sa.Integer, nullable=False),
    sa.Column("drawn_version", sa.Integer, nullable=False),
    sa.Column("message", sa.Text),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("last_edit_at", Moment),
    _text("state"),
    _text("problem"),
    _moment("created_at"),
    sa.Column("under", sa.Text),
    sa.Index(None, "kind", "subject"),
)
sa.Index(
    "ix_posts_due",
    posts.c.platform,
    posts.c.channel,
    posts.c.id,
    sqlite_where=sa.text("wanted_version > drawn_version AND state <> 'given_up'"),
    postgresql_where=sa.text("wanted_version > drawn_version AND state <> 'given_up'"),
)

lanes = sa.Table(
    "lanes",
    metadata,
    _text("platform", primary_key=True),
    _text("channel", primary_key=True),
    _text("held_by"),
    sa.Column("held_until", Moment),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("failing_since", Moment),
    sa.Column("retry_at", Moment),
)

deliveries = sa.Table(
    "deliveries", metadata, _text("id", primary_key=True), _moment("claimed_at"), sa.Index(None, "claimed_at")
)

asks = sa.Table(
    "asks",
    metadata,
    _text("token", primary_key=True),
    _text("payload"),
    _text("person"),
    _moment("expires_at"),
)

console = sa.Table(
    "console",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, nullable=False, unique=True),
    _text("channel"),
    _text("author"),
    sa.Column("key", sa.Text),
    _text("private_to"),
    _text("card"),
    sa.Column("version", sa.Integer, nullable=False),
    _moment("created_at"),
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
    _text("name", primary_key=True),
    _text("key", unique=True),
    _text("topic"),
    sa.Column("pinned", sa.BigInteger),
    _text("tone"),
    _moment("opened_at"),
)

pictures = sa.Table(
    "pictures",
    metadata,
    _text("id", primary_key=True),
    sa.Column("png", sa.LargeBinary, nullable=False),
    _text("svg"),
    _moment("created_at"),
    sa.Index(None, "created_at"),
)

sessions = sa.Table(
    "sessions",
    metadata,
    _text("token_hash", primary_key=True),
    _text("person"),
    _text("csrf"),
    _moment("created_at"),
    _moment("expires_at"),
)

incidents = sa.Table(
    "incidents",
    metadata,
    _text("id", primary_key=True),
    _text("environment"),
    _moment("opened_at"),
    sa.Column("closed_at", Moment),
    sa.Column("due_at", Moment),
    sa.Column("seq", sa.Integer, nullable=False),
    _text("hash"),
    _text("stands"),
    sa.Column("practice", sa.Boolean, nullable=False, server_default=sa.false()),
    _text("occasion", default=""),
    sa.Index(None, "occasion"),
    sa.Index(None, "opened_at"),
    sa.Index(None, "due_at"),
)

incident_events = sa.Table(
    "incident_events",
    metadata,
    _text("incident", primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    _moment("at"),
    _text("type"),
    _text("event"),
    _text("prev"),
    _text("hash"),
)

progress = sa.Table(
    "progress",
    metadata,
    _text("incident", primary_key=True),
    _text("words"),
    sa.Column("done", sa.Float, nullable=False),
    sa.Column("total", sa.Float),
    _moment("at"),
)

rooms = sa.Table(
    "rooms",
    metadata,
    _text("incident", primary_key=True),
    _text("platform", primary_key=True),
    _text("state"),
    sa.Column("channel", sa.Text),
    _text("done"),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("due_at", Moment),
    _text("held_by"),
    sa.Index(None, "platform", "channel"),
    sa.Index(None, "due_at"),
)
