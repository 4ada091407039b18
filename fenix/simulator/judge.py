"""An independent judge of sessions: it watches the cloud at every instant, and plans nothing.

It shares no code with the planner or the workflows, and keeps its own account of who is where.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Callable

from fenix.simulator.clock import Clock
from fenix.simulator.cloud import Server
from fenix.simulator.topology import GroupSpec, Topology

_MOST_MOVES = 2
_DOWN = frozenset({"ERROR", "SHUTOFF", "PAUSED"})


@dataclasses.dataclass(frozen=True, slots=True)
class Violation:
    """Something that must never happen. ``kind`` is one of the keys of :data:`KINDS`."""

    at: float
    kind: str
    what: str


KINDS = {
    "group": "a group over its limit",
    "anti-affinity": "two members of a group on one host",
    "per-host": "more members of a group on a host than it allows",
    "capacity": "a move to a host without room for it",
    "moves": "an instance moved more than twice",
    "lost": "an instance lost, or left half moved",
    "occupied": "a host maintained with an instance on it",
    "hosts": "a host left out of use, or maintained twice or never in a session that is done",
    "reason": "a session that failed without a reason, or for an internal error",
    "end": "a session that does not end",
}


@dataclasses.dataclass(slots=True)
class _Known:
    """What the judge knows of an instance."""

    server: Server
    vcpus: float
    memory_mb: float
    disk_gb: float
    host: str
    group: GroupSpec | None
    stranger: bool = False
    going_to: str | None = None
    since: float | None = None
    moves: int = 0
    failed: bool = False


class Judge:
    """A watcher of a cloud that keeps a list of violations."""

    def __init__(self, topology: Topology, clock: Clock) -> None:
        self._clock = clock
        self._specs = {h.name: h for h in topology.hosts}
        self._groups = {g.group_id: g for g in topology.groups}
        self._known: dict[str, _Known] = {}
        self._load: dict[str, list[float]] = {h.name: [0.0, 0.0, 0.0] for h in topology.hosts}
        self._there: dict[str, set[str]] = collections.defaultdict(set)
        self._coming: dict[str, set[str]] = collections.defaultdict(set)
        self._members: dict[str, set[str]] = collections.defaultdict(set)
        self._recovering: dict[str, dict[str, float]] = collections.defaultdict(dict)
        #: Whether a host's services report.
        self.is_up: Callable[[str], bool] = lambda _hostname: True
        self.worked_on: collections.Counter[str] = collections.Counter()
        self.violations: list[Violation] = []
        self.moves = 0
        self.second_moves = 0
        #: Where each host's instances went while it was emptied for its own maintenance.
        self.targets: dict[str, set[str]] = collections.defaultdict(set)
        self.maintained_at: dict[str, float] = {}
        #: Most members of a group impacted at once, by group.
        self.peak: dict[str, int] = {}

    def begin(self, servers: dict[str, Server]) -> None:
        """Take stock of the cloud at the start."""
        for server in servers.values():
            self._enter(server, stranger=False)

    def _enter(self, server: Server, stranger: bool) -> None:
        known = _Known(
            server,
            server.vcpus,
            server.memory_mb,
            server.disk_gb,
            server.host,
            self._groups.get(server.group_id or ""),
            stranger,
        )
        self._known[server.server_id] = known
        self._there[server.host].add(server.server_id)
        if known.group is not None:
            self._members[known.group.group_id].add(server.server_id)
        if not stranger:
            self._weigh(known, server.host, 1)

    def _weigh(self, known: _Known, hostname: str, sign: int) -> None:
        load = self._load[hostname]
        load[0] += sign * known.vcpus
        load[1] += sign * known.memory_mb
        load[2] += sign * known.disk_gb

    def _says(self, kind: str, what: str) -> None:
        self.violations.append(Violation(self._clock.seconds, kind, what))

    # What the cloud tells

    def created(self, server: Server) -> None:
        """A stranger's boot may race with a move: its room is not held against Fenix."""
        self._enter(server, stranger=True)

    def deleted(self, server: Server) -> None:
        """Whatever was being done to it is over."""
        known = self._known.pop(server.server_id)
        self._there[known.host].discard(server.server_id)
        if not known.stranger:
            self._weigh(known, known.host, -1)
        self._stays(known)
        if known.group is not None:
            self._members[known.group.group_id].discard(server.server_id)
            if known.since is not None:
                self._recovers(known, known.group)

    def requested(self, server: Server, target: str | None) -> None:
        """A move is asked for: does its target have room, and may its group lose it now?"""
        known = self._known[server.server_id]
        if known.since is None:
            known.since = self._clock.seconds
        if known.group is not None and known.group.constrained:
            self._check_group(known, known.group, is_new=target is not None)
        if target is None:
            return
        if not known.stranger and known.going_to is None:
            known.going_to = target
            self._coming[target].add(server.server_id)
            self._weigh(known, target, 1)
            spec, load = self._specs[target], self._load[target]
            if load[0] > spec.vcpus or load[1] > spec.memory_mb or load[2] > spec.disk_gb:
                self._says("capacity", f"{server.server_id} to {target}, which has no room for it")

    def offered(self, server_id: str) -> None:
        """A project may move an instance itself from now on: its group must bear that."""
        known = self._known.get(server_id)
        if known is not None and known.group is not None and known.group.constrained:
            self._check_group(known, known.group, is_new=True)

    def _check_group(self, asked: _Known, group: GroupSpec, is_new: bool) -> None:
        """A new impact must leave enough members that work.

        One that does not work already is not missed once more, and one whose move is tried again,
        or was offered to its project, has its place: for these, members that others put down
        meanwhile do not count.
        """
        now = self._clock.seconds
        recovering = self._recovering[group.group_id]
        for server_id in [s for s, until in recovering.items() if until <= now]:
            del recovering[server_id]
        members = {s: self._known[s] for s in self._members[group.group_id]}
        impacted = {s for s, known in members.items() if known.since is not None}
        impacted.add(asked.server.server_id)
        if is_new and not (asked.server.status in _DOWN or asked.failed):
            impacted |= {s for s, known in members.items() if self._is_down(known)}
        count = len(impacted | recovering.keys())
        self.peak[group.group_id] = max(count, self.peak.get(group.group_id, 0))
        limit = max(1, group.max_impacted_members)
        if count > limit:
            self._says("group", f"{group.group_id}: {count} members impacted, {limit} allowed")

    def _is_down(self, known: _Known) -> bool:
        """For whatever reason: broken, stopped, or on a host that is down."""
        return known.server.status in _DOWN or not self.is_up(known.host)

    def arrived(self, server: Server, source: str) -> None:
        """An instance is on another host."""
        known = self._known[server.server_id]
        known.moves += 1
        self.moves += 1
        if known.moves > 1:
            self.second_moves += 1
        if known.moves > _MOST_MOVES:
            self._says("moves", f"{server.server_id} moved {known.moves} times")
        self._there[source].discard(server.server_id)
        self._there[server.host].add(server.server_id)
        if not known.stranger:
            self._weigh(known, source, -1)
        self._coming[server.host].discard(server.server_id)
        known.host, known.going_to = server.host, None
        self.targets[source].add(server.host)
        self._check_apart(known)

    def _check_apart(self, known: _Known) -> None:
        group = known.group
        if group is None:
            return
        there = sum(1 for s in self._there[known.host] if self._known[s].group is group)
        if (group.anti_affinity or group.apart) and there > 1:
            self._says("anti-affinity", f"{group.group_id}: {there} members on {known.host}")
        if group.max_instances_per_host and there > group.max_instances_per_host:
            self._says("per-host", f"{group.group_id}: {there} members on {known.host}")

    def settled(self, server: Server) -> None:
        """A move has ended: its room elsewhere is free, and its group recovers."""
        known = self._known[server.server_id]
        known.failed = known.going_to is not None
        self._stays(known)
        known.since = None
        if known.group is not None:
            self._recovers(known, known.group)

    def _stays(self, known: _Known) -> None:
        """It does not go where it was going."""
        if known.going_to is not None:
            self._weigh(known, known.going_to, -1)
            self._coming[known.going_to].discard(known.server.server_id)
            known.going_to = None

    def _recovers(self, known: _Known, group: GroupSpec) -> None:
        until = self._clock.seconds + group.recovery_time
        self._recovering[group.group_id][known.server.server_id] = until

    # What the session does

    def works_on(self, hostname: str) -> None:
        """The actions of a host begin."""
        self.worked_on[hostname] += 1
        there = self._there[hostname] | self._coming[hostname]
        left = sorted(s for s in there if not self._known[s].stranger)
        if left:
            self._says("occupied", f"{hostname} with {', '.join(left)}")

    def finished(self, hostname: str) -> None:
        """A host has been maintained."""
        self.maintained_at[hostname] = self._clock.seconds

    def waves(self) -> int:
        """The longest chain of hosts of which each used room that the one before released."""
        wave: dict[str, int] = {}
        for hostname in sorted(self.maintained_at, key=self.maintained_at.__getitem__):
            started = (wave.get(t, 0) for t in self.targets.get(hostname, ()))
            wave[hostname] = 1 + max(started, default=0)
        return max(wave.values(), default=0)

    def conclude(
        self, servers: dict[str, Server], state: str, reason: str | None, excused: frozenset[str]
    ) -> None:
        """The session has ended: is everything where it should be?

        :param excused: instances that a fault put into ERROR, or keeps moving for ever.
        """
        for server_id, known in self._known.items():
            server = servers.get(server_id)
            if server is None:
                self._says("lost", f"{server_id} does not exist any more")
            elif server_id not in excused and (
                server.task_state or server.status not in ("ACTIVE", "SHUTOFF", "PAUSED")
            ):
                self._says("lost", f"{server_id} is {server.status} on {known.host}")
        failed = state == "MAINTENANCE_FAILED"
        if failed and (not reason or reason.startswith("internal error")):
            self._says("reason", reason or "no reason given")

    def conclude_hosts(self, enabled: dict[str, bool], session_hosts: frozenset[str]) -> None:
        """The session is done: was every host maintained once, and is it in use again?"""
        for hostname in sorted(session_hosts):
            if self.worked_on[hostname] != 1:
                self._says("hosts", f"{hostname} was maintained {self.worked_on[hostname]} times")
            if enabled[hostname] != self._specs[hostname].enabled:
                self._says("hosts", f"{hostname} is left disabled")

    def does_not_end(self, what: str) -> None:
        """The session was watched for long enough."""
        self._says("end", what)
