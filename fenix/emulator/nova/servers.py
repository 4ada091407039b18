"""Servers: lists with filters and pages, show, create, delete."""

import re
from collections.abc import Callable, Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any

from fenix.emulator.entities import Flavor
from fenix.emulator.errors import BadRequest, Conflict, Forbidden, NotFound
from fenix.emulator.nova import times, view
from fenix.emulator.server import STATUSES, Server
from fenix.emulator.web import Request, Response, Routes

if TYPE_CHECKING:
    from fenix.emulator.cloud import Cloud

MOST = 1000
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
    before = None
    marker = request.get("marker")
    if marker is not None:
        at = cloud.servers.get(marker, deleted=True)
        if at is None:
            raise BadRequest(f"marker [{marker}] not found")
        before = at.number
    limit = request.whole("limit", MOST, MOST)
    wanted = Wanted(cloud, request)
    found = list(islice(filter(wanted, wanted.candidates(before)), limit))
    body: dict[str, Any] = {"servers": [show(s) for s in found]}
    if len(found) == limit > 0:
        href = request.link({"marker": found[-1].id})
        body["servers_links"] = [{"rel": "next", "href": href}]
    return Response(200, body)


class Wanted:
    """What a list of servers was asked for, and who may ask it; call it with a server.

    Raises BadRequest and Forbidden as Nova does.
    """

    def __init__(self, cloud: "Cloud", request: Request) -> None:
        self._cloud = cloud
        self._admin = admin = request.caller.is_admin
        query = dict(request.query)
        self.project: str | None = query.get("project_id") or query.get("tenant_id")
        everyone = request.flag("all_tenants") or (
            "tenant_id" in query and "all_tenants" not in query
        )
        if request.flag("all_tenants") and not admin:
            kind = "detail" if request.template.endswith("detail") else "index"
            raise Forbidden(
                f"Policy doesn't allow os_compute_api:servers:{kind}:get_all_tenants "
                "to be performed."
            )
        if not (everyone and admin):
            self.project = request.project_id
        since = query.get("changes-since")
        self.since = None if since is None else times.parse(cloud.clock, since)
        self.host = query.get("host") if admin else None
        self.statuses = {v.upper() for k, v in request.query if k == "status"}
        if not self.statuses <= STATUSES:
            raise BadRequest("Invalid status value")
        self.deleted: bool | None = None
        if "DELETED" in self.statuses:
            if not admin:
                raise Forbidden("Only administrators may list deleted instances")
            self.deleted = True
        elif "deleted" in query and admin:
            self.deleted = request.flag("deleted")
        elif since is None:
            self.deleted = False
        self._equal = {
            key: query[key]
            for key in ("uuid", "flavor", "user_id", "vm_state", "task_state", "node")
            if key in query and (admin or key not in ("vm_state", "task_state", "node"))
        }
        self._name = query.get("name")

    def candidates(self, before: int | None) -> Iterable[Server]:
        """Servers that may be wanted, newest first, only those older than number ``before``."""
        servers = self._cloud.servers
        found: list[Server]
        if self.since is not None:
            found = servers.changed_since(self.since)
        elif self.deleted:
            found = [s for s in servers.everything() if s.deleted]
        elif self.host is not None:
            found = servers.on(self.host)
        elif self.project is not None:
            found = servers.of(self.project)
        else:
            return servers.newest_first(before)
        found.sort(key=lambda s: s.number, reverse=True)
        return found if before is None else [s for s in found if s.number < before]

    def __call__(self, server: Server) -> bool:
        """Whether this one is wanted."""
        if self.project is not None and server.project_id != self.project:
            return False
        if self.host is not None and (server.host is None or server.host.name != self.host):
            return False
        if self.deleted is not None and server.deleted != self.deleted:
            return False
        if self.statuses and server.status not in self.statuses:
            return False
        if self._name is not None and re.search(self._name, server.name) is None:
            return False
        return not self._equal or self._equals(server)

    def _equals(self, server: Server) -> bool:
        have = {
            "uuid": server.id,
            "flavor": server.flavor.id,
            "user_id": server.user_id,
            "vm_state": server.vm_state,
            "task_state": server.task_state,
            "node": server.host.name if server.host is not None else None,
        }
        return all(have[key] == value for key, value in self._equal.items())


@routes.get("/servers/{server_id}")
def show(cloud: "Cloud", request: Request, server_id: str) -> Response:
    """One server."""
    server = find(cloud, request, server_id)
    return Response(200, {"server": view.alone(cloud, server, request)})


@routes.post("/servers")
def create(cloud: "Cloud", request: Request) -> Response:
    """Boot a server: 202, BUILD, and ACTIVE later."""
    body = request.json()
    asked = request.object("server")
    hints = body.get("os:scheduler_hints") or body.get("OS-SCH-HNT:scheduler_hints") or {}
    name = asked.get("name")
    if not name:
        raise BadRequest(
            f"Invalid input for field/attribute server. Value: {asked}. 'name' is a required "
            "property"
        )
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
    return Response(200, {"server": view.alone(cloud, server, request)})


@routes.get("/servers/{server_id}/metadata")
def metadata(cloud: "Cloud", request: Request, server_id: str) -> Response:
    """A server's metadata."""
    return Response(200, {"metadata": find(cloud, request, server_id).metadata})


@routes.post("/servers/{server_id}/metadata")
def set_metadata(cloud: "Cloud", request: Request, server_id: str) -> Response:
    """Add to a server's metadata."""
    server = find(cloud, request, server_id)
    cloud.change(server, metadata={**server.metadata, **request.object("metadata")})
    return Response(200, {"metadata": server.metadata})
