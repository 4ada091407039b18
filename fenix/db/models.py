"""The schema. Rows are read into the dataclasses of :mod:`fenix.db.records`.

Times are naive UTC with microseconds. Objects and lists are JSON columns.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
_UUID = sa.String(36)
_NAME = sa.String(255)


def _table(name: str, *columns: sa.Column[object] | sa.UniqueConstraint | sa.Index) -> sa.Table:
    return sa.Table(
        name,
        metadata,
        *columns,
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        # As everywhere else: names that differ in case are different names.
        mysql_collate="utf8mb4_bin",
    )


sessions = _table(
    "sessions",
    sa.Column("session_id", _UUID, primary_key=True),
    sa.Column("workflow", _NAME, nullable=False),
    sa.Column("state", sa.String(64), nullable=False),
    sa.Column("prev_state", sa.String(64)),
    sa.Column("failed_state", sa.String(64)),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("wakes", sa.Integer, nullable=False),
    sa.Column("owner", _NAME),
    sa.Column("last_owner", _NAME),
    sa.Column("lease_until", _TIME),
    sa.Column("wake_at", _TIME, index=True),
    sa.Column("command", sa.String(32)),
    sa.Column("paused_at", _TIME),
    sa.Column("maintenance_at", _TIME),
    sa.Column("meta", sa.JSON, nullable=False),
    sa.Column("settings", sa.JSON, nullable=False),
    sa.Column("progress", sa.JSON, nullable=False),
    sa.Column("percent_done", sa.Integer, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("request_id", _NAME),
    sa.Column("created_at", _TIME, nullable=False),
    sa.Column("updated_at", _TIME, nullable=False),
)

#: Which session works on a host; the primary key makes it one at a time.
host_claims = _table(
    "host_claims",
    sa.Column("hostname", _NAME, primary_key=True),
    sa.Column("session_id", _UUID, nullable=False, index=True),
)

hosts = _table(
    "hosts",
    sa.Column("session_id", _UUID, primary_key=True),
    sa.Column("hostname", _NAME, primary_key=True),
    sa.Column("type", sa.String(64), nullable=False),
    sa.Column("outside", sa.Boolean, nullable=False),
    sa.Column("service_id", sa.String(64)),
    sa.Column("found_disabled", sa.Boolean, nullable=False),
    sa.Column("disabled", sa.Boolean, nullable=False),
    sa.Column("maintained", sa.Boolean, nullable=False),
    sa.Column("phase", sa.String(32), nullable=False),
    sa.Column("phase_at", _TIME),
    sa.Column("failed_phase", sa.String(32)),
    sa.Column("started_at", _TIME),
    sa.Column("finished_at", _TIME),
    sa.Column("vcpus", sa.Float, nullable=False),
    sa.Column("memory_mb", sa.Float, nullable=False),
    sa.Column("disk_gb", sa.Float, nullable=False),
    sa.Column("used_vcpus", sa.Float, nullable=False),
    sa.Column("used_memory_mb", sa.Float, nullable=False),
    sa.Column("used_disk_gb", sa.Float, nullable=False),
    sa.Column("offers", sa.JSON, nullable=False),
    sa.Column("details", sa.Text),
)

instances = _table(
    "instances",
    sa.Column("session_id", _UUID, primary_key=True),
    sa.Column("instance_id", sa.String(64), primary_key=True),
    sa.Column("instance_name", _NAME, nullable=False),
    sa.Column("project_id", sa.String(64), nullable=False),
    sa.Column("host", _NAME),
    sa.Column("origin", _NAME),
    sa.Column("state", sa.String(32), nullable=False),
    sa.Column("task_state", sa.String(64)),
    sa.Column("group_id", sa.String(64)),
    sa.Column("vcpus", sa.Float, nullable=False),
    sa.Column("memory_mb", sa.Float, nullable=False),
    sa.Column("disk_gb", sa.Float, nullable=False),
    sa.Column("needs", sa.JSON, nullable=False),
    sa.Column("gone", sa.Boolean, nullable=False),
    sa.Column("project_state", sa.String(64)),
    sa.Column("action", sa.String(32)),
    sa.Column("action_done", sa.Boolean, nullable=False),
    sa.Column("moves", sa.Integer, nullable=False),
    sa.Column("move_phase", sa.String(32)),
    sa.Column("move_source", _NAME),
    sa.Column("move_target", _NAME),
    sa.Column("move_id", sa.String(64)),
    sa.Column("move_attempts", sa.Integer, nullable=False),
    sa.Column("move_at", _TIME),
    sa.Column("move_due", _TIME),
    sa.Column("details", sa.Text),
)

projects = _table(
    "projects",
    sa.Column("session_id", _UUID, primary_key=True),
    sa.Column("project_id", sa.String(64), primary_key=True),
    sa.Column("state", sa.String(64)),
    sa.Column("has_manager", sa.Boolean, nullable=False),
    sa.Column("event_types", sa.JSON, nullable=False),
    sa.Column("carrier", sa.String(32), nullable=False, server_default="bus"),
    sa.Column("details", sa.Text),
)

#: A question to a project, with its deadline; open until answered or overdue.
project_waits = _table(
    "project_waits",
    sa.Column("wait_id", _BIG, primary_key=True, autoincrement=True),
    sa.Column("session_id", _UUID, nullable=False),
    sa.Column("project_id", sa.String(64), nullable=False),
    sa.Column("state", sa.String(64), nullable=False),
    sa.Column("host", _NAME),
    sa.Column("instance_id", sa.String(64)),
    sa.Column("instance_ids", sa.JSON, nullable=False),
    sa.Column("allowed_actions", sa.JSON, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("nacks", sa.Integer, nullable=False),
    sa.Column("opened_at", _TIME, nullable=False),
    sa.Column("reply_at", _TIME, nullable=False),
    sa.Column("actions_at", _TIME, nullable=False),
    sa.Column("reply", sa.String(64)),
    sa.Column("reply_actions", sa.JSON, nullable=False),
    sa.Column("replied_at", _TIME),
    sa.Column("message_id", _UUID),
    sa.Index(None, "session_id", "project_id", "status"),
)

action_plugins = _table(
    "action_plugins",
    sa.Column("action_id", _BIG, primary_key=True, autoincrement=True),
    sa.Column("session_id", _UUID, nullable=False, index=True),
    sa.Column("plugin", _NAME, nullable=False),
    sa.Column("type", _NAME, nullable=False),
    sa.Column("order", sa.Integer, nullable=False),
    sa.Column("meta", sa.JSON, nullable=False),
)

#: One run of one action plug-in on one host; claimed by any engine.
action_plugin_instances = _table(
    "action_plugin_instances",
    sa.Column("run_id", _BIG, primary_key=True, autoincrement=True),
    sa.Column("session_id", _UUID, nullable=False, index=True),
    sa.Column("plugin", _NAME, nullable=False),
    sa.Column("type", _NAME, nullable=False),
    sa.Column("hostname", _NAME, nullable=False),
    sa.Column("order", sa.Integer, nullable=False),
    sa.Column("meta", sa.JSON, nullable=False),
    sa.Column("key", sa.String(64), nullable=False),
    sa.Column("state", sa.String(16), nullable=False, index=True),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("owner", _NAME),
    sa.Column("heartbeat_at", _TIME),
    sa.Column("deadline", _TIME),
    sa.Column("result", sa.Text),
    sa.Column("created_at", _TIME, nullable=False),
    sa.Column("started_at", _TIME),
    sa.Column("finished_at", _TIME),
    sa.UniqueConstraint("session_id", "key"),
)

#: Constraints of instances; they outlive sessions and instances.
project_instances = _table(
    "project_instances",
    sa.Column("owner", sa.String(64), primary_key=True),
    sa.Column("instance_id", sa.String(64), primary_key=True),
    sa.Column("project_id", sa.String(64)),
    sa.Column("group_id", sa.String(64)),
    sa.Column("instance_name", _NAME),
    sa.Column("max_interruption_time", sa.Integer),
    sa.Column("migration_type", sa.String(32)),
    sa.Column("resource_mitigation", sa.Boolean),
    sa.Column("lead_time", sa.Integer),
)

#: Constraints of groups of instances.
instance_groups = _table(
    "instance_groups",
    sa.Column("owner", sa.String(64), primary_key=True),
    sa.Column("group_id", sa.String(64), primary_key=True),
    sa.Column("project_id", sa.String(64)),
    sa.Column("group_name", _NAME),
    sa.Column("anti_affinity_group", sa.Boolean),
    sa.Column("max_instances_per_host", sa.Integer),
    sa.Column("max_impacted_members", sa.Integer),
    sa.Column("recovery_time", sa.Integer),
    sa.Column("resource_mitigation", sa.Boolean),
)

#: Webhooks that projects have registered; they outlive sessions.
subscriptions = _table(
    "subscriptions",
    sa.Column("project_id", sa.String(64), primary_key=True),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("secret", sa.Text, nullable=False),
    sa.Column("event_type", sa.String(64), nullable=False),
    sa.Column("updated_at", _TIME, nullable=False),
)

#: Members of a group that are impacted, or were a moment ago, by any session.
disruptions = _table(
    "disruptions",
    sa.Column("project_id", sa.String(64), primary_key=True),
    sa.Column("group_id", sa.String(64), primary_key=True),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("members", sa.JSON, nullable=False),
)

#: History; append-only, survives the session.
session_events = _table(
    "session_events",
    sa.Column("event_id", _BIG, primary_key=True, autoincrement=True),
    sa.Column("session_id", _UUID, nullable=False, index=True),
    sa.Column("at", _TIME, nullable=False, index=True),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("host", _NAME),
    sa.Column("project_id", sa.String(64)),
    sa.Column("instance_id", sa.String(64)),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("data", sa.JSON, nullable=False),
)

#: What is on its way to others: a carrier takes it, in order per session and channel.
outbox = _table(
    "outbox",
    sa.Column("outbox_id", _BIG, primary_key=True, autoincrement=True),
    sa.Column("session_id", _UUID, nullable=False, index=True),
    sa.Column("carrier", sa.String(32), nullable=False, server_default="bus"),
    sa.Column("channel", _NAME, nullable=False),
    sa.Column("message_id", _UUID, nullable=False, index=True),
    sa.Column("event_type", sa.String(64), nullable=False),
    sa.Column("payload", sa.JSON, nullable=False),
    sa.Column("send_once", sa.Boolean, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("owner", _NAME),
    sa.Column("lease_until", _TIME),
    sa.Column("due_at", _TIME, nullable=False),
    sa.Column("error", sa.Text),
    sa.Column("created_at", _TIME, nullable=False),
    sa.Column("sent_at", _TIME),
    sa.Index(None, "status", "due_at"),
)

#: What an observer keeps about a host.
observer_notes = _table(
    "observer_notes",
    sa.Column("observer", sa.String(32), primary_key=True),
    sa.Column("hostname", _NAME, primary_key=True),
    sa.Column("note", sa.JSON, nullable=False),
)

#: Computes that the cloud had at the last look; ``missing_at``: since when one is not there.
known_hosts = _table(
    "known_hosts",
    sa.Column("hostname", _NAME, primary_key=True),
    sa.Column("missing_at", _TIME),
)

#: Work that one engine at a time does for all, and when it is due again.
duties = _table(
    "duties",
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("owner", _NAME),
    sa.Column("due_at", _TIME, nullable=False),
)

engines = _table(
    "engines",
    sa.Column("engine_id", _NAME, primary_key=True),
    sa.Column("hostname", _NAME, nullable=False),
    sa.Column("version", sa.String(64), nullable=False),
    sa.Column("workflows", sa.JSON, nullable=False),
    sa.Column("actions", sa.JSON, nullable=False),
    sa.Column("started_at", _TIME, nullable=False),
    sa.Column("heartbeat_at", _TIME, nullable=False),
    sa.Column("made_for", sa.String(32)),
)

#: Tables whose rows belong to one session and are deleted with it.
OF_A_SESSION = (
    hosts,
    instances,
    projects,
    project_waits,
    action_plugins,
    action_plugin_instances,
    host_claims,
    sessions,
)
