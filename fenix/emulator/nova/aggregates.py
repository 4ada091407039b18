"""Host aggregates and availability zones."""

from typing import TYPE_CHECKING, Any

from fenix.emulator.entities import Aggregate
from fenix.emulator.errors import NotFound
from fenix.emulator.nova.times import micro
from fenix.emulator.web import Request, Response, Routes

if TYPE_CHECKING:
    from fenix.emulator.cloud import Cloud

routes = Routes()


def _view(cloud: "Cloud", aggregate: Aggregate, request: Request) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": aggregate.id,
        "name": aggregate.name,
        "hosts": list(aggregate.hosts),
        "metadata": aggregate.metadata,
        "availability_zone": aggregate.metadata.get("availability_zone"),
        "created_at": micro(cloud.clock, aggregate.created),
        "updated_at": None,
        "deleted": False,
        "deleted_at": None,
    }
    if request.version >= (2, 41):
        body["uuid"] = aggregate.uuid
    return body


@routes.get("/os-aggregates")
def index(cloud: "Cloud", request: Request) -> Response:
    """All aggregates."""
    request.need_admin("os_compute_api:os-aggregates:index")
    found = [_view(cloud, a, request) for a in cloud.aggregates.values()]
    return Response(200, {"aggregates": found})


@routes.get("/os-aggregates/{aggregate_id}")
def show(cloud: "Cloud", request: Request, aggregate_id: str) -> Response:
    """One aggregate."""
    request.need_admin("os_compute_api:os-aggregates:show")
    for aggregate in cloud.aggregates.values():
        if str(aggregate.id) == aggregate_id:
            return Response(200, {"aggregate": _view(cloud, aggregate, request)})
    raise NotFound(f"Aggregate {aggregate_id} could not be found.")


@routes.get("/os-availability-zone")
def zones(cloud: "Cloud", request: Request) -> Response:
    """Names of the zones with computes."""
    names = sorted({h.availability_zone for h in cloud.hosts.values() if h.is_compute})
    return Response(200, {"availabilityZoneInfo": [_zone(name, None) for name in names]})


@routes.get("/os-availability-zone/detail")
def zones_with_hosts(cloud: "Cloud", request: Request) -> Response:
    """Zones with their hosts and services; controllers are in ``internal``."""
    request.need_admin("os_compute_api:os-availability-zone:detail")
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for service in cloud.services.values():
        hosts = found.setdefault(service.zone, {})
        hosts.setdefault(service.host.name, {})[service.binary] = {
            "available": cloud.scheduler.service_up(service),
            "active": service.status == "enabled",
            "updated_at": micro(cloud.clock, cloud.scheduler.last_report(service)),
        }
    shown = [_zone(name, hosts) for name, hosts in sorted(found.items())]
    return Response(200, {"availabilityZoneInfo": shown})


def _zone(name: str, hosts: dict[str, Any] | None) -> dict[str, Any]:
    return {"zoneName": name, "zoneState": {"available": True}, "hosts": hosts}
