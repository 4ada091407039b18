"""Blazar's API, as far as reading goes: reservable hosts, leases, what is allocated to them."""

import datetime
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fenix.emulator.errors import BadRequest, Refused
from fenix.emulator.web import Api, Request, Response, Routes

if TYPE_CHECKING:
    from fenix.emulator.cloud import Cloud

HOST, INSTANCES = "physical:host", "virtual:instance"
routes = Routes()


@dataclass(slots=True, eq=False)
class Lease:
    """A lease with one reservation, which takes room of ``hosts``; naive UTC times."""

    name: str
    project_id: str
    hosts: list[str]
    start: datetime.datetime
    end: datetime.datetime
    resource_type: str = HOST
    status: str = "PENDING"
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    reservation_id: str = field(default_factory=lambda: str(uuid.uuid4()))


class ReservationApi(Api):
    """Blazar under ``/reservation``."""

    prefix = "/reservation"
    routes = routes

    def prepare(self, request: Request) -> None:
        """Refuse whoever names no type that he accepts; any is taken for JSON."""
        if not request.header("accept"):
            raise BadRequest("Content type '' isn't supported")

    def needs_token(self, request: Request) -> bool:
        """Everything here needs one."""
        return True

    def refuse(self, request: Request, error: Refused) -> Response:
        """Blazar's error shape."""
        body = {"error_code": error.code, "error_message": error.message, "error_name": error.code}
        return Response(error.code, body)

    def finish(self, request: Request, response: Response) -> None:
        """Tell the version."""
        response.headers["OpenStack-API-Version"] = "reservation 1.0"


def _time(moment: datetime.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")


def _ids(cloud: "Cloud") -> dict[str, str]:
    """Blazar's own numbers, by name of a compute."""
    computes = [h.name for h in cloud.hosts.values() if h.is_compute]
    return {name: str(number) for number, name in enumerate(computes, 1)}


@routes.get("/v1/os-hosts")
def hosts(cloud: "Cloud", request: Request) -> Response:
    """Every compute is reservable."""
    request.need_admin("blazar:oshosts:get")
    found = [
        {
            "id": number,
            "vcpus": cloud.host(name).total.vcpus,
            "cpu_info": "",
            "hypervisor_type": "QEMU",
            "hypervisor_version": 8002002,
            "hypervisor_hostname": f"{name}.cloud.example",
            "service_name": name,
            "memory_mb": cloud.host(name).total.memory_mb,
            "local_gb": cloud.host(name).total.disk_gb,
            "status": None,
            "availability_zone": "",
            "trust_id": "",
            "reservable": True,
            "created_at": "2026-11-29 22:44:12.551880",
            "updated_at": None,
        }
        for name, number in _ids(cloud).items()
    ]
    return Response(200, {"hosts": found})


@routes.get("/v1/os-hosts/allocations")
def allocations(cloud: "Cloud", request: Request) -> Response:
    """By host, the reservations that are not over."""
    request.need_admin("blazar:oshosts:get_allocations")
    now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    found = [
        {
            "resource_id": number,
            "reservations": [
                {
                    "id": lease.reservation_id,
                    "lease_id": lease.id,
                    "start_date": _time(lease.start),
                    "end_date": _time(lease.end),
                }
                for lease in cloud.leases
                # Two instances on a host are two allocations.
                for _ in range(lease.hosts.count(name))
                if lease.end > now
            ],
        }
        for name, number in _ids(cloud).items()
    ]
    return Response(200, {"allocations": found})


@routes.get("/v1/leases")
def leases(cloud: "Cloud", request: Request) -> Response:
    """Those of every project for an admin, else of the caller's."""
    project_id = None if request.caller.is_admin else request.project_id
    found = [_lease(one) for one in cloud.leases if project_id in (None, one.project_id)]
    return Response(200, {"leases": found})


def _lease(lease: Lease) -> dict[str, Any]:
    more: dict[str, Any] = {"resource_properties": ""}
    if lease.resource_type == HOST:
        more |= {"hypervisor_properties": "", "before_end": "default", "min": 1, "max": 1}
    else:
        more |= {"vcpus": 1, "memory_mb": 512, "disk_gb": 1, "amount": 2, "affinity": False}
        more |= {"flavor_id": lease.reservation_id, "aggregate_id": 10, "server_group_id": None}
    stamps = {"created_at": "2026-11-29 22:44:12.608685", "updated_at": None}
    part = {
        "id": lease.reservation_id,
        "lease_id": lease.id,
        "resource_id": lease.reservation_id,
        "resource_type": lease.resource_type,
        "status": lease.status.lower(),
        "missing_resources": False,
        "resources_changed": False,
    }
    return {
        "id": lease.id,
        "name": lease.name,
        "user_id": "5aad0f0f8c2c4c0b8f0a1d8c6a1b2c3d",
        "project_id": lease.project_id,
        "start_date": _time(lease.start),
        "end_date": _time(lease.end),
        "trust_id": "",
        "status": lease.status,
        "degraded": False,
        **stamps,
        "reservations": [{**part, **stamps, **more}],
        "events": [],
    }
