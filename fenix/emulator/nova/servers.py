"""Servers: lists with filters and pages, show, create, delete."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from fenix.emulator.entities import Flavor
from fenix.emulator.errors import BadRequest, Conflict, Forbidden, NotFound
from fenix.emulator.nova import times, view
from fenix.emulator.server import Server
from fenix.emulator.web import Request, Response, Routes

if TYPE_CHECKING:
    from fenix.emulator.cloud import Cloud

MOST = 1000
TRUE = ("1", "t", "true", "on", "y", "yes")
routes = Routes()


def find(cloud: "Cloud", request: Request, server_id: str) -> Server:
    """The server if the caller may see it; raises NotFound as Nova does."""
    server = cloud.servers.get(server_id)
    if server is None or not (request.caller.is_admin or server.project_id == request.project_id):
        raise NotFound(f"Instance {server_id} could not be found.")
    return server


@routes.get("/servers")
def index(cloud: "Cloud", request: Request) -> Response:
    """Ids and names."""
    return _page(cloud, request, lambda s: view.brief(s, request))


@routes.get("/servers/detail")
def details(cloud: "Cloud", request: Request) -> Response:
    """All about them."""
    return _page(cloud, request, lambda s: view.detail(cloud, s, request))


def _page(cloud: "Cloud", request: Request, show: Callable[[Server], dict[str, Any]]) -> Response:
    found = sorted(_selected(cloud, request), key=lambda s: s.number, reverse=True)
    marker = request.get("marker")
    if marker is not None:
        at = cloud.servers.get(marker, deleted=True)
        if at is None:
            raise BadRequest(f"marker [{marker}] not found")
        found = [s for s in found if s.number < at.number]
    limit = request.whole("limit", MOST, MOST)
    body: dict[str, Any] = {"servers": [show(s) for s in found[:limit]]}
    if len(found) >= limit > 0 and found:
        href = request.link({"marker": found[limit - 1].id})
        body["servers_links"] = [{"rel": "next", "href": href}]
    return Response(200, body)


def _selected(cloud: "Cloud", request: Request) -> Iterable[Server]:
    admin = request.caller.is_admin
    project = request.get("project_id") or request.get("tenant_id")
    everyone = request.flag("all_tenants") or (
        request.get("tenant_id") is not None and request.get("all_tenants") is None
    )
    if everyone and not admin:
        if request.flag("all_tenants"):
            raise Forbidden(
                "Policy doesn't allow os_compute_api:servers:detail:get_all_tenants "
                "to be performed."
            )
        everyone = False
    if not everyone:
        project = request.project_id
    return [s for s in _candidates(cloud, request, project, admin) if _wanted(request, s, admin)]


def _candidates(
    cloud: "Cloud", request: Request, project: str | None, admin: bool
) -> Iterable[Server]:
    since, host = request.get("changes-since"), request.get("host") if admin else None
    deleted = (request.get("deleted") or "").lower() in TRUE and admin
    found: Iterable[Server]
    if since is not None:
        found = cloud.servers.changed_since(times.parse(cloud.clock, since))
    elif deleted or (request.get("status") or "").upper() == "DELETED":
        if not admin:
            raise Forbidden("Only administrators may list deleted instances")
        found = [s for s in cloud.servers.everything() if s.deleted]
    elif host is not None:
        found = cloud.servers.on(host)
    elif project is not None:
        found = cloud.servers.of(project)
    else:
        found = cloud.servers
    if host is not None:
        found = [s for s in found if s.host is not None and s.host.name == host]
    if project is not None:
        found = [s for s in found if s.project_id == project]
    if since is not None and request.get("deleted") is not None and admin:
        found = [s for s in found if s.deleted == deleted]
    return found


def _wanted(request: Request, server: Server, admin: bool) -> bool:
    for key, value in request.query:
        if key == "status":
            if server.status != value.upper() and value.upper() != "DELETED":
                return False
        elif key == "name":
            if value not in server.name:
                return False
        elif key in ("uuid", "id"):
            if server.id != value:
                return False
        elif key in ("vm_state", "task_state", "node", "hypervisor_hostname") and admin:
            host = server.host.name if server.host is not None else None
            have = {"vm_state": server.vm_state, "task_state": server.task_state}
            if have.get(key, host) != value:
                return False
        elif key == "flavor" and server.flavor.id != value:
            return False
    return True


@routes.get("/servers/{server_id}")
def show(cloud: "Cloud", request: Request, server_id: str) -> Response:
    """One server."""
    server = find(cloud, request, server_id)
    return Response(200, {"server": view.detail(cloud, server, request)})


@routes.post("/servers")
def create(cloud: "Cloud", request: Request) -> Response:
    """Boot a server: 202, BUILD, and ACTIVE later."""
    body = request.json()
    asked = request.object("server")
    hints = body.get("os:scheduler_hints") or body.get("OS-SCH-HNT:scheduler_hints") or {}
    name = asked.get("name")
    if not name:
        raise BadRequest("Invalid input for field/attribute server. 'name' is required.")
    flavor = find_flavor(cloud, str(asked.get("flavorRef", "")))
    group = None
    if hints.get("group"):
        group = cloud.groups.get(hints["group"])
        if group is None or group.project_id != request.project_id:
            raise BadRequest(f"Instance group {hints['group']} could not be found.")
    host = asked.get("host")
    if host is not None:
        request.need_admin("compute:servers:create:requested_destination")
        if host not in cloud.hosts or not cloud.hosts[host].is_compute:
            raise BadRequest(f"Compute host {host} could not be found.")
    project = request.caller.project
    if project is None:
        raise Forbidden("a project is needed")
    server = cloud.life.new(
        project, name, flavor, request.caller.user, group, asked.get("metadata")
    )
    server.requested_zone = asked.get("availability_zone")
    server.image_id = asked.get("imageRef") or None
    server.key_name = asked.get("key_name")
    server.tags = list(asked.get("tags") or [])
    server.extra["description"] = asked.get("description")
    cloud.life.create(server, host, request.id)
    answer = {
        "id": server.id,
        "links": view.brief(server, request)["links"],
        "OS-DCF:diskConfig": "MANUAL",
        "security_groups": [{"name": "default"}],
        "adminPass": "emulated",
    }
    return Response(
        202, {"server": answer}, {"Location": f"{request.service_url}/v2.1/servers/{server.id}"}
    )


def find_flavor(cloud: "Cloud", reference: str) -> Flavor:
    """A flavor by id or link; raises BadRequest."""
    flavor = cloud.flavors.get(reference.rsplit("/", 1)[-1])
    if flavor is None:
        raise BadRequest(f"Flavor {reference} could not be found.")
    return flavor


@routes.delete("/servers/{server_id}")
def delete(cloud: "Cloud", request: Request, server_id: str) -> Response:
    """Delete a server: 204, gone a little later."""
    server = find(cloud, request, server_id)
    if server.locked and not request.caller.is_admin:
        raise Conflict(f"Instance {server.id} is locked")
    if server.task_state != "deleting":
        cloud.life.delete(server, request.id)
    return Response(204)


@routes.put("/servers/{server_id}")
def update(cloud: "Cloud", request: Request, server_id: str) -> Response:
    """Rename or describe a server."""
    server = find(cloud, request, server_id)
    asked = request.object("server")
    cloud.change(server, name=asked.get("name", server.name))
    if "description" in asked:
        server.extra["description"] = asked["description"]
    return Response(200, {"server": view.detail(cloud, server, request)})


@routes.get("/servers/{server_id}/metadata")
def metadata(cloud: "Cloud", request: Request, server_id: str) -> Response:
    """A server's metadata."""
    return Response(200, {"metadata": find(cloud, request, server_id).metadata})


@routes.post("/servers/{server_id}/metadata")
def set_metadata(cloud: "Cloud", request: Request, server_id: str) -> Response:
    """Add to a server's metadata."""
    server = find(cloud, request, server_id)
    server.metadata.update(request.object("metadata"))
    cloud.change(server)
    return Response(200, {"metadata": server.metadata})
