"""A server (instance) and the moves it makes, as Nova's database would have them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fenix.emulator.entities import Flavor, ServerGroup
from fenix.emulator.host import Host

# power states of nova.compute.power_state
NOSTATE, RUNNING, PAUSED, SHUTDOWN, CRASHED, SUSPENDED = 0, 1, 3, 4, 6, 7

_RESIZING = ("resize_prep", "resize_migrating", "resize_migrated", "resize_finish")
_REBUILDING = ("rebuilding", "rebuild_block_device_mapping", "rebuild_spawning")
_TASKS = {
    "active": {
        "migrating": "MIGRATING",
        "rebooting": "REBOOT",
        "rebooting_hard": "HARD_REBOOT",
        **dict.fromkeys(_REBUILDING, "REBUILD"),
        **dict.fromkeys(_RESIZING, "RESIZE"),
    },
    "paused": {"migrating": "MIGRATING"},
    "stopped": {
        **dict.fromkeys(_RESIZING, "RESIZE"),
        **dict.fromkeys(_REBUILDING, "REBUILD"),
    },
    "resized": {"resize_reverting": "REVERT_RESIZE"},
    "error": dict.fromkeys(_REBUILDING, "REBUILD"),
}
_STATES = {
    "active": "ACTIVE",
    "building": "BUILD",
    "stopped": "SHUTOFF",
    "resized": "VERIFY_RESIZE",
    "paused": "PAUSED",
    "suspended": "SUSPENDED",
    "rescued": "RESCUE",
    "error": "ERROR",
    "deleted": "DELETED",
    "shelved": "SHELVED",
    "shelved_offloaded": "SHELVED_OFFLOADED",
}
STATUSES = frozenset(_STATES.values()) | {s for tasks in _TASKS.values() for s in tasks.values()}
"""What the API's ``status`` can be."""
VM_STATES = {status: state for state, status in _STATES.items()}
"""vm_state by API status."""


def status_of(vm_state: str, task_state: str | None) -> str:
    """The API's ``status`` for a vm_state and task_state."""
    return _TASKS.get(vm_state, {}).get(task_state or "", _STATES.get(vm_state, "UNKNOWN"))


@dataclass(slots=True, eq=False)
class Fault:
    """What the server detail shows for a server in ERROR."""

    code: int
    message: str
    created: float
    details: str = ""


@dataclass(slots=True, eq=False)
class ActionEvent:
    """One event of an instance action."""

    event: str
    start: float
    finish: float | None = None
    result: str | None = None
    host: str | None = None
    details: str | None = None


@dataclass(slots=True, eq=False)
class Action:
    """An instance action: what somebody asked of a server and how it went."""

    name: str
    request_id: str
    project_id: str | None
    user_id: str | None
    start: float
    updated: float
    message: str | None = None
    events: list[ActionEvent] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Migration:
    """A row of os-migrations. ``type`` is live-migration, migration, resize or evacuation."""

    id: int
    uuid: str
    server: "Server"
    type: str
    status: str
    source: Host
    created: float
    updated: float
    dest: Host | None = None
    user_id: str | None = None
    project_id: str | None = None
    flavor: Flavor | None = None
    old_flavor: Flavor | None = None
    memory_processed: float = 0.0
    copy_started: float | None = None
    copy_seconds: float | None = None

    @property
    def in_progress(self) -> bool:
        """Whether it has neither ended well nor badly."""
        return self.status not in ENDED


ENDED = frozenset({"completed", "confirmed", "reverted", "error", "failed", "cancelled", "done"})
"""Statuses of migrations that are over."""


@dataclass(slots=True, eq=False)
class Server:
    """An instance. ``running`` is the guest itself, whatever Nova's states say."""

    id: str
    number: int
    name: str
    project_id: str
    user_id: str
    flavor: Flavor
    created: float
    updated: float
    host: Host | None = None
    group: ServerGroup | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    vm_state: str = "building"
    task_state: str | None = None
    power_state: int = NOSTATE
    launched: float | None = None
    terminated: float | None = None
    fault: Fault | None = None
    running: bool = False
    requested_zone: str | None = None
    image_id: str | None = None
    key_name: str | None = None
    migration: Migration | None = None
    """The migration in progress (a resize until it is confirmed)."""
    on_delete: Callable[[], None] | None = None
    """What else must be cleaned up when it is deleted now."""
    actions: list[Action] = field(default_factory=list)
    reservation_id: str = ""
    locked: bool = False
    tags: list[str] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """The API's status, e.g. ACTIVE, MIGRATING, VERIFY_RESIZE."""
        return status_of(self.vm_state, self.task_state)

    @property
    def deleted(self) -> bool:
        """Whether it is gone."""
        return self.vm_state == "deleted"
