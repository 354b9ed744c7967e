"""Let a post belong in the thread of another."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("posts", sa.Column("under", sa.Text(), nullable=True))
