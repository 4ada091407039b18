"""What a cloud must be able to do to be maintained; one conformance suite tests every port."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable
from typing import Protocol

COMPUTE = "compute"
CONTROLLER = "controller"

#: Of a server that does not exist any more.
DELETED = "DELETED"

#: As much as Nova lists in one page. Of more, listings are shared for some seconds.
LARGE = 1000

#: Migration states that do not change any more.
FINAL = frozenset({"completed", "confirmed", "reverted", "error", "failed", "cancelled", "done"})
FAILED = frozenset({"error", "failed", "cancelled", "reverted"})


@dataclasses.dataclass(frozen=True, slots=True)
class CloudHost:
    """A host as its services report it.

    ``up``: every service of it reports in time. ``reported``: when the one that has been silent
    longest reported, by the cloud's clock; None where the cloud does not tell. ``zone``: the
    availability zone of a compute.
    """

    hostname: str
    roles: frozenset[str]
    enabled: bool = True
    up: bool = True
    service_id: str | None = None
    disabled_reason: str | None = None
    reported: datetime.datetime | None = None
    zone: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Capacity:
    """What can be used of a host: inventory times allocation ratio, less the reserve.

    ``others``: amounts of every other resource class, in its own unit.
    """

    vcpus: float
    memory_mb: float
    disk_gb: float
    others: tuple[tuple[str, float], ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Needs:
    """What an instance demands of its host beside its size.

    ``required``, ``forbidden``: traits. ``zone``: the availability zone that it is bound to.
    ``labels``: keys of aggregates' metadata with the values that they may have. ``resources``:
    amounts by class; ``PCPU`` are vCPUs with a host CPU of their own.
    """

    required: frozenset[str] = frozenset()
    forbidden: frozenset[str] = frozenset()
    zone: str | None = None
    labels: tuple[tuple[str, frozenset[str]], ...] = ()
    resources: tuple[tuple[str, float], ...] = ()


NO_NEEDS = Needs()


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """The aggregates of a host. ``labels``: keys and values of their metadata.

    ``projects``: the only ones whose instances it takes; empty: all.
    """

    labels: frozenset[tuple[str, str]] = frozenset()
    projects: frozenset[str] = frozenset()


@dataclasses.dataclass(frozen=True, slots=True, weakref_slot=True)
class Server:
    """An instance. ``status`` as Nova's API has it; ``DELETED`` only from :meth:`changed_since`."""

    server_id: str
    name: str
    project_id: str
    host: str | None
    status: str
    task_state: str | None
    vcpus: float
    memory_mb: float
    disk_gb: float
    updated: datetime.datetime
    fault: str | None = None
    needs: Needs = NO_NEEDS


@dataclasses.dataclass(frozen=True, slots=True)
class Migration:
    """One try to move an instance; ``status`` as Nova's migration records have it."""

    migration_id: str
    server_id: str
    kind: str
    status: str
    source: str | None
    target: str | None
    created: datetime.datetime
    updated: datetime.datetime


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """A server group; ``hard`` when the scheduler refuses to break its policy."""

    group_id: str
    name: str
    anti_affinity: bool
    affinity: bool
    hard: bool
    members: frozenset[str]


class Cloud(Protocol):
    """The port. Every call has a time-out and raises errors of :class:`.CloudError` only."""

    def hosts(self, host: str | None = None, *, recent: bool = False) -> list[CloudHost]:
        """Every host with a compute or control service, or one.

        :param recent: in a cloud of more than :data:`LARGE` hosts a listing may be used that was
            made some seconds ago.
        """
        ...

    def capacity(self, hostnames: Iterable[str]) -> dict[str, Capacity]:
        """What can be used of each of these compute hosts; unknown ones are left out."""
        ...

    def places(self) -> dict[str, Place]:
        """The aggregates of compute hosts; one that is not named is in none."""
        ...

    def traits(self, hostnames: Iterable[str]) -> dict[str, frozenset[str]]:
        """Traits of each of these compute hosts."""
        ...

    def servers(self, host: str | None = None, *, recent: bool = False) -> list[Server]:
        """Every instance of every project, or those on one host.

        :param recent: where there are more than :data:`LARGE`, those listed up to a minute ago may
            be used, with what Nova says has changed since.
        """
        ...

    def changed_since(self, moment: datetime.datetime) -> list[Server]:
        """Instances that changed at or after ``moment`` (the cloud's clock), deleted ones too."""
        ...

    def migrations_since(self, moment: datetime.datetime) -> list[Migration]:
        """Migration records that changed at or after ``moment``, oldest first."""
        ...

    def departures(self, host: str) -> list[Migration]:
        """Migration records of moves off a host, the newest first; at least the last thousand."""
        ...

    def groups(self) -> list[Group]:
        """Every server group."""
        ...

    def disable(self, host: CloudHost, reason: str) -> None:
        """Let no new instance land on the host."""
        ...

    def enable(self, host: CloudHost) -> None:
        """Let instances land on the host again."""
        ...

    def live_migrate(self, server_id: str, target: str) -> None:
        """Begin a live migration to ``target``; the scheduler still validates it."""
        ...

    def cold_migrate(self, server_id: str, target: str) -> None:
        """Begin a cold migration to ``target``; it ends in VERIFY_RESIZE."""
        ...

    def confirm(self, server_id: str) -> None:
        """Confirm a cold migration."""
        ...

    def abort(self, server_id: str) -> bool:
        """Abort the running live migration of an instance; False when none runs."""
        ...

    def admin_project(self) -> str:
        """Id of the project that Fenix itself works in."""
        ...
