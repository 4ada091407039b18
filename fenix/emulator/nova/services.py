"""Compute services: list, enable, disable, force down."""

from typing import TYPE_CHECKING, Any

from fenix.emulator.errors import BadRequest, Conflict, NotFound
from fenix.emulator.host import Service
from fenix.emulator.nova.times import micro
from fenix.emulator.web import Request, Response, Routes

if TYPE_CHECKING:
    from fenix.emulator.cloud import Cloud

routes = Routes()


def _view(cloud: "Cloud", service: Service, request: Request) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": service.uuid if request.version >= (2, 53) else service.id,
        "binary": service.binary,
        "host": service.host.name,
        "zone": service.zone,
        "status": service.status,
        "state": "up" if cloud.scheduler.service_up(service) else "down",
        "updated_at": micro(cloud.clock, cloud.scheduler.last_report(service)),
        "disabled_reason": service.disabled_reason,
    }
    if request.version >= (2, 11):
        body["forced_down"] = service.forced_down
    return body


@routes.get("/os-services")
def index(cloud: "Cloud", request: Request) -> Response:
    """All services, by ``host`` and ``binary`` if asked."""
    request.need_admin("os_compute_api:os-services:list")
    host, binary = request.get("host"), request.get("binary")
    if host is not None:
        of = cloud.hosts[host].services if host in cloud.hosts else []
    else:
        of = list(cloud.services.values())
    found = [_view(cloud, s, request) for s in of if binary in (None, s.binary)]
    return Response(200, {"services": found})


@routes.put("/os-services/{service_id}")
def update(cloud: "Cloud", request: Request, service_id: str) -> Response:
    """Change one, by uuid from 2.53; by a verb in the path and host and binary below."""
    request.need_admin("os_compute_api:os-services:update")
    body = request.json()
    if request.version < (2, 53):
        return _by_verb(cloud, request, service_id, body)
    service = cloud.services.get(service_id)
    if service is None:
        raise NotFound(f"Service {service_id} could not be found.")
    if not body:
        raise BadRequest("Required fields are missing: status, disabled_reason or forced_down.")
    if body.get("disabled_reason") and body.get("status") != "disabled":
        raise BadRequest("Specifying disabled_reason requires that status is disabled.")
    if body.get("status") not in (None, "enabled", "disabled"):
        raise BadRequest(f"Invalid input for field/attribute status. Value: {body['status']}.")
    if service.binary != "nova-compute":
        raise BadRequest(
            f"Updating a {service.binary} service is not supported. "
            "Only nova-compute services can be updated."
        )
    _apply(cloud, service, body)
    return Response(200, {"service": _view(cloud, service, request)})


def _apply(cloud: "Cloud", service: Service, body: dict[str, Any]) -> None:
    if "status" in body:
        service.status = body["status"]
        service.disabled_reason = body.get("disabled_reason")
    if "forced_down" in body:
        service.forced_down = bool(body["forced_down"])
    service.updated = cloud.now


def _by_verb(cloud: "Cloud", request: Request, verb: str, body: dict[str, Any]) -> Response:
    host, binary = body.get("host"), body.get("binary")
    of = cloud.hosts[host].services if host in cloud.hosts else []
    service = next((s for s in of if s.binary == binary), None)
    if verb not in ("enable", "disable", "disable-log-reason", "force-down"):
        raise NotFound("Unknown action")
    if service is None:
        raise NotFound(f"Host {host!r} is not mapped to any cell")
    shown: dict[str, Any] = {"host": host, "binary": binary}
    if verb == "force-down":
        _apply(cloud, service, {"forced_down": body.get("forced_down", False)})
        shown["forced_down"] = service.forced_down
    elif verb == "enable":
        _apply(cloud, service, {"status": "enabled"})
        shown["status"] = "enabled"
    else:
        reason = body.get("disabled_reason") if verb == "disable-log-reason" else None
        _apply(cloud, service, {"status": "disabled", "disabled_reason": reason})
        shown["status"] = "disabled"
        if reason:
            shown["disabled_reason"] = reason
    return Response(200, {"service": shown})


@routes.delete("/os-services/{service_id}")
def delete(cloud: "Cloud", request: Request, service_id: str) -> Response:
    """Forget a service; 409 while servers are on its host."""
    request.need_admin("os_compute_api:os-services:delete")
    service = cloud.services.get(service_id)
    if service is None:
        raise NotFound(f"Service {service_id} could not be found.")
    if service.binary == "nova-compute" and cloud.servers.count_on(service.host):
        raise Conflict(
            "Unable to delete compute service that is hosting instances. "
            "Migrate or delete the instances first."
        )
    service.deleted = True
    del cloud.services[service_id]
    service.host.services.remove(service)
    return Response(204)
