"""Tell drills from what is real, in the one table of both."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("incidents", sa.Column("practice", sa.Boolean, nullable=False, server_default=sa.false()))
