"""Rows of the outbox name their carrier"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("outbox") as table:
        table.add_column(
            sa.Column("carrier", sa.String(length=32), server_default="bus", nullable=False)
        )
