"""A small cloud: hosts, servers and what they take, without a network or threads.

It keeps its own account of room, as Nova's Placement does: a move takes room on its target from
the moment it is accepted, and gives back its source's when it has ended.
"""

from __future__ import annotations

import bisect
import dataclasses
import random
from typing import Protocol

from fenix.cloud import base
from fenix.simulator.clock import Agenda, Clock, moment
from fenix.simulator.topology import GroupSpec, HostSpec, Times, Topology

ACTIVE = "ACTIVE"


@dataclasses.dataclass(slots=True)
class Host:
    """A host and what is taken of it."""

    spec: HostSpec
    enabled: bool
    disabled_reason: str | None = None
    up: bool = True
    vcpus: float = 0.0
    memory_mb: float = 0.0
    disk_gb: float = 0.0

    def has_room(self, server: Server) -> bool:
        """Whether a server fits."""
        spec = self.spec
        return (
            self.vcpus + server.vcpus <= spec.vcpus
            and self.memory_mb + server.memory_mb <= spec.memory_mb
            and self.disk_gb + server.disk_gb <= spec.disk_gb
        )

    def add(self, server: Server, sign: int) -> None:
        """Room is taken (1) or given back (-1)."""
        self.vcpus += sign * server.vcpus
        self.memory_mb += sign * server.memory_mb
        self.disk_gb += sign * server.disk_gb


@dataclasses.dataclass(slots=True)
class Server:
    """An instance. ``target``: where it is being moved to; ``claims``: hosts it has room on."""

    server_id: str
    project_id: str
    host: str
    vcpus: float
    memory_mb: float
    disk_gb: float
    group_id: str | None = None
    status: str = ACTIVE
    task_state: str | None = None
    target: str | None = None
    fault: str | None = None
    updated: float = 0.0
    claims: set[str] = dataclasses.field(default_factory=set)


class Watcher(Protocol):
    """Is told of everything that happens, at the moment it happens."""

    def created(self, server: Server) -> None:
        """Somebody made a server."""
        ...

    def deleted(self, server: Server) -> None:
        """Somebody deleted a server."""
        ...

    def requested(self, server: Server, target: str | None) -> None:
        """A move was asked for; ``target`` None: its project moves it itself."""
        ...

    def arrived(self, server: Server, source: str) -> None:
        """A server is on another host, though it may not be ACTIVE yet."""
        ...

    def settled(self, server: Server) -> None:
        """A move has ended, well or not; the server is at rest."""
        ...


class Cloud:
    """The cloud's state, and the changes to it that others than Fenix make."""

    def __init__(
        self, topology: Topology, clock: Clock, agenda: Agenda, times: Times, rng: random.Random
    ) -> None:
        self.clock = clock
        self.agenda = agenda
        self.times = times
        self.rng = rng
        self.watchers: list[Watcher] = []
        self.hosts = {h.name: Host(h, h.enabled) for h in topology.hosts}
        self.groups: dict[str, GroupSpec] = {g.group_id: g for g in topology.groups}
        self.members: dict[str, set[str]] = {g.group_id: set() for g in topology.groups}
        self.servers: dict[str, Server] = {}
        self.gone: dict[str, Server] = {}
        self._on: dict[str, set[str]] = {name: set() for name in self.hosts}
        self._stamps: list[float] = []
        self._changed: list[str] = []
        self._numbers = 0
        for spec in topology.servers:
            server = Server(
                spec.server_id,
                spec.project_id,
                spec.host,
                spec.vcpus,
                spec.memory_mb,
                spec.disk_gb,
                spec.group_id,
                spec.status,
            )
            self._enter(server)
        self.version = 0

    def _enter(self, server: Server) -> None:
        self.servers[server.server_id] = server
        self._on[server.host].add(server.server_id)
        self.claim(server, server.host)
        if server.group_id in self.members:
            self.members[server.group_id].add(server.server_id)

    def claim(self, server: Server, hostname: str) -> None:
        """A server takes room on a host."""
        if hostname not in server.claims:
            server.claims.add(hostname)
            self.hosts[hostname].add(server, 1)

    def release(self, server: Server, hostname: str) -> None:
        """A server gives back its room on a host."""
        if hostname in server.claims:
            server.claims.discard(hostname)
            self.hosts[hostname].add(server, -1)

    def touch(self, server: Server) -> None:
        """A server has changed: whoever asks what did is told."""
        server.updated = float(int(self.clock.seconds))  # Nova's stamps are whole seconds
        self._stamps.append(server.updated)
        self._changed.append(server.server_id)
        self.version += 1

    def changed_since(self, seconds: float) -> list[Server]:
        """Servers that changed at or after a time, those deleted too; each once."""
        start = bisect.bisect_left(self._stamps, seconds)
        found: dict[str, Server] = {}
        for server_id in self._changed[start:]:
            server = self.servers.get(server_id) or self.gone.get(server_id)
            if server is not None:
                found[server_id] = server
        return list(found.values())

    def on(self, hostname: str) -> list[Server]:
        """Servers on a host."""
        return [self.servers[i] for i in sorted(self._on.get(hostname, ()))]

    def place(self, server: Server, hostname: str) -> None:
        """A server is on another host now; room is not touched."""
        self._on[server.host].discard(server.server_id)
        server.host = hostname
        self._on[hostname].add(server.server_id)

    # What Nova's scheduler says

    def refusal(self, server: Server, hostname: str) -> str | None:
        """Why the scheduler does not let a server onto a host; None when it does."""
        host = self.hosts[hostname]
        if not host.up:
            return f"{hostname} is down"
        if not host.enabled:
            return f"{hostname} is disabled"
        if not host.has_room(server):
            return f"{hostname} is full"
        group = self.groups.get(server.group_id or "")
        if group is not None and group.anti_affinity:
            for other_id in self.members[group.group_id]:
                other = self.servers[other_id]
                if other_id != server.server_id and hostname in (other.host, other.target):
                    return f"{hostname} has a member of {group.group_id}"
        return None

    def pick(self, server: Server, without: str | None = None) -> str | None:
        """Any host that the scheduler lets a server onto."""
        fit = [
            name
            for name, host in self.hosts.items()
            if base.COMPUTE in host.spec.roles
            and name != without
            and self.refusal(server, name) is None
        ]
        return self.rng.choice(fit) if fit else None

    # What others do

    def boot(self, like: Server, group_id: str | None = None, without: str | None = None) -> bool:
        """Make a server of the size and project of another, where there is room."""
        self._numbers += 1
        server = dataclasses.replace(
            like,
            server_id=f"new-{self._numbers}",
            group_id=group_id,
            status=ACTIVE,
            task_state=None,
            target=None,
            fault=None,
            claims=set(),
        )
        hostname = self.pick(server, without)
        if hostname is None:
            return False
        server.host = hostname
        self._enter(server)
        self.touch(server)
        for watcher in self.watchers:
            watcher.created(server)
        return True

    def delete(self, server: Server) -> None:
        """A server is gone at once, whatever was being done to it."""
        del self.servers[server.server_id]
        self.gone[server.server_id] = server
        self._on[server.host].discard(server.server_id)
        for name in list(server.claims):
            self.release(server, name)
        if server.group_id in self.members:
            self.members[server.group_id].discard(server.server_id)
        server.status, server.task_state, server.target = "DELETED", None, None
        self.touch(server)
        for watcher in self.watchers:
            watcher.deleted(server)

    def as_server(self, server: Server) -> base.Server:
        """As the port tells of it."""
        return base.Server(
            server_id=server.server_id,
            name=server.server_id,
            project_id=server.project_id,
            host=server.host,
            status=server.status,
            task_state=server.task_state,
            vcpus=server.vcpus,
            memory_mb=server.memory_mb,
            disk_gb=server.disk_gb,
            updated=moment(server.updated),
            fault=server.fault,
        )
