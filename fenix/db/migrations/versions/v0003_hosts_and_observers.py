"""What is known of hosts outside sessions: who is there, what observers keep, whose turn it is"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TIME = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
_OPTIONS = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_bin",
}


def upgrade() -> None:
    op.create_table(
        "observer_notes",
        sa.Column("observer", sa.String(length=32), nullable=False),
        sa.Column("hostname", sa.String(length=255), nullable=False),
        sa.Column("note", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("observer", "hostname", name=op.f("pk_observer_notes")),
        **_OPTIONS,
    )
    op.create_table(
        "known_hosts",
        sa.Column("hostname", sa.String(length=255), nullable=False),
        sa.Column("missing_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("hostname", name=op.f("pk_known_hosts")),
        **_OPTIONS,
    )
    op.create_table(
        "duties",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("owner", sa.String(length=255), nullable=True),
        sa.Column("due_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_duties")),
        **_OPTIONS,
    )
