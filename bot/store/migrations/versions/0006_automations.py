"""Keep what an incident's automations leave: questions to a second person, test runs, watched errors."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "approvals",
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("incident", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("arguments", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("asked_by", sa.Text, nullable=False),
        sa.Column("asked_by_name", sa.Text, nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("answered_by", sa.Text, nullable=True),
        sa.Column("answered_by_name", sa.Text, nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("code", name="pk_approvals"),
    )
    op.create_index("ix_approvals_answer_begun_at", "approvals", ["answer", "begun_at"])
    op.create_table(
        "suite_runs",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("incident", sa.Text, nullable=False),
        sa.Column("suite", sa.Text, nullable=False),
        sa.Column("phase", sa.Text, nullable=False),
        sa.Column("started_by", sa.Text, nullable=False),
        sa.Column("started_by_name", sa.Text, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("after", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("lines", sa.Integer, nullable=False),
        sa.Column("tail", sa.Text, nullable=False),
        sa.Column("passed", sa.Integer, nullable=True),
        sa.Column("failed", sa.Integer, nullable=True),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("cancel_by", sa.Text, nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("output", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_suite_runs"),
    )
    op.create_index("ix_suite_runs_ended_at", "suite_runs", ["ended_at"])
    op.create_index(
        "uq_suite_runs_running",
        "suite_runs",
        ["incident"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "watches",
        sa.Column("incident", sa.Text, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("incident", name="pk_watches"),
    )
    op.create_index("ix_watches_told_at", "watches", ["told_at"])
