"""Engines tell which version of the schema they were made for"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("engines") as table:
        table.add_column(sa.Column("made_for", sa.String(length=32), nullable=True))
