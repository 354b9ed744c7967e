"""Knows the tables of copies: work on them, what was seen of where they come from, when they are taken, what is amiss.

Knows nothing of what is done with them.
"""

import sqlalchemy as sa

from bot.store.tables.columns import Moment, metadata, moment, text

operations = sa.Table(
    "operations",
    metadata,
    text("id", primary_key=True),
    text("kind"),
    text("environment"),
    text("phase"),
    moment("started_at"),
    text("started_by"),
    sa.Column("with_files", sa.Boolean, nullable=False),
    sa.Column("backup", sa.Text),
    sa.Column("done", sa.Double, nullable=False),
    sa.Column("total", sa.Double),
    text("message"),
    sa.Column("retry_at", Moment),
    moment("phase_at"),
    moment("updated_at"),
    sa.Column("ended_at", Moment),
    sa.Column("cancel_by", sa.Text),
    text("problem"),
    text("hint"),
    sa.Index(None, "started_at"),
    sa.Index(
        "ix_operations_one_export",
        "environment",
        unique=True,
        sqlite_where=sa.text("kind = 'export' AND ended_at IS NULL"),
        postgresql_where=sa.text("kind = 'export' AND ended_at IS NULL"),
    ),
)

cancellations = sa.Table("cancellations", metadata, text("work_id", primary_key=True), moment("asked_at"))

backups = sa.Table(
    "backups",
    metadata,
    text("id", primary_key=True),
    text("environment"),
    moment("requested_at"),
    text("requested_by"),
    moment("snapshot_at"),
    sa.Column("snapshot_ns", sa.BigInteger, nullable=False),
    moment("stored_at"),
    text("file", unique=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    text("sha256"),
    sa.Column("with_files", sa.Boolean, nullable=False),
    sa.Column("kept", sa.Boolean, nullable=False),
    sa.Column("verdict", sa.Text),
    sa.Column("worst", sa.Text),
    sa.Column("verified_at", Moment),
    sa.Column("rows", sa.BigInteger),
    sa.Column("purged_at", Moment),
    text("purge_reason"),
    text("convex_id"),
    sa.Column("convex_expires_at", Moment),
    sa.Index(None, "environment", "snapshot_at"),
)

reports = sa.Table(
    "reports",
    metadata,
    sa.Column("backup", sa.Text, sa.ForeignKey("backups.id", name="fk_reports_backup"), primary_key=True),
    text("report"),
)

observations = sa.Table("observations", metadata, text("environment", primary_key=True), text("observation"))

service_status = sa.Table(
    "service_status",
    metadata,
    text("service", primary_key=True),
    text("indicator"),
    text("description"),
    moment("seen_at"),
)

export_slots = sa.Table(
    "export_slots",
    metadata,
    text("environment", primary_key=True),
    sa.Column("at", Moment, primary_key=True),
    text("planned"),
    text("state"),
    sa.Column("begun_at", Moment),
    sa.Column("operation", sa.Text),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("again_at", Moment),
    text("problem"),
    text("hint"),
    sa.Index(None, "operation"),
)

conditions = sa.Table(
    "conditions",
    metadata,
    text("id", primary_key=True),
    text("environment"),
    text("kind"),
    moment("since"),
    moment("opened_at"),
    sa.Column("round", sa.Integer, nullable=False),
    sa.Column("told_at", Moment),
    sa.Column("told_stage", sa.Integer, nullable=False),
    sa.Column("ended_at", Moment),
    sa.Column("muted_until", Moment),
    text("muted_by", default=""),
    text("muted_reason", default=""),
    sa.Index(
        "uq_conditions_lasting",
        "environment",
        "kind",
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    ),
)
