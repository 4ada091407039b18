"""First schema"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _moment() -> sa.types.TypeEngine:
    """A time with microseconds."""
    micro = mysql.DATETIME(fsp=6)
    return sa.DateTime().with_variant(micro, "mariadb").with_variant(micro, "mysql")


def _number() -> sa.types.TypeEngine:
    """A number that the database counts up; SQLite does so for INTEGER only."""
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "action_plugin_instances",
        sa.Column("run_id", _number(), autoincrement=True, nullable=False),
        sa.Column("session_id", sa.String(length=36), nullable=False),
        sa.Column("plugin", sa.String(length=255), nullable=False),
        sa.Column("type", sa.String(length=255), nullable=False),
        sa.Column("hostname", sa.String(length=255), nullable=False),
        sa.Column("order", sa.Integer(), nullable=False),
        sa.Column("meta", sa.JSON(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(length=255), nullable=True),
        sa.Column("heartbeat_at", _moment(), nullable=True),
        sa.Column("deadline", _moment(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("created_at", _moment(), nullable=False),
        sa.Column("started_at", _moment(), nullable=True),
        sa.Column("finished_at", _moment(), nullable=True),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_action_plugin_instances")),
        sa.UniqueConstraint(
            "session_id", "key", name=op.f("uq_action_plugin_instances_session_id_key")
        ),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("action_plugin_instances", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_action_plugin_instances_session_id"), ["session_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_action_plugin_instances_state"), ["state"], unique=False
        )

    op.create_table(
        "action_plugins",
        sa.Column("action_id", _number(), autoincrement=True, nullable=False),
        sa.Column("session_id", sa.String(length=36), nullable=False),
        sa.Column("plugin", sa.String(length=255), nullable=False),
        sa.Column("type", sa.String(length=255), nullable=False),
        sa.Column("order", sa.Integer(), nullable=False),
        sa.Column("meta", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("action_id", name=op.f("pk_action_plugins")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("action_plugins", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_action_plugins_session_id"), ["session_id"], unique=False
        )

    op.create_table(
        "disruptions",
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("group_id", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("members", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "group_id", name=op.f("pk_disruptions")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "engines",
        sa.Column("engine_id", sa.String(length=255), nullable=False),
        sa.Column("hostname", sa.String(length=255), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("workflows", sa.JSON(), nullable=False),
        sa.Column("actions", sa.JSON(), nullable=False),
        sa.Column("started_at", _moment(), nullable=False),
        sa.Column("heartbeat_at", _moment(), nullable=False),
        sa.PrimaryKeyConstraint("engine_id", name=op.f("pk_engines")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "host_claims",
        sa.Column("hostname", sa.String(length=255), nullable=False),
        sa.Column("session_id", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("hostname", name=op.f("pk_host_claims")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("host_claims", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_host_claims_session_id"), ["session_id"], unique=False)

    op.create_table(
        "hosts",
        sa.Column("session_id", sa.String(length=36), nullable=False),
        sa.Column("hostname", sa.String(length=255), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("outside", sa.Boolean(), nullable=False),
        sa.Column("service_id", sa.String(length=64), nullable=True),
        sa.Column("found_disabled", sa.Boolean(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("maintained", sa.Boolean(), nullable=False),
        sa.Column("phase", sa.String(length=32), nullable=False),
        sa.Column("phase_at", _moment(), nullable=True),
        sa.Column("failed_phase", sa.String(length=32), nullable=True),
        sa.Column("started_at", _moment(), nullable=True),
        sa.Column("finished_at", _moment(), nullable=True),
        sa.Column("vcpus", sa.Float(), nullable=False),
        sa.Column("memory_mb", sa.Float(), nullable=False),
        sa.Column("disk_gb", sa.Float(), nullable=False),
        sa.Column("used_vcpus", sa.Float(), nullable=False),
        sa.Column("used_memory_mb", sa.Float(), nullable=False),
        sa.Column("used_disk_gb", sa.Float(), nullable=False),
        sa.Column("offers", sa.JSON(), nullable=False),
        sa.Column("details", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("session_id", "hostname", name=op.f("pk_hosts")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "instance_groups",
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("group_id", sa.String(length=64), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=True),
        sa.Column("group_name", sa.String(length=255), nullable=True),
        sa.Column("anti_affinity_group", sa.Boolean(), nullable=True),
        sa.Column("max_instances_per_host", sa.Integer(), nullable=True),
        sa.Column("max_impacted_members", sa.Integer(), nullable=True),
        sa.Column("recovery_time", sa.Integer(), nullable=True),
        sa.Column("resource_mitigation", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("owner", "group_id", name=op.f("pk_instance_groups")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "instances",
        sa.Column("session_id", sa.String(length=36), nullable=False),
        sa.Column("instance_id", sa.String(length=64), nullable=False),
        sa.Column("instance_name", sa.String(length=255), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=True),
        sa.Column("origin", sa.String(length=255), nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("task_state", sa.String(length=64), nullable=True),
        sa.Column("group_id", sa.String(length=64), nullable=True),
        sa.Column("vcpus", sa.Float(), nullable=False),
        sa.Column("memory_mb", sa.Float(), nullable=False),
        sa.Column("disk_gb", sa.Float(), nullable=False),
        sa.Column("needs", sa.JSON(), nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.Column("project_state", sa.String(length=64), nullable=True),
        sa.Column("action", sa.String(length=32), nullable=True),
        sa.Column("action_done", sa.Boolean(), nullable=False),
        sa.Column("moves", sa.Integer(), nullable=False),
        sa.Column("move_phase", sa.String(length=32), nullable=True),
        sa.Column("move_source", sa.String(length=255), nullable=True),
        sa.Column("move_target", sa.String(length=255), nullable=True),
        sa.Column("move_id", sa.String(length=64), nullable=True),
        sa.Column("move_attempts", sa.Integer(), nullable=False),
        sa.Column("move_at", _moment(), nullable=True),
        sa.Column("move_due", _moment(), nullable=True),
        sa.Column("details", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("session_id", "instance_id", name=op.f("pk_instances")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "outbox",
        sa.Column("outbox_id", _number(), autoincrement=True, nullable=False),
        sa.Column("session_id", sa.String(length=36), nullable=False),
        sa.Column("channel", sa.String(length=255), nullable=False),
        sa.Column("message_id", sa.String(length=36), nullable=False),
        sa.Column("event_type", sa.String(length=64), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("send_once", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(length=255), nullable=True),
        sa.Column("lease_until", _moment(), nullable=True),
        sa.Column("due_at", _moment(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", _moment(), nullable=False),
        sa.Column("sent_at", _moment(), nullable=True),
        sa.PrimaryKeyConstraint("outbox_id", name=op.f("pk_outbox")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outbox_message_id"), ["message_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_outbox_session_id"), ["session_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_outbox_status_due_at"), ["status", "due_at"], unique=False
        )

    op.create_table(
        "project_instances",
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("instance_id", sa.String(length=64), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=True),
        sa.Column("group_id", sa.String(length=64), nullable=True),
        sa.Column("instance_name", sa.String(length=255), nullable=True),
        sa.Column("max_interruption_time", sa.Integer(), nullable=True),
        sa.Column("migration_type", sa.String(length=32), nullable=True),
        sa.Column("resource_mitigation", sa.Boolean(), nullable=True),
        sa.Column("lead_time", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("owner", "instance_id", name=op.f("pk_project_instances")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "project_waits",
        sa.Column("wait_id", _number(), autoincrement=True, nullable=False),
        sa.Column("session_id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=True),
        sa.Column("instance_id", sa.String(length=64), nullable=True),
        sa.Column("instance_ids", sa.JSON(), nullable=False),
        sa.Column("allowed_actions", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("nacks", sa.Integer(), nullable=False),
        sa.Column("opened_at", _moment(), nullable=False),
        sa.Column("reply_at", _moment(), nullable=False),
        sa.Column("actions_at", _moment(), nullable=False),
        sa.Column("reply", sa.String(length=64), nullable=True),
        sa.Column("reply_actions", sa.JSON(), nullable=False),
        sa.Column("replied_at", _moment(), nullable=True),
        sa.Column("message_id", sa.String(length=36), nullable=True),
        sa.PrimaryKeyConstraint("wait_id", name=op.f("pk_project_waits")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("project_waits", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_project_waits_session_id_project_id_status"),
            ["session_id", "project_id", "status"],
            unique=False,
        )

    op.create_table(
        "projects",
        sa.Column("session_id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=True),
        sa.Column("has_manager", sa.Boolean(), nullable=False),
        sa.Column("event_types", sa.JSON(), nullable=False),
        sa.Column("details", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("session_id", "project_id", name=op.f("pk_projects")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "session_events",
        sa.Column("event_id", _number(), autoincrement=True, nullable=False),
        sa.Column("session_id", sa.String(length=36), nullable=False),
        sa.Column("at", _moment(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=True),
        sa.Column("project_id", sa.String(length=64), nullable=True),
        sa.Column("instance_id", sa.String(length=64), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_session_events")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("session_events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_session_events_at"), ["at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_session_events_session_id"), ["session_id"], unique=False
        )

    op.create_table(
        "sessions",
        sa.Column("session_id", sa.String(length=36), nullable=False),
        sa.Column("workflow", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("prev_state", sa.String(length=64), nullable=True),
        sa.Column("failed_state", sa.String(length=64), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("wakes", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(length=255), nullable=True),
        sa.Column("last_owner", sa.String(length=255), nullable=True),
        sa.Column("lease_until", _moment(), nullable=True),
        sa.Column("wake_at", _moment(), nullable=True),
        sa.Column("command", sa.String(length=32), nullable=True),
        sa.Column("paused_at", _moment(), nullable=True),
        sa.Column("maintenance_at", _moment(), nullable=True),
        sa.Column("meta", sa.JSON(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("progress", sa.JSON(), nullable=False),
        sa.Column("percent_done", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("request_id", sa.String(length=255), nullable=True),
        sa.Column("created_at", _moment(), nullable=False),
        sa.Column("updated_at", _moment(), nullable=False),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_sessions")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sessions_wake_at"), ["wake_at"], unique=False)
