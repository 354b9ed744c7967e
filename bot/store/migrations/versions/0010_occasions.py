"""Find the drills of a test of the year without reading all; know whether a reminder was late because nobody ran."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("incidents", sa.Column("occasion", sa.Text, nullable=False, server_default=""))
    op.create_index("ix_incidents_occasion", "incidents", ["occasion"])
    op.add_column("reminders", sa.Column("away", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("calendars", sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True))
    incidents = sa.table("incidents", *(sa.column(name) for name in ("id", "occasion", "stands", "practice")))
    connection = op.get_bind()
    drills = sa.select(incidents.c.id, incidents.c.stands).where(incidents.c.practice == sa.true())
    for drill, stands in connection.execute(drills).all():
        practice = (json.loads(stands).get("drill") or {}).get("practice") or {}
        of = sa.update(incidents).where(incidents.c.id == drill)
        connection.execute(of.values(occasion=practice.get("occasion", "")))
