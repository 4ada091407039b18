"""What can be done to a server: POST /servers/{id}/action."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fenix.emulator.errors import BadRequest, Conflict
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
        return Response(202)
    do = ACTIONS.get(name)
    if do is None:
        raise BadRequest(f"There is no such action: {name}")
    return do(cloud, request, server, options if isinstance(options, dict) else {})


def _migrate(cloud: "Cloud", request: Request, server: Server, options: Body) -> Response:
    request.need_admin("os_compute_api:os-migrate-server:migrate")
    host = options.get("host") if request.version >= (2, 56) else None
    if host is not None:
        request.need_admin("os_compute_api:os-migrate-server:migrate:host")
    cloud.cold.start(server, host, request.id, request.caller.user.id)
    return Response(202)


def _resize(cloud: "Cloud", request: Request, server: Server, options: Body) -> Response:
    flavor = find_flavor(cloud, str(options.get("flavorRef", "")))
    if flavor is server.flavor:
        raise BadRequest("When resizing, instances must change flavor!")
    cloud.cold.start(server, None, request.id, request.caller.user.id, flavor)
    return Response(202)


def _migrate_live(cloud: "Cloud", request: Request, server: Server, options: Body) -> Response:
    request.need_admin("os_compute_api:os-migrate-server:migrate_live")
    if "host" not in options or "block_migration" not in options:
        raise BadRequest(
            "Invalid input for field/attribute os-migrateLive. "
            "'host' and 'block_migration' are required properties"
        )
    if options.get("force") is not None and not (2, 30) <= request.version < (2, 68):
        raise BadRequest("Additional properties are not allowed ('force' was unexpected)")
    cloud.live.start(server, options["host"], request.id, request.caller.user.id)
    return Response(202)


def _confirm(cloud: "Cloud", request: Request, server: Server, options: Body) -> Response:
    require(server, "confirmResize", ("resized",))
    cloud.cold.of(server).confirm(request.id, request.caller.user.id)
    return Response(204)


def _revert(cloud: "Cloud", request: Request, server: Server, options: Body) -> Response:
    require(server, "revertResize", ("resized",))
    cloud.cold.of(server).revert(request.id, request.caller.user.id)
    return Response(202)


def _reset(cloud: "Cloud", request: Request, server: Server, options: Body) -> Response:
    request.need_admin("os_compute_api:os-admin-actions:reset_state")
    cloud.life.reset(server, str(options.get("state")))
    return Response(202)


def _shelve(name: str) -> "Do":
    def do(cloud: "Cloud", request: Request, server: Server, options: Body) -> Response:
        cloud.life.shelve(server, name, request.id)
        return Response(202)

    return do


def _lock(cloud: "Cloud", request: Request, server: Server, options: Body) -> Response:
    cloud.change(server, locked=True)
    return Response(202)


def _unlock(cloud: "Cloud", request: Request, server: Server, options: Body) -> Response:
    cloud.change(server, locked=False)
    return Response(202)


def _reboot(cloud: "Cloud", request: Request, server: Server, options: Body) -> Response:
    if server.task_state is not None:
        raise Conflict(f"Cannot 'reboot' instance {server.id}: it is in {server.task_state}")
    cloud.change(server, task_state="rebooting")
    cloud.guest(server, False, "reboot")

    def done() -> None:
        if server.task_state == "rebooting":
            cloud.change(server, task_state=None, vm_state="active", power_state=1)
            cloud.guest(server, True, "reboot")

    cloud.agenda.after(cloud.timings.draw("power"), done)
    return Response(202)


Do = Callable[["Cloud", Request, Server, Body], Response]
ACTIONS: dict[str, Do] = {
    "migrate": _migrate,
    "os-migrateLive": _migrate_live,
    "resize": _resize,
    "confirmResize": _confirm,
    "revertResize": _revert,
    "os-resetState": _reset,
    "shelve": _shelve("shelve"),
    "shelveOffload": _shelve("shelveOffload"),
    "unshelve": _shelve("unshelve"),
    "lock": _lock,
    "unlock": _unlock,
    "reboot": _reboot,
}
