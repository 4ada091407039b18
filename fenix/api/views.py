"""Sessions as clients see them (contract section 2); times in the wire format."""

from __future__ import annotations

import datetime
from typing import Any

from fenix import states, timing
from fenix.db import records
from fenix.db.sessions import Detail
from fenix.workflow import progress
from fenix.workflow.reserved import RESERVATIONS


def _shown(record: Any, names: list[str]) -> dict[str, Any]:
    values = {}
    for name in names:
        value = getattr(record, name)
        values[name] = timing.wire(value) if isinstance(value, datetime.datetime) else value
    return values


_SESSION = [
    "session_id",
    "state",
    "prev_state",
    "failed_state",
    "reason",
    "workflow",
    "command",
    "paused_at",
    "maintenance_at",
    "percent_done",
    "request_id",
    "created_at",
    "updated_at",
]
_HOST = [
    "hostname",
    "type",
    "phase",
    "failed_phase",
    "maintained",
    "disabled",
    "found_disabled",
    "started_at",
    "finished_at",
    "details",
]
_INSTANCE = [
    "instance_id",
    "instance_name",
    "project_id",
    "host",
    "origin",
    "state",
    "task_state",
    "group_id",
    "gone",
    "project_state",
    "action",
    "action_done",
    "moves",
    "move_phase",
    "move_source",
    "move_target",
    "move_attempts",
    "details",
]
_PROJECT = ["project_id", "state", "has_manager", "event_types", "carrier", "details"]
_WAIT = [
    "state",
    "host",
    "instance_id",
    "instance_ids",
    "allowed_actions",
    "opened_at",
    "reply_at",
    "actions_at",
    "nacks",
    "reply",
    "reply_actions",
]
_ACTION = ["plugin", "type", "order"]
_RUN = [
    "plugin",
    "type",
    "hostname",
    "order",
    "state",
    "attempt",
    "result",
    "deadline",
    "created_at",
    "started_at",
    "finished_at",
]


#: What a session was created with; null where it was left out.
LIMITS = [
    "max_parallel_hosts",
    "max_failed_hosts",
    "canary_hosts",
    "canary_soak",
    "window_end",
    "parameters",
    "reserved_hosts",
]


_EVENT = ["event_id", "at", "kind", "message", "host", "project_id", "instance_id", "data"]
_ENGINE = [
    "engine_id",
    "hostname",
    "version",
    "started_at",
    "heartbeat_at",
    "workflows",
    "actions",
]


#: Without the secret: it is written, never shown.
_SUBSCRIPTION = ["project_id", "url", "event_type", "updated_at"]
_DEAD_LETTER = [
    "session_id",
    "carrier",
    "channel",
    "event_type",
    "message_id",
    "status",
    "attempts",
    "created_at",
]

#: What is shown of each kind of row, for the description of the API.
FIELDS: dict[str, tuple[type, list[str]]] = {
    "session": (records.Summary, _SESSION),
    "host": (records.Host, _HOST),
    "instance": (records.Instance, _INSTANCE),
    "project": (records.Project, _PROJECT),
    "wait": (records.Wait, _WAIT),
    "action": (records.Action, _ACTION),
    "run": (records.ActionRun, _RUN),
    "event": (records.Event, _EVENT),
    "engine": (records.Engine, _ENGINE),
    "subscription": (records.Subscription, _SUBSCRIPTION),
    "dead_letter": (records.Outgoing, _DEAD_LETTER),
}


def subscription(found: records.Subscription) -> dict[str, Any]:
    """The webhook of a project."""
    return _shown(found, _SUBSCRIPTION)


def dead_letter(found: records.Outgoing) -> dict[str, Any]:
    """What was not delivered, or perhaps not, and why."""
    why = found.error or "the engine that sent it died meanwhile"
    told = {"id": found.outbox_id, "state": found.payload.get("state"), "error": why}
    return {**told, **_shown(found, _DEAD_LETTER)}


def event(found: records.Event) -> dict[str, Any]:
    """A line of a session's history."""
    return _shown(found, _EVENT)


def engine(found: records.Engine, session_ids: list[str]) -> dict[str, Any]:
    """An engine, with the live sessions that it holds or was the last to work on."""
    return {**_shown(found, _ENGINE), "sessions": session_ids}


def session(found: records.Session | records.Summary) -> dict[str, Any]:
    """A session's own fields."""
    limits = {name: found.settings.get(name) for name in LIMITS}
    paused = found.paused_at is not None
    return {**_shown(found, _SESSION), "paused": paused, **limits, "metadata": found.meta}


def detail(found: Detail, now: datetime.datetime) -> dict[str, Any]:
    """A session with everything that belongs to it; hosts are those that it maintains.

    A project's ``waits`` are the questions that it has not answered yet.
    """
    hosts = [h for h in found.hosts if not h.outside]
    at_work = found.session.state not in states.IDLE
    percent = progress.percent(hosts) if at_work else found.session.percent_done
    waits: dict[str, list[dict[str, Any]]] = {}
    for wait in found.waits:
        waits.setdefault(wait.project_id, []).append(_shown(wait, _WAIT))
    return {
        "session": {**session(found.session), "percent_done": percent},
        "percent_done": percent,
        "eta": timing.wire(progress.eta(found.session, hosts, now)),
        "hosts": [_shown(h, _HOST) for h in hosts],
        "instances": [_shown(i, _INSTANCE) for i in found.instances],
        "projects": [
            {**_shown(p, _PROJECT), "waits": waits.get(p.project_id, [])} for p in found.projects
        ],
        RESERVATIONS: found.session.progress.get(RESERVATIONS, []),
        "action_plugins": [{**_shown(a, _ACTION), "metadata": a.meta} for a in found.actions],
        "action_plugin_instances": [{**_shown(r, _RUN), "metadata": r.meta} for r in found.runs],
    }
