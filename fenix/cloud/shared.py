"""A cloud that the sessions of one engine look at together."""

from __future__ import annotations

import datetime

from fenix.cloud import base
from fenix.together import Shared, Together


class SharedCloud:
    """A :class:`~fenix.cloud.base.Cloud` whose listings of everything are made together.

    What is asked of single hosts and instances, and what changes something, goes through.
    """

    def __init__(self, cloud: base.Cloud) -> None:
        self._cloud = cloud
        self._hosts = Shared(lambda: cloud.hosts())
        self._servers = Shared(lambda: cloud.servers())
        self._groups = Shared(cloud.groups)
        self._places = Shared(cloud.places)
        self._changed = Together[datetime.datetime, list[base.Server]](cloud.changed_since, min)
        self._moved = Together[datetime.datetime, list[base.Migration]](cloud.migrations_since, min)
        self.admin_project = cloud.admin_project
        self.capacity, self.traits = cloud.capacity, cloud.traits
        self.departures = cloud.departures
        self.disable, self.enable = cloud.disable, cloud.enable
        self.live_migrate, self.cold_migrate = cloud.live_migrate, cloud.cold_migrate
        self.confirm, self.abort = cloud.confirm, cloud.abort

    def hosts(self, host: str | None = None) -> list[base.CloudHost]:
        """See :class:`~fenix.cloud.base.Cloud`; one is asked for alone."""
        return list(self._hosts()) if host is None else self._cloud.hosts(host)

    def servers(self, host: str | None = None) -> list[base.Server]:
        """See :class:`~fenix.cloud.base.Cloud`; those of one host are asked for alone."""
        return list(self._servers()) if host is None else self._cloud.servers(host)

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
