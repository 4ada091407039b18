"""Which hosts are reserved, and for whom: leases, from Blazar."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

from fenix import timing
from fenix.cloud.keystone import ServiceAuth, deployed, guarded, read


@dataclasses.dataclass(frozen=True, slots=True)
class Reservation:
    """A part of a lease that takes room of a host, from ``start`` to ``end`` (naive UTC).

    ``resource_type`` is ``physical:host`` for the whole host, ``virtual:instance`` or
    ``flavor:instance`` for instances on it; ``status`` is that of the lease.
    """

    hostname: str
    lease_id: str
    lease_name: str
    project_id: str
    resource_type: str
    status: str
    start: datetime.datetime
    end: datetime.datetime


class Blazar:
    """The reservation service, version 1 of its API, which has no pages."""

    def __init__(self, auth: ServiceAuth) -> None:
        self._http = auth.adapter_of("blazar")

    def reservations(self) -> list[Reservation]:
        """Everything that is reserved of any host, now and later.

        :returns: nothing, too, when the catalogue has no reservation service.
        :raises CloudError: when Blazar does not answer.
        """
        if not deployed(self._http):
            return []
        hosts = {str(h["id"]): str(h["service_name"]) for h in self._list("/os-hosts", "hosts")}
        leases = {str(lease["id"]): lease for lease in self._list("/leases", "leases")}
        found = {
            _reservation(hosts[host_id], leases[lease_id], part_id)
            for host_id, lease_id, part_id in self._allocations()
            # What came or went between the three listings.
            if host_id in hosts and lease_id in leases
        }
        return sorted(found, key=lambda r: (r.hostname, r.start, r.lease_id, r.resource_type))

    def _allocations(self) -> list[tuple[str, str, str]]:
        """Id of the host, of the lease, and of the reservation in it."""
        listed = self._list("/os-hosts/allocations", "allocations")
        return guarded(
            "Blazar: list allocations",
            lambda: [
                (str(one["resource_id"]), str(part["lease_id"]), str(part["id"]))
                for one in listed
                for part in one["reservations"]
            ],
        )

    def _list(self, path: str, key: str) -> list[dict[str, Any]]:
        return read(f"Blazar: list {key}", lambda: _listed(self._http.get(path).json()[key]))


def _listed(answer: Any) -> list[dict[str, Any]]:
    """:raises ValueError: it is something else than a list of objects."""
    if not isinstance(answer, list) or not all(isinstance(one, dict) for one in answer):
        raise ValueError("not a list of objects")
    return answer


def _reservation(hostname: str, lease: dict[str, Any], part_id: str) -> Reservation:
    def build() -> Reservation:
        kinds = {str(part["id"]): str(part["resource_type"]) for part in lease["reservations"]}
        return Reservation(
            hostname=hostname,
            lease_id=str(lease["id"]),
            lease_name=str(lease["name"]),
            project_id=str(lease["project_id"]),
            resource_type=kinds.get(part_id, "unknown"),
            status=str(lease["status"]),
            start=timing.parse(lease["start_date"]),
            end=timing.parse(lease["end_date"]),
        )

    return guarded(f"Blazar: lease {lease['id']}", build)
