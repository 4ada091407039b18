"""Server groups."""

from typing import TYPE_CHECKING, Any

from fenix.emulator.entities import ServerGroup
from fenix.emulator.errors import BadRequest, Forbidden, NotFound
from fenix.emulator.web import Request, Response, Routes

if TYPE_CHECKING:
    from fenix.emulator.cloud import Cloud

POLICIES = ("anti-affinity", "affinity", "soft-anti-affinity", "soft-affinity")
routes = Routes()


def _view(group: ServerGroup, request: Request) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": group.id,
        "name": group.name,
        "members": list(group.members),
        "project_id": group.project_id,
        "user_id": group.user_id,
    }
    if request.version >= (2, 64):
        body["policy"] = group.policy
        body["rules"] = group.rules
    else:
        body["policies"] = [group.policy]
        body["metadata"] = {}
    if request.version < (2, 13):
        del body["project_id"], body["user_id"]
    return body


@routes.get("/os-server-groups")
def index(cloud: "Cloud", request: Request) -> Response:
    """The project's groups; everybody's if an admin asks with ``all_projects``."""
    if request.get("all_projects") is not None and request.caller.is_admin:
        found = list(cloud.groups.values())
    else:
        found = [g for g in cloud.groups.values() if g.project_id == request.project_id]
    offset = request.whole("offset", 0, 10**9)
    limit = request.whole("limit", 1000, 1000)
    shown = [_view(g, request) for g in found[offset : offset + limit]]
    return Response(200, {"server_groups": shown})


@routes.post("/os-server-groups")
def create(cloud: "Cloud", request: Request) -> Response:
    """A new group."""
    asked = request.object("server_group")
    policy = asked.get("policy") or next(iter(asked.get("policies") or []), None)
    if policy not in POLICIES:
        raise BadRequest(
            f"Invalid input for field/attribute policy. Value: {policy}. "
            f"{policy!r} is not one of {list(POLICIES)}"
        )
    project = request.caller.project
    if project is None:
        raise Forbidden("a project is needed")
    most = (asked.get("rules") or {}).get("max_server_per_host")
    group = cloud.add_server_group(
        project,
        policy,
        str(asked.get("name")),
        max_server_per_host=None if most is None else int(most),
        user=request.caller.user,
    )
    return Response(200, {"server_group": _view(group, request)})


def _find(cloud: "Cloud", request: Request, group_id: str) -> ServerGroup:
    group = cloud.groups.get(group_id)
    if group is None or not (request.caller.is_admin or group.project_id == request.project_id):
        raise NotFound(f"Instance group {group_id} could not be found.")
    return group


@routes.get("/os-server-groups/{group_id}")
def show(cloud: "Cloud", request: Request, group_id: str) -> Response:
    """One group."""
    return Response(200, {"server_group": _view(_find(cloud, request, group_id), request)})


@routes.delete("/os-server-groups/{group_id}")
def delete(cloud: "Cloud", request: Request, group_id: str) -> Response:
    """Forget a group; its servers stay."""
    group = _find(cloud, request, group_id)
    del cloud.groups[group.id]
    for server_id in group.members:
        server = cloud.servers.get(server_id)
        if server is not None:
            server.group = None
    return Response(204)
