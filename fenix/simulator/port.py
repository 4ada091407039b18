"""The simulated cloud as the port that workflows know, with calls that go wrong."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable

from fenix import exceptions
from fenix.cloud import base
from fenix.simulator import faults
from fenix.simulator.clock import seconds_of
from fenix.simulator.cloud import Cloud, Server
from fenix.simulator.moves import Moves


class Port:
    """A :class:`fenix.cloud.base.Cloud`."""

    def __init__(self, cloud: Cloud, moves: Moves, mishaps: faults.Faults) -> None:
        self._cloud = cloud
        self._moves = moves
        self._faults = mishaps

    def hosts(self, host: str | None = None, *, recent: bool = False) -> list[base.CloudHost]:
        """See :class:`fenix.cloud.base.Cloud`."""
        del recent
        hosts = self._cloud.hosts
        chosen = hosts if host is None else {host: hosts[host]} if host in hosts else {}
        return [
            base.CloudHost(
                hostname=name,
                roles=there.spec.roles,
                enabled=there.enabled,
                up=there.up,
                service_id=name,
                disabled_reason=there.disabled_reason,
            )
            for name, there in chosen.items()
        ]

    def capacity(self, hostnames: Iterable[str]) -> dict[str, base.Capacity]:
        """See :class:`fenix.cloud.base.Cloud`."""
        specs = {n: self._cloud.hosts[n].spec for n in hostnames if n in self._cloud.hosts}
        return {n: base.Capacity(s.vcpus, s.memory_mb, s.disk_gb) for n, s in specs.items()}

    def places(self) -> dict[str, base.Place]:
        """See :class:`fenix.cloud.base.Cloud`; there is one zone, and no aggregate."""
        return {}

    def traits(self, hostnames: Iterable[str]) -> dict[str, frozenset[str]]:
        """See :class:`fenix.cloud.base.Cloud`; no host has any."""
        return {}

    def servers(self, host: str | None = None, *, recent: bool = False) -> list[base.Server]:
        """See :class:`fenix.cloud.base.Cloud`."""
        del recent
        there = self._cloud.servers.values() if host is None else self._cloud.on(host)
        return [self._cloud.as_server(s) for s in there]

    def changed_since(self, moment: datetime.datetime) -> list[base.Server]:
        """See :class:`fenix.cloud.base.Cloud`."""
        found = self._cloud.changed_since(seconds_of(moment))
        return [self._cloud.as_server(s) for s in found]

    def migrations_since(self, moment: datetime.datetime) -> list[base.Migration]:
        """See :class:`fenix.cloud.base.Cloud`."""
        return self._moves.records_since(seconds_of(moment))

    def departures(self, host: str) -> list[base.Migration]:
        """See :class:`fenix.cloud.base.Cloud`."""
        return [r for r in self._moves.records_since(0.0) if r.source == host][::-1]

    def groups(self) -> list[base.Group]:
        """See :class:`fenix.cloud.base.Cloud`."""
        return [
            base.Group(
                group_id=group.group_id,
                name=group.group_id,
                anti_affinity=group.anti_affinity,
                affinity=False,
                hard=True,
                members=frozenset(self._cloud.members[group.group_id]),
            )
            for group in self._cloud.groups.values()
            if group.anti_affinity
        ]

    def disable(self, host: base.CloudHost, reason: str) -> None:
        """See :class:`fenix.cloud.base.Cloud`."""
        found = self._cloud.hosts[host.hostname]
        found.enabled, found.disabled_reason = False, reason

    def enable(self, host: base.CloudHost) -> None:
        """See :class:`fenix.cloud.base.Cloud`."""
        found = self._cloud.hosts[host.hostname]
        found.enabled, found.disabled_reason = True, None

    def live_migrate(self, server_id: str, target: str) -> None:
        """See :class:`fenix.cloud.base.Cloud`."""
        self._call(server_id, lambda server: self._moves.live(server, target))

    def cold_migrate(self, server_id: str, target: str) -> None:
        """See :class:`fenix.cloud.base.Cloud`."""
        self._call(server_id, lambda server: self._moves.cold(server, target))

    def confirm(self, server_id: str) -> None:
        """See :class:`fenix.cloud.base.Cloud`."""
        self._call(server_id, self._moves.confirm)

    def abort(self, server_id: str) -> bool:
        """See :class:`fenix.cloud.base.Cloud`."""
        return self._moves.abort(self._known(server_id))

    def admin_project(self) -> str:
        """See :class:`fenix.cloud.base.Cloud`."""
        return "admin"

    def _known(self, server_id: str) -> Server:
        server = self._cloud.servers.get(server_id)
        if server is None:
            raise exceptions.CloudNotFound(f"there is no server {server_id}")
        return server

    def _call(self, server_id: str, work: Callable[[Server], None]) -> None:
        server = self._known(server_id)
        fate = self._faults.call(self._cloud.rng)
        if fate == faults.LOST:
            raise exceptions.CloudError("Nova did not answer in time")
        if fate == faults.BUSY:
            raise exceptions.CloudBusy(f"{server_id} is busy")
        work(server)
        if fate == faults.TAKEN:
            raise exceptions.CloudError("Nova did not answer in time")
