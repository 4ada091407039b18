"""Moves in the simulated cloud, from the call to their end, and how they go wrong."""

from __future__ import annotations

import bisect
import dataclasses
from collections.abc import Callable

from fenix import exceptions
from fenix.cloud import base
from fenix.simulator import faults
from fenix.simulator.clock import moment
from fenix.simulator.cloud import ACTIVE, Cloud, Server

_LIVE = "live-migration"
_COLD = "migration"


@dataclasses.dataclass(slots=True)
class Journey:
    """One try to move a server; Nova's migration record."""

    number: int
    server: Server
    kind: str
    source: str
    target: str
    was: str
    fate: str
    created: float
    status: str = "accepted"
    updated: float = 0.0

    @property
    def ended(self) -> bool:
        """Whether nothing happens any more."""
        return self.status in base.FINAL


class Moves:
    """Takes moves through their steps."""

    def __init__(self, cloud: Cloud, mishaps: faults.Faults) -> None:
        self._cloud = cloud
        self._faults = mishaps
        self._journeys: list[Journey] = []
        self._of: dict[str, Journey] = {}
        self._stamps: list[float] = []
        self._log: list[int] = []

    def records_since(self, seconds: float) -> list[base.Migration]:
        """Migration records that changed at or after a time, oldest first."""
        start = bisect.bisect_left(self._stamps, seconds)
        return [self._record(self._journeys[n]) for n in dict.fromkeys(self._log[start:])]

    @staticmethod
    def _record(journey: Journey) -> base.Migration:
        return base.Migration(
            migration_id=str(journey.number + 1),
            server_id=journey.server.server_id,
            kind=journey.kind,
            status=journey.status,
            source=journey.source,
            target=journey.target,
            created=moment(journey.created),
            updated=moment(journey.updated),
        )

    def _mark(self, journey: Journey, status: str) -> None:
        journey.status = status
        journey.updated = float(int(self._cloud.clock.seconds))
        self._stamps.append(journey.updated)
        self._log.append(journey.number)
        self._cloud.version += 1

    def _change(self, server: Server, status: str, task_state: str | None) -> None:
        server.status, server.task_state = status, task_state
        self._cloud.touch(server)

    # Calls

    def live(self, server: Server, target: str) -> None:
        """Begin a live migration. :raises CloudError: as Nova refuses."""
        self._begin(server, target, _LIVE, ("ACTIVE", "PAUSED"), ("MIGRATING", "migrating"))

    def cold(self, server: Server, target: str) -> None:
        """Begin a cold migration. :raises CloudError: as Nova refuses."""
        self._begin(server, target, _COLD, ("ACTIVE", "SHUTOFF"), ("RESIZE", "resize_migrating"))

    def _begin(
        self,
        server: Server,
        target: str,
        kind: str,
        allowed: tuple[str, ...],
        during: tuple[str, str],
    ) -> None:
        if server.task_state:
            raise exceptions.CloudBusy(f"{server.server_id} is busy: {server.task_state}")
        if server.status not in allowed:
            raise exceptions.CloudRefused(f"{server.server_id} is {server.status}")
        if target not in self._cloud.hosts or target == server.host:
            raise exceptions.CloudRefused(f"{server.server_id} cannot go to {target}")
        for watcher in self._cloud.watchers:
            watcher.requested(server, target)
        fate = self._faults.move(self._cloud.rng)
        if fate == faults.SILENT:
            for watcher in self._cloud.watchers:
                watcher.settled(server)
            return
        journey = Journey(
            len(self._journeys),
            server,
            kind,
            server.host,
            target,
            server.status,
            fate,
            float(int(self._cloud.clock.seconds)),
        )
        self._journeys.append(journey)
        self._of[server.server_id] = journey
        self._mark(journey, "accepted")
        self._change(server, *during)
        self._then(self._cloud.times.schedule(self._cloud.rng), journey, self._schedule)

    def abort(self, server: Server) -> bool:
        """Abort a live migration; False when none runs."""
        journey = self._of.get(server.server_id)
        if journey is None or journey.ended or journey.kind != _LIVE:
            return False
        if journey.fate == faults.HANGS:
            raise exceptions.CloudRefused(f"{server.server_id} cannot be aborted now")
        self._then(1.0, journey, lambda j: self._back(j, "cancelled"))
        return True

    def confirm(self, server: Server) -> None:
        """Confirm a cold migration. :raises CloudError: as Nova refuses."""
        journey = self._of.get(server.server_id)
        if journey is None or server.status != "VERIFY_RESIZE" or journey.status != "finished":
            raise exceptions.CloudRefused(f"{server.server_id} has nothing to confirm")
        self._mark(journey, "confirming")
        self._then(self._cloud.times.confirm(self._cloud.rng), journey, self._confirmed)

    # Steps

    def _then(self, seconds: float, journey: Journey, step: Callable[[Journey], None]) -> None:
        def run() -> None:
            if not journey.ended and journey.server.server_id in self._cloud.servers:
                step(journey)

        self._cloud.agenda.after(seconds, run)

    def _schedule(self, journey: Journey) -> None:
        cloud, server = self._cloud, journey.server
        if cloud.refusal(server, journey.target) is not None:
            self._back(journey, "error")
            return
        server.target = journey.target
        cloud.claim(server, journey.target)
        self._mark(journey, "running" if journey.kind == _LIVE else "migrating")
        times = cloud.times
        seconds = (times.live if journey.kind == _LIVE else times.cold)(cloud.rng)
        if journey.fate == faults.FAILS:
            self._then(seconds * cloud.rng.random(), journey, lambda j: self._back(j, "error"))
        elif journey.fate == faults.BREAKS:
            self._then(seconds * cloud.rng.random(), journey, self._break)
        elif journey.fate not in (faults.STICKS, faults.HANGS):
            self._then(seconds, journey, self._arrive)

    def _arrive(self, journey: Journey) -> None:
        cloud, server = self._cloud, journey.server
        if not (cloud.hosts[journey.target].up and cloud.hosts[journey.source].up):
            self._back(journey, "error")
            return
        cloud.place(server, journey.target)
        server.target = None
        for watcher in cloud.watchers:
            watcher.arrived(server, journey.source)
        if journey.kind == _LIVE:
            self._end(journey, "completed")
        else:
            self._mark(journey, "finished")
            self._change(server, "VERIFY_RESIZE", None)

    def _confirmed(self, journey: Journey) -> None:
        self._end(journey, "confirmed")

    def _end(self, journey: Journey, status: str) -> None:
        server = journey.server
        self._cloud.release(server, journey.source)
        self._mark(journey, status)
        self._change(server, journey.was, None)
        self._settled(server)

    def _back(self, journey: Journey, status: str) -> None:
        """The server runs on where it was."""
        self._release(journey)
        self._mark(journey, status)
        self._change(journey.server, journey.was, None)
        self._settled(journey.server)

    def _break(self, journey: Journey) -> None:
        self._release(journey)
        self._mark(journey, "error")
        journey.server.fault = "the driver raised"
        self._change(journey.server, "ERROR", None)
        self._settled(journey.server)

    def _release(self, journey: Journey) -> None:
        if journey.server.target is not None:
            self._cloud.release(journey.server, journey.target)
            journey.server.target = None

    def _settled(self, server: Server) -> None:
        for watcher in self._cloud.watchers:
            watcher.settled(server)

    def endless(self) -> frozenset[str]:
        """Servers that a fault keeps moving for ever: nobody can end that."""
        return frozenset(
            j.server.server_id
            for j in self._journeys
            if not j.ended
            and (j.fate == faults.HANGS or (j.fate == faults.STICKS and j.kind == _COLD))
        )

    # What a project does itself

    def own(self, server: Server, seconds: float) -> None:
        """A project takes a server away and makes another one elsewhere."""

        def run() -> None:
            if server.server_id in self._cloud.servers and server.task_state is None:
                source, group_id = server.host, server.group_id
                self._cloud.delete(server)
                self._cloud.boot(server, group_id, without=source)

        for watcher in self._cloud.watchers:
            watcher.requested(server, None)
        self._cloud.agenda.after(seconds, run)


def is_at_rest(server: Server) -> bool:
    """Whether nothing is being done to a server."""
    return server.task_state is None and server.status in (ACTIVE, "SHUTOFF", "PAUSED")
