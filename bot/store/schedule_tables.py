"""Knows the tables of scheduled exports and of what is lastingly wrong. Knows nothing of what is done with them."""

import sqlalchemy as sa

from bot.store.recovery_tables import metadata as metadata
from bot.store.tables import Moment

export_slots = sa.Table(
    "export_slots",
    metadata,
    sa.Column("environment", sa.Text, primary_key=True),
    sa.Column("at", Moment, primary_key=True),
    sa.Column("planned", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("begun_at", Moment),
    sa.Column("operation", sa.Text),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("again_at", Moment),
    sa.Column("problem", sa.Text, nullable=False),
    sa.Column("hint", sa.Text, nullable=False),
    sa.Index(None, "operation"),
)

conditions = sa.Table(
    "conditions",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("environment", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("since", Moment, nullable=False),
    sa.Column("opened_at", Moment, nullable=False),
    sa.Column("round", sa.Integer, nullable=False),
    sa.Column("told_at", Moment),
    sa.Column("told_stage", sa.Integer, nullable=False),
    sa.Column("ended_at", Moment),
    sa.Column("muted_until", Moment),
    sa.Column("muted_by", sa.Text, nullable=False, server_default=""),
    sa.Column("muted_reason", sa.Text, nullable=False, server_default=""),
    sa.Index(
        "uq_conditions_lasting",
        "environment",
        "kind",
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    ),
)
