"""Remember until when somebody muted the reminders of what is lastingly wrong, and why."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("conditions", sa.Column("muted_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("conditions", sa.Column("muted_by", sa.Text, nullable=False, server_default=""))
    op.add_column("conditions", sa.Column("muted_reason", sa.Text, nullable=False, server_default=""))
