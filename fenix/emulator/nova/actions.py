"""What can be done to a server: POST /servers/{id}/action."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fenix.emulator.cold import ColdMigration
from fenix.emulator.errors import BadRequest
from fenix.emulator.journey import Order
from fenix.emulator.lifecycle import POWER, require
from fenix.emulator.nova.servers import find, find_flavor
from fenix.emulator.server import Server
from fenix.emulator.web import Request, Response, Routes

if TYPE_CHECKING:
    from fenix.emulator.cloud import Cloud

routes = Routes()
Body = dict[str, Any]


@routes.post("/servers/{server_id}/action")
def act(cloud: "Cloud", request: Request, server_id: str) -> Response:
    """Do the one action that the body names."""
    body = request.json()
    if not isinstance(body, dict) or len(body) != 1:
        raise BadRequest("Malformed request body")
    ((name, options),) = body.items()
    server = find(cloud, request, server_id)
    if name in POWER:
        cloud.life.power(server, name, request.id)
        if name == "rescue":
            return Response(200, {"adminPass": "emulated"})
        return Response(202)
    do = ACTIONS.get(name)
    if do is None:
        raise BadRequest(f"There is no such action: {name}")
    return do(cloud, request, server, options if isinstance(options, dict) else {})


def _order(request: Request, server: Server, host: str | None, **more: Any) -> Order:
    return Order(server, host, request.id, request.caller.user.id, **more)


def _migrate(cloud: "Cloud", request: Request, server: Server, options: Body) -> Response:
    request.need_admin("os_compute_api:os-migrate-server:migrate")
    host = options.get("host")
    if host is not None and request.version < (2, 56):
        raise BadRequest(
            f"Invalid input for field/attribute migrate. Value: {options}. "
            "Additional properties are not allowed ('host' was unexpected)"
        )
    cloud.cold.start(_order(request, server, host))
    return Response(202)


def _resize(cloud: "Cloud", request: Request, server: Server, options: Body) -> Response:
    flavor = find_flavor(cloud, str(options.get("flavorRef", "")))
    if flavor is server.flavor:
        raise BadRequest("When resizing, instances must change flavor!")
    cloud.cold.start(_order(request, server, None, flavor=flavor))
    return Response(202)


def _migrate_live(cloud: "Cloud", request: Request, server: Server, options: Body) -> Response:
    request.need_admin("os_compute_api:os-migrate-server:migrate_live")
    where = f"Invalid input for field/attribute os-migrateLive. Value: {options}. "
    for key in ("host", "block_migration"):
        if key not in options:
            raise BadRequest(f"{where}'{key}' is a required property")
    force = options.get("force", request.version < (2, 30))
    host = options["host"]
    if "force" in options and not (2, 30) <= request.version < (2, 68):
        raise BadRequest(f"{where}Additional properties are not allowed ('force' was unexpected)")
    if force and host is None and "force" in options:
        raise BadRequest("Can't force to a non-provided destination")
    order = _order(request, server, host, forced=bool(force) and host is not None)
    cloud.live.start(order, at_once=request.version < (2, 34))
    return Response(202)


def _resized(cloud: "Cloud", server: Server, name: str) -> ColdMigration:
    require(server, name, ("resized",))
    found = cloud.cold.of(server)
    if found is None:
        raise BadRequest("Instance has not been resized.")
    return found


def _confirm(cloud: "Cloud", request: Request, server: Server, options: Body) -> Response:
    found = _resized(cloud, server, "confirmResize")
    found.confirm(request.id, request.caller.user.id)
    return Response(204)


def _revert(cloud: "Cloud", request: Request, server: Server, options: Body) -> Response:
    found = _resized(cloud, server, "revertResize")
    found.revert(request.id, request.caller.user.id)
    return Response(202)


def _evacuate(cloud: "Cloud", request: Request, server: Server, options: Body) -> Response:
    request.need_admin("os_compute_api:os-evacuate")
    cloud.evacuations.start(_order(request, server, options.get("host")))
    return Response(200, {"adminPass": "emulated"} if request.version < (2, 14) else None)


def _reset(cloud: "Cloud", request: Request, server: Server, options: Body) -> Response:
    request.need_admin("os_compute_api:os-admin-actions:reset_state")
    cloud.life.reset(server, str(options.get("state")))
    return Response(202)


def _shelve(name: str) -> "Do":
    def do(cloud: "Cloud", request: Request, server: Server, options: Body) -> Response:
        cloud.life.shelve(server, name, request.id)
        return Response(202)

    return do


def _lock(locked: bool) -> "Do":
    def do(cloud: "Cloud", request: Request, server: Server, options: Body) -> Response:
        cloud.change(server, locked=locked)
        return Response(202)

    return do


def _reboot(cloud: "Cloud", request: Request, server: Server, options: Body) -> Response:
    kind = str(options.get("type", "")).upper()
    if kind not in ("SOFT", "HARD"):
        raise BadRequest(f"Invalid input for field/attribute type. Value: {options.get('type')}.")
    cloud.life.reboot(server, kind == "HARD", request.id)
    return Response(202)


Do = Callable[["Cloud", Request, Server, Body], Response]
ACTIONS: dict[str, Do] = {
    "migrate": _migrate,
    "os-migrateLive": _migrate_live,
    "resize": _resize,
    "confirmResize": _confirm,
    "revertResize": _revert,
    "evacuate": _evacuate,
    "os-resetState": _reset,
    "shelve": _shelve("shelve"),
    "shelveOffload": _shelve("shelveOffload"),
    "unshelve": _shelve("unshelve"),
    "lock": _lock(True),
    "unlock": _lock(False),
    "reboot": _reboot,
}
