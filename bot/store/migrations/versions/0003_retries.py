"""Let an operation say when it is tried again."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("operations", sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True))
