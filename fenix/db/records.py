"""Rows as typed objects; fields are the columns of :mod:`fenix.db.models`."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

Time = datetime.datetime


#: Carriers of the outbox: the message bus, and the webhooks that projects have registered.
BUS = "bus"
WEBHOOK = "webhook"


@dataclasses.dataclass(slots=True)
class Session:
    """A maintenance session."""

    session_id: str
    workflow: str
    state: str
    created_at: Time
    updated_at: Time
    prev_state: str | None = None
    failed_state: str | None = None
    revision: int = 0
    wakes: int = 0
    owner: str | None = None
    last_owner: str | None = None
    lease_until: Time | None = None
    wake_at: Time | None = None
    command: str | None = None
    paused_at: Time | None = None
    maintenance_at: Time | None = None
    meta: dict[str, Any] = dataclasses.field(default_factory=dict)
    settings: dict[str, Any] = dataclasses.field(default_factory=dict)
    progress: dict[str, Any] = dataclasses.field(default_factory=dict)
    percent_done: int = 0
    reason: str | None = None
    request_id: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Summary:
    """What clients see of a session's row; the engine's own columns may be large."""

    session_id: str
    state: str
    prev_state: str | None
    failed_state: str | None
    reason: str | None
    workflow: str
    command: str | None
    maintenance_at: Time | None
    percent_done: int
    request_id: str | None
    created_at: Time
    updated_at: Time
    paused_at: Time | None
    meta: dict[str, Any]
    settings: dict[str, Any]


@dataclasses.dataclass(slots=True)
class Host:
    """A host of the session, or (``outside``) one that may take its instances.

    vCPUs, MiB and GiB are what can be used: inventories times allocation ratio less the reserve.
    ``used_*`` is what servers that the session does not follow take of an outside host.
    """

    session_id: str
    hostname: str
    type: str
    outside: bool = False
    service_id: str | None = None
    found_disabled: bool = False
    disabled: bool = False
    maintained: bool = False
    phase: str = "pending"
    phase_at: Time | None = None
    failed_phase: str | None = None
    started_at: Time | None = None
    finished_at: Time | None = None
    vcpus: float = 0
    memory_mb: float = 0
    disk_gb: float = 0
    used_vcpus: float = 0
    used_memory_mb: float = 0
    used_disk_gb: float = 0
    offers: dict[str, Any] = dataclasses.field(default_factory=dict)
    details: str | None = None

    @property
    def is_compute(self) -> bool:
        """Whether instances run on it."""
        return "compute" in self.type.split(",")

    @property
    def is_controller(self) -> bool:
        """Whether it runs control services of the cloud."""
        return "controller" in self.type.split(",")


@dataclasses.dataclass(slots=True)
class Instance:
    """A server that the session follows."""

    session_id: str
    instance_id: str
    instance_name: str
    project_id: str
    state: str
    host: str | None = None
    origin: str | None = None
    task_state: str | None = None
    group_id: str | None = None
    vcpus: float = 0
    memory_mb: float = 0
    disk_gb: float = 0
    needs: dict[str, Any] = dataclasses.field(default_factory=dict)
    gone: bool = False
    project_state: str | None = None
    action: str | None = None
    action_done: bool = False
    moves: int = 0
    move_phase: str | None = None
    move_source: str | None = None
    move_target: str | None = None
    move_id: str | None = None
    move_attempts: int = 0
    move_at: Time | None = None
    move_due: Time | None = None
    details: str | None = None


@dataclasses.dataclass(slots=True)
class Project:
    """A project with instances on the session's hosts."""

    session_id: str
    project_id: str
    state: str | None = None
    has_manager: bool = True
    event_types: list[str] = dataclasses.field(default_factory=list)
    carrier: str = BUS
    details: str | None = None


@dataclasses.dataclass(slots=True)
class Wait:
    """A question to a project. ``status``: open, then answered, refused, silent or withdrawn.

    ``message_id`` is that of the notification which asks it.
    """

    session_id: str
    project_id: str
    state: str
    opened_at: Time
    reply_at: Time
    actions_at: Time
    wait_id: int = 0
    host: str | None = None
    instance_id: str | None = None
    instance_ids: list[str] = dataclasses.field(default_factory=list)
    allowed_actions: list[str] = dataclasses.field(default_factory=list)
    status: str = "open"
    nacks: int = 0
    reply: str | None = None
    reply_actions: dict[str, str] = dataclasses.field(default_factory=dict)
    replied_at: Time | None = None
    message_id: str | None = None


@dataclasses.dataclass(slots=True)
class Action:
    """An action plug-in that the session was created with."""

    session_id: str
    plugin: str
    type: str
    order: int = 0
    meta: dict[str, Any] = dataclasses.field(default_factory=dict)
    action_id: int = 0


@dataclasses.dataclass(slots=True)
class ActionRun:
    """One run of an action plug-in on a host. ``state``: PENDING, RUNNING, then its result."""

    session_id: str
    plugin: str
    type: str
    hostname: str
    key: str
    created_at: Time
    order: int = 0
    meta: dict[str, Any] = dataclasses.field(default_factory=dict)
    state: str = "PENDING"
    attempt: int = 0
    owner: str | None = None
    heartbeat_at: Time | None = None
    deadline: Time | None = None
    result: str | None = None
    started_at: Time | None = None
    finished_at: Time | None = None
    run_id: int = 0


@dataclasses.dataclass(slots=True)
class InstanceConstraint:
    """What an instance bears (contract section 4). Fields that were not given are None."""

    owner: str
    instance_id: str
    group_id: str | None = None
    max_interruption_time: int | None = None
    migration_type: str | None = None
    resource_mitigation: bool | None = None
    lead_time: int | None = None


@dataclasses.dataclass(slots=True)
class GroupConstraint:
    """What a group of instances bears (contract section 4). Fields that were not given are None."""

    owner: str
    group_id: str
    anti_affinity_group: bool | None = None
    max_instances_per_host: int | None = None
    max_impacted_members: int | None = None
    recovery_time: int | None = None
    resource_mitigation: bool | None = None


@dataclasses.dataclass(slots=True)
class Disruption:
    """A group's row in the disruption ledger.

    ``members``: instance id -> ``{"session": id, "since": time, "ended": time or None}``, times
    in ISO format; ``ended``: when it was ACTIVE elsewhere. ``revision`` 0: not written yet.
    """

    project_id: str
    group_id: str
    revision: int = 0
    members: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(slots=True)
class Event:
    """A line of a session's history."""

    session_id: str
    at: Time
    kind: str
    message: str
    host: str | None = None
    project_id: str | None = None
    instance_id: str | None = None
    data: dict[str, Any] = dataclasses.field(default_factory=dict)
    event_id: int = 0


def observer_carrier(name: str) -> str:
    """The carrier of what is to be told to a host observer."""
    return f"observer-{name}"


@dataclasses.dataclass(slots=True)
class Outgoing:
    """Something to be told; what goes to one ``channel`` of a session by one ``carrier`` leaves
    in order.
    """

    session_id: str
    channel: str
    message_id: str
    event_type: str
    payload: dict[str, Any]
    created_at: Time
    due_at: Time
    send_once: bool = False
    carrier: str = BUS
    status: str = "new"
    attempts: int = 0
    owner: str | None = None
    lease_until: Time | None = None
    error: str | None = None
    sent_at: Time | None = None
    outbox_id: int = 0


@dataclasses.dataclass(slots=True)
class Subscription:
    """The webhook of a project; ``secret`` as it is kept, ``event_type`` what it is told by."""

    project_id: str
    url: str
    secret: str = dataclasses.field(repr=False)
    event_type: str
    updated_at: Time


@dataclasses.dataclass(slots=True)
class Engine:
    """A running engine."""

    engine_id: str
    hostname: str
    version: str
    started_at: Time
    heartbeat_at: Time
    workflows: list[str] = dataclasses.field(default_factory=list)
    actions: list[str] = dataclasses.field(default_factory=list)
    #: The version of the schema that its release came with; None: one from before that was told.
    made_for: str | None = None
