"""A cloud that the sessions of one engine look at together."""

from __future__ import annotations

import datetime
import operator
import weakref

from fenix import timing
from fenix.cloud import base
from fenix.cloud.recent import RecentChanges, RecentHosts, RecentServers
from fenix.together import Shared, Together


class SharedCloud:
    """A :class:`~fenix.cloud.base.Cloud` whose listings of everything are made together.

    What is asked of single hosts and instances, and what changes something, goes through.
    """

    def __init__(self, cloud: base.Cloud, clock: timing.Clock | None = None) -> None:
        clock = clock or timing.SystemClock()
        self._cloud = cloud
        self._recent_hosts = RecentHosts(clock)
        self._hosts = Shared(lambda: self._recent_hosts.listed(cloud.hosts))
        recent = RecentServers(cloud, clock)
        self._servers = Together[bool, list[base.Server]](
            lambda anew: self._known(recent.listed() if anew else recent()), operator.or_
        )
        self._groups = Shared(cloud.groups)
        self._places = Shared(cloud.places)
        changes = RecentChanges(
            lambda moment: self._known(cloud.changed_since(moment)),
            operator.attrgetter("server_id"),
            clock,
        )
        self._changed = Together[datetime.datetime, list[base.Server]](changes, min)
        moves = RecentChanges(cloud.migrations_since, operator.attrgetter("migration_id"), clock)
        self._moved = Together[datetime.datetime, list[base.Migration]](moves, min)
        #: Instances that somebody keeps: sessions that keep the same one share it.
        self._kept: weakref.WeakValueDictionary[str, base.Server] = weakref.WeakValueDictionary()
        self.admin_project = cloud.admin_project
        self.capacity, self.traits = cloud.capacity, cloud.traits
        self.departures = cloud.departures
        self.live_migrate, self.cold_migrate = cloud.live_migrate, cloud.cold_migrate
        self.confirm, self.abort = cloud.confirm, cloud.abort

    def _known(self, servers: list[base.Server]) -> list[base.Server]:
        """Those of ``servers`` that are as they were when they were kept become the same objects.

        Each session keeps every instance of the cloud in view, tens of thousands in a large one.
        """
        kept = self._kept
        shared = [
            known if (known := kept.get(server.server_id)) == server else server
            for server in servers
        ]
        kept.update((server.server_id, server) for server in shared)
        return shared

    def hosts(self, host: str | None = None, *, recent: bool = False) -> list[base.CloudHost]:
        """See :class:`~fenix.cloud.base.Cloud`; one is asked for alone."""
        if host is not None:
            return self._cloud.hosts(host)
        return list(self._recent_hosts(self._hosts) if recent else self._hosts())

    def servers(self, host: str | None = None, *, recent: bool = False) -> list[base.Server]:
        """See :class:`~fenix.cloud.base.Cloud`; those of one host are asked for alone."""
        return list(self._servers(not recent)) if host is None else self._cloud.servers(host)

    def disable(self, host: base.CloudHost, reason: str) -> None:
        """See :class:`~fenix.cloud.base.Cloud`."""
        self._cloud.disable(host, reason)
        self._recent_hosts.changed(host, enabled=False, disabled_reason=reason)

    def enable(self, host: base.CloudHost) -> None:
        """See :class:`~fenix.cloud.base.Cloud`."""
        self._cloud.enable(host)
        self._recent_hosts.changed(host, enabled=True, disabled_reason=None)

    def groups(self) -> list[base.Group]:
        """See :class:`~fenix.cloud.base.Cloud`."""
        return list(self._groups())

    def places(self) -> dict[str, base.Place]:
        """See :class:`~fenix.cloud.base.Cloud`."""
        return dict(self._places())

    def changed_since(self, moment: datetime.datetime) -> list[base.Server]:
        """What changed since ``moment``, and perhaps what changed a little before."""
        return list(self._changed(moment))

    def migrations_since(self, moment: datetime.datetime) -> list[base.Migration]:
        """Records of migrations since ``moment``, and perhaps some from a little before."""
        return list(self._moved(moment))
