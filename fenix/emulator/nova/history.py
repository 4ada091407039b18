"""Instance actions: what was asked of a server and how it went."""

from typing import TYPE_CHECKING, Any

from fenix.emulator.errors import BadRequest, NotFound
from fenix.emulator.nova.times import micro
from fenix.emulator.nova.view import host_id
from fenix.emulator.server import Action, ActionEvent, Server
from fenix.emulator.web import Request, Response, Routes

if TYPE_CHECKING:
    from fenix.emulator.cloud import Cloud

routes = Routes()


def _find(cloud: "Cloud", request: Request, server_id: str) -> Server:
    server = cloud.servers.get(server_id, deleted=request.version >= (2, 21))
    if server is None or not (request.caller.is_admin or server.project_id == request.project_id):
        raise NotFound(f"Instance {server_id} could not be found.")
    return server


def _view(cloud: "Cloud", server: Server, action: Action, request: Request) -> dict[str, Any]:
    body: dict[str, Any] = {
        "action": action.name,
        "instance_uuid": server.id,
        "request_id": action.request_id,
        "user_id": action.user_id,
        "project_id": action.project_id,
        "start_time": micro(cloud.clock, action.start),
        "message": action.message,
    }
    if request.version >= (2, 58):
        body["updated_at"] = micro(cloud.clock, action.updated)
    return body


def _event(cloud: "Cloud", event: ActionEvent, request: Request) -> dict[str, Any]:
    body: dict[str, Any] = {
        "event": event.event,
        "start_time": micro(cloud.clock, event.start),
        "finish_time": micro(cloud.clock, event.finish),
        "result": event.result,
    }
    if request.caller.is_admin:
        body["traceback"] = None
    if request.version >= (2, 62):
        project = request.project_id
        body["hostId"] = "" if event.host is None else host_id(project, event.host)
        if request.caller.is_admin:
            body["host"] = event.host
    if request.version >= (2, 84) and request.caller.is_admin:
        body["details"] = event.details
    return body


@routes.get("/servers/{server_id}/os-instance-actions")
def index(cloud: "Cloud", request: Request, server_id: str) -> Response:
    """Newest first."""
    server = _find(cloud, request, server_id)
    found = [_view(cloud, server, a, request) for a in reversed(server.actions)]
    if request.version >= (2, 58):
        marker = request.get("marker")
        if marker is not None:
            ids = [a["request_id"] for a in found]
            if marker not in ids:
                raise BadRequest(f"Marker {marker} could not be found.")
            found = found[ids.index(marker) + 1 :]
        limit = request.whole("limit", 1000, 1000)
        found = found[:limit]
    return Response(200, {"instanceActions": found})


@routes.get("/servers/{server_id}/os-instance-actions/{request_id}")
def show(cloud: "Cloud", request: Request, server_id: str, request_id: str) -> Response:
    """One action with its events, newest first."""
    server = _find(cloud, request, server_id)
    for action in server.actions:
        if action.request_id == request_id:
            body = _view(cloud, server, action, request)
            if request.caller.is_admin or request.version >= (2, 51):
                body["events"] = [_event(cloud, e, request) for e in reversed(action.events)]
            return Response(200, {"instanceAction": body})
    raise NotFound(f"Action {request_id} not found")
