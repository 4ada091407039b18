"""A session with its rows in memory, indexed by what handlers ask for."""

from __future__ import annotations

import datetime
from typing import Any

from fenix.cloud import base
from fenix.db import records
from fenix.db import sessions as db_sessions
from fenix.planner.model import Group, Item

#: Phases in which a move takes up room on its target and must not be planned again.
UNDER_WAY = frozenset({"planned", "requested", "moving", "confirming", "own"})


class Snapshot:
    """Valid as long as ``session.revision`` is the row's: only its holder writes these rows."""

    def __init__(self, detail: db_sessions.Detail) -> None:
        self.session = detail.session
        self.hosts: dict[str, records.Host] = {h.hostname: h for h in detail.hosts}
        self.instances: dict[str, records.Instance] = {}
        self.projects: dict[str, records.Project] = {p.project_id: p for p in detail.projects}
        self.actions = detail.actions
        self.waits: list[records.Wait] = detail.waits
        self.runs: list[records.ActionRun] = detail.runs
        #: Instances as the planner sees them.
        self.items: dict[str, Item] = {}
        #: Instances that the session does not follow; None until the cloud was read.
        self.elsewhere: dict[str, base.Server] | None = None
        #: Nova's server group of every instance that has one.
        self.server_groups: dict[str, str] = {}
        #: Groups whose constraints are used, and which instance is a member of which, by
        #: ``<project id>/<group id>``; members that are not followed, by host. See ``grouping``.
        self.groups: dict[str, Group] = {}
        self.member_of: dict[str, str] = {}
        self.others_on: dict[str, dict[str, int]] = {}
        #: Nova's records of moves under way, by server and record id, and how far they were read.
        self.migrations: dict[str, dict[str, base.Migration]] = {}
        self.migrations_until: datetime.datetime | None = None
        #: When Nova was asked about single moves that take long.
        self.looked: dict[str, datetime.datetime] = {}
        #: Instances of others that changed lately: host, whether they left it, and their size.
        self.others: dict[str, tuple[str | None, bool, float, float, float]] = {}
        #: What moves of other sessions are about to take of hosts outside: vCPUs, MiB, GiB.
        self.reserved: dict[str, tuple[float, float, float]] = {}
        #: Computes that the cloud listed when nothing was missing; None: look again.
        self.present: frozenset[str] | None = None
        self._by_host: dict[str | None, set[str]] = {}
        self._under_way: set[str] = set()
        self._computes: list[records.Host] = []
        self._known_hosts = 0
        #: What the planner found not to be possible, until something changes.
        self.tried: dict[str, Any] = {}
        for instance in detail.instances:
            self.add(instance)

    def add(self, instance: records.Instance) -> None:
        """Take an instance in."""
        self.instances[instance.instance_id] = instance
        self._index(instance)

    def place(self, instance: records.Instance, host: str | None) -> None:
        """An instance is on another host now."""
        self._by_host.get(instance.host, set()).discard(instance.instance_id)
        instance.host = host
        self._index(instance)

    def set_phase(self, instance: records.Instance, phase: str | None) -> None:
        """The phase of an instance's move changes."""
        instance.move_phase = phase
        self._index(instance)

    def forget(self, instance: records.Instance) -> None:
        """An instance does not exist any more."""
        self._by_host.get(instance.host, set()).discard(instance.instance_id)
        self._under_way.discard(instance.instance_id)
        instance.gone, instance.move_phase = True, None

    def _index(self, instance: records.Instance) -> None:
        if instance.gone:
            return
        self._by_host.setdefault(instance.host, set()).add(instance.instance_id)
        if instance.move_phase in UNDER_WAY:
            self._under_way.add(instance.instance_id)
        else:
            self._under_way.discard(instance.instance_id)

    def on(self, hostname: str) -> list[records.Instance]:
        """Instances on a host, in a steady order."""
        return [self.instances[i] for i in sorted(self._by_host.get(hostname, ()))]

    def under_way(self) -> list[records.Instance]:
        """Instances with a move that is planned or running."""
        return [self.instances[i] for i in sorted(self._under_way)]

    def session_hosts(self) -> list[records.Host]:
        """Hosts that the session maintains; further ones may come into view meanwhile."""
        return [h for h in self.hosts.values() if not h.outside]

    def computes(self) -> list[records.Host]:
        """Computes that the session maintains. A host's roles do not change."""
        if self._known_hosts != len(self.hosts):
            self._known_hosts = len(self.hosts)
            self._computes = [h for h in self.session_hosts() if h.is_compute]
        return list(self._computes)

    def alive(self) -> list[records.Instance]:
        """Instances that exist, on whatever host."""
        return [i for i in self.instances.values() if not i.gone]
