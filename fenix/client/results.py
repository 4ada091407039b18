"""What the service answers, as values. Times are UTC, with their time zone."""

from __future__ import annotations

import dataclasses
import datetime
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

_Result = TypeVar("_Result")

DONE = "MAINTENANCE_DONE"
FAILED = "MAINTENANCE_FAILED"
#: States in which nothing happens until an administrator acts.
IDLE = frozenset({DONE, FAILED})

#: Kinds of lines in a history; a workflow of a plug-in may have others.
KINDS = (
    *("created", "command", "state", "failure", "notification", "reply", "ignored", "silence"),
    *("move", "action", "phase", "host", "instance", "warning", "end"),
)


def time_of(text: str | None) -> datetime.datetime | None:
    """A time as the service writes it."""
    if not text:
        return None
    found = datetime.datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)


def text_of(moment: datetime.datetime | None) -> str | None:
    """``YYYY-MM-DD HH:MM:SS``, UTC."""
    if moment is None:
        return None
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")


def read(kind: type[_Result], body: Mapping[str, Any]) -> _Result:
    """A dataclass from an object of an answer.

    Keys that this release does not know are left out; a newer service may send more.
    """
    hints = typing.get_type_hints(kind)
    values = {}
    for field in dataclasses.fields(kind):  # type: ignore[arg-type]
        if field.name in body:
            values[field.name] = _value(hints[field.name], body[field.name])
    return kind(**values)


def _value(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(hint, types.UnionType):
        hint = next(h for h in typing.get_args(hint) if h is not types.NoneType)
    if hint is datetime.datetime:
        return time_of(value)
    if dataclasses.is_dataclass(hint):
        return read(hint, value)  # type: ignore[arg-type]
    if typing.get_origin(hint) is list and isinstance(value, list):
        inner = typing.get_args(hint)[0]
        return [_value(inner, v) for v in value]
    return value


_Time = datetime.datetime | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Session:
    """A maintenance session; ``reason`` says why it failed or stands still."""

    session_id: str
    state: str
    prev_state: str | None = None
    failed_state: str | None = None
    reason: str | None = None
    workflow: str | None = None
    maintenance_at: _Time = None
    percent_done: int = 0
    request_id: str | None = None
    created_at: _Time = None
    updated_at: _Time = None
    paused_at: _Time = None
    metadata: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def idle(self) -> bool:
        """Whether it waits for an administrator: it is done, or has failed."""
        return self.state in IDLE

    @property
    def paused(self) -> bool:
        """Whether it begins nothing new until it is resumed."""
        return self.paused_at is not None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Host:
    """A host of a session; ``type`` is ``compute``, ``controller`` or both, with a comma."""

    hostname: str
    type: str = ""
    phase: str = ""
    maintained: bool = False
    disabled: bool = False
    found_disabled: bool = False
    started_at: _Time = None
    finished_at: _Time = None
    details: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Instance:
    """An instance as the session last saw it; ``move_phase`` is None unless it is on its way."""

    instance_id: str
    instance_name: str = ""
    project_id: str = ""
    host: str | None = None
    origin: str | None = None
    state: str | None = None
    task_state: str | None = None
    group_id: str | None = None
    gone: bool = False
    project_state: str | None = None
    action: str | None = None
    action_done: bool = False
    moves: int = 0
    move_phase: str | None = None
    move_source: str | None = None
    move_target: str | None = None
    move_attempts: int = 0
    details: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wait:
    """A question that a project has not settled; ``reply_at`` is the end of its time."""

    state: str
    host: str | None = None
    instance_id: str | None = None
    instance_ids: list[str] = dataclasses.field(default_factory=list)
    allowed_actions: list[str] = dataclasses.field(default_factory=list)
    opened_at: _Time = None
    reply_at: _Time = None
    actions_at: _Time = None
    nacks: int = 0
    reply: str | None = None
    reply_actions: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Project:
    """A project with instances on the hosts of a session."""

    project_id: str
    state: str | None = None
    has_manager: bool = False
    event_types: list[str] = dataclasses.field(default_factory=list)
    carrier: str = "bus"
    details: str | None = None
    waits: list[Wait] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Action:
    """An action plug-in that the session was created with."""

    plugin: str
    type: str
    order: int = 0
    metadata: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ActionRun:
    """A run of an action on a host."""

    plugin: str
    type: str
    hostname: str
    order: int = 0
    state: str = ""
    attempt: int = 0
    result: str | None = None
    deadline: _Time = None
    created_at: _Time = None
    started_at: _Time = None
    finished_at: _Time = None
    metadata: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reservation:
    """A lease of Blazar's that takes a host, or room on it, from ``start`` to ``end``."""

    host: str
    lease_id: str
    lease_name: str = ""
    project_id: str = ""
    resource_type: str = ""
    status: str = ""
    start: _Time = None
    end: _Time = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Detail:
    """A session with everything that belongs to it."""

    session: Session
    percent_done: int = 0
    eta: _Time = None
    hosts: list[Host] = dataclasses.field(default_factory=list)
    instances: list[Instance] = dataclasses.field(default_factory=list)
    projects: list[Project] = dataclasses.field(default_factory=list)
    reservations: list[Reservation] = dataclasses.field(default_factory=list)
    action_plugins: list[Action] = dataclasses.field(default_factory=list)
    action_plugin_instances: list[ActionRun] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True, kw_only=True)
class HistoryEvent:
    """A line of a session's history; what ``data`` holds depends on ``kind``."""

    event_id: int
    at: datetime.datetime
    kind: str
    message: str = ""
    host: str | None = None
    project_id: str | None = None
    instance_id: str | None = None
    data: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Engine:
    """An engine that has reported of late."""

    engine_id: str
    hostname: str = ""
    version: str = ""
    workflows: list[str] = dataclasses.field(default_factory=list)
    actions: list[str] = dataclasses.field(default_factory=list)
    sessions: list[str] = dataclasses.field(default_factory=list)
    started_at: _Time = None
    heartbeat_at: _Time = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Subscription:
    """The webhook that a project has registered."""

    project_id: str
    url: str
    event_type: str = ""
    updated_at: _Time = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """A notification that was not delivered (``dead``), or perhaps not (``unsure``)."""

    id: int
    session_id: str
    carrier: str = ""
    channel: str = ""
    event_type: str = ""
    state: str | None = None
    message_id: str = ""
    status: str = ""
    attempts: int = 0
    error: str = ""
    created_at: _Time = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class InstanceConstraint:
    """What an instance tolerates; None is not stored. Times are seconds."""

    instance_id: str
    project_id: str | None = None
    group_id: str | None = None
    instance_name: str | None = None
    max_interruption_time: int | None = None
    migration_type: str | None = None
    resource_mitigation: bool | None = None
    lead_time: int | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class GroupConstraint:
    """What a group of instances tolerates; None is not stored. Times are seconds."""

    group_id: str
    project_id: str | None = None
    group_name: str | None = None
    anti_affinity_group: bool | None = None
    max_instances_per_host: int | None = None
    max_impacted_members: int | None = None
    recovery_time: int | None = None
    resource_mitigation: bool | None = None
