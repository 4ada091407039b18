"""What others do to the cloud during a session: boots, deletions, hosts that go down."""

from __future__ import annotations

from collections.abc import Callable

from fenix.cloud import base
from fenix.simulator.cloud import Cloud, Server
from fenix.simulator.faults import Faults
from fenix.simulator.moves import is_at_rest

_HOUR = 3600.0


class Neighbours:
    """Events at random times, at the rates of the faults."""

    def __init__(self, cloud: Cloud, mishaps: Faults) -> None:
        self._cloud = cloud
        self._faults = mishaps
        self._models = list(cloud.servers.values())

    def begin(self) -> None:
        """Enter the first of each kind."""
        self._repeat(self._faults.boots_per_hour, self._boot)
        self._repeat(self._faults.deletes_per_hour, self._delete)
        self._repeat(self._faults.downs_per_hour, self._down)

    def _repeat(self, rate: float, work: Callable[[], None]) -> None:
        if rate <= 0:
            return
        seconds = self._cloud.rng.expovariate(rate / _HOUR)

        def run() -> None:
            work()
            self._repeat(rate, work)

        self._cloud.agenda.after(seconds, run)

    def _one(self) -> Server | None:
        rest = sorted(s.server_id for s in self._cloud.servers.values() if is_at_rest(s))
        return self._cloud.servers[self._cloud.rng.choice(rest)] if rest else None

    def _boot(self) -> None:
        if self._models:
            self._cloud.boot(self._cloud.rng.choice(self._models))

    def _delete(self) -> None:
        server = self._one()
        if server is not None:
            self._cloud.delete(server)

    def _down(self) -> None:
        names = [n for n, h in self._cloud.hosts.items() if base.COMPUTE in h.spec.roles and h.up]
        if not names:
            return
        host = self._cloud.hosts[self._cloud.rng.choice(names)]
        host.up = False
        self._cloud.version += 1

        def back() -> None:
            host.up = True
            self._cloud.version += 1

        self._cloud.agenda.after(self._faults.down_seconds, back)
