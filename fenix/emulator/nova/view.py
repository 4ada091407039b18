"""A server as the compute API shows it, by microversion."""

import functools
import hashlib
from typing import TYPE_CHECKING, Any

from fenix.emulator.nova.times import micro, zulu
from fenix.emulator.server import Server
from fenix.emulator.web import Request

if TYPE_CHECKING:
    from fenix.emulator.cloud import Cloud


def brief(server: Server, request: Request) -> dict[str, Any]:
    """id, name and links."""
    url = request.service_url
    links = [
        {"rel": "self", "href": f"{url}/v2.1/servers/{server.id}"},
        {"rel": "bookmark", "href": f"{url}/servers/{server.id}"},
    ]
    return {"id": server.id, "name": server.name, "links": links}


def detail(cloud: "Cloud", server: Server, request: Request) -> dict[str, Any]:
    """Everything, as ``/servers/detail`` has it; one server's page adds :func:`alone`."""
    clock = cloud.clock
    status = server.status
    zone = ""
    if server.host is not None:
        zone = server.host.availability_zone
    body: dict[str, Any] = {
        **brief(server, request),
        "status": status,
        "tenant_id": server.project_id,
        "user_id": server.user_id,
        "metadata": server.metadata,
        "hostId": "" if server.host is None else _host_id(server),
        "image": "" if server.image_id is None else {"id": server.image_id, "links": []},
        "flavor": _flavor(server, request),
        "created": zulu(clock, server.created),
        "updated": zulu(clock, server.updated),
        "addresses": {},
        "accessIPv4": "",
        "accessIPv6": "",
        "OS-DCF:diskConfig": "MANUAL",
        "config_drive": "",
        "key_name": server.key_name,
        "OS-EXT-AZ:availability_zone": zone,
        "OS-SRV-USG:launched_at": micro(clock, server.launched),
        "OS-SRV-USG:terminated_at": micro(clock, server.terminated),
        "OS-EXT-STS:task_state": server.task_state,
        "OS-EXT-STS:vm_state": server.vm_state,
        "OS-EXT-STS:power_state": server.power_state,
        "os-extended-volumes:volumes_attached": [],
    }
    if status in ("ACTIVE", "BUILD", "REBUILD", "RESIZE", "VERIFY_RESIZE", "MIGRATING"):
        body["progress"] = 0
    if server.fault is not None and status in ("ERROR", "DELETED"):
        body["fault"] = {
            "code": server.fault.code,
            "created": zulu(clock, server.fault.created),
            "message": server.fault.message,
        }
        if request.caller.is_admin and server.fault.details:
            body["fault"]["details"] = server.fault.details
    if request.caller.is_admin:
        _admin(cloud, server, request, body)
    _newer(server, request, body)
    return body


def _newer(server: Server, request: Request, body: dict[str, Any]) -> None:
    version = request.version
    if version >= (2, 9):
        body["locked"] = server.locked
    if version >= (2, 19):
        body["description"] = server.extra.get("description")
    if version >= (2, 26):
        body["tags"] = server.tags
    if version >= (2, 63):
        body["trusted_image_certificates"] = None
    if version >= (2, 73):
        body["locked_reason"] = None
    if version >= (2, 90):
        body["OS-EXT-SRV-ATTR:hostname"] = server.name.lower()
    if version >= (2, 96):
        body["pinned_availability_zone"] = server.requested_zone


def alone(cloud: "Cloud", server: Server, request: Request) -> dict[str, Any]:
    """What GET of one server shows: the list does not have its groups."""
    body = detail(cloud, server, request)
    if request.version >= (2, 71):
        body["server_groups"] = [server.group.id] if server.group is not None else []
    return body


def _admin(cloud: "Cloud", server: Server, request: Request, body: dict[str, Any]) -> None:
    host = server.host.name if server.host is not None else None
    body["OS-EXT-SRV-ATTR:host"] = host
    body["OS-EXT-SRV-ATTR:hypervisor_hostname"] = host
    body["OS-EXT-SRV-ATTR:instance_name"] = f"instance-{server.number:08x}"
    if request.version >= (2, 3):
        body["OS-EXT-SRV-ATTR:hostname"] = server.name.lower()
        body["OS-EXT-SRV-ATTR:reservation_id"] = server.reservation_id
        body["OS-EXT-SRV-ATTR:launch_index"] = 0
        body["OS-EXT-SRV-ATTR:kernel_id"] = ""
        body["OS-EXT-SRV-ATTR:ramdisk_id"] = ""
        body["OS-EXT-SRV-ATTR:root_device_name"] = "/dev/sda"
        body["OS-EXT-SRV-ATTR:user_data"] = None
    if request.version >= (2, 16):
        body["host_status"] = _host_status(cloud, server)


def _host_status(cloud: "Cloud", server: Server) -> str:
    service = server.host.compute if server.host is not None else None
    if service is None or server.deleted:
        return ""
    if service.forced_down:
        return "DOWN"
    if service.status == "disabled":
        return "MAINTENANCE"
    return "UP" if cloud.scheduler.service_up(service) else "UNKNOWN"


def _host_id(server: Server) -> str:
    return host_id(server.project_id, server.host.name if server.host is not None else "")


@functools.lru_cache(maxsize=65536)
def host_id(project_id: str, host: str) -> str:
    """What a project sees in place of a host's name."""
    return hashlib.sha224((project_id + host).encode()).hexdigest()


def _flavor(server: Server, request: Request) -> dict[str, Any]:
    flavor = server.flavor
    if request.version < (2, 47):
        url = f"{request.service_url}/flavors/{flavor.id}"
        return {"id": flavor.id, "links": [{"rel": "bookmark", "href": url}]}
    return {
        "vcpus": flavor.vcpus,
        "ram": flavor.memory_mb,
        "disk": flavor.disk_gb,
        "ephemeral": 0,
        "swap": 0,
        "original_name": flavor.name,
        "extra_specs": flavor.extra_specs,
    }
