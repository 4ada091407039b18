"""Hypervisors: list with pages, show."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from fenix.emulator.errors import BadRequest, NotFound
from fenix.emulator.host import Host, Service
from fenix.emulator.web import Request, Response, Routes

if TYPE_CHECKING:
    from fenix.emulator.cloud import Cloud

routes = Routes()


def _brief(cloud: "Cloud", host: Host, service: Service, request: Request) -> dict[str, Any]:
    return {
        "id": host.uuid if request.version >= (2, 53) else host.number,
        "hypervisor_hostname": host.name,
        "state": "up" if cloud.scheduler.service_up(service) else "down",
        "status": service.status,
    }


def _detail(cloud: "Cloud", host: Host, service: Service, request: Request) -> dict[str, Any]:
    body = {
        **_brief(cloud, host, service, request),
        "hypervisor_type": "fake",
        "hypervisor_version": 1000,
        "host_ip": "127.0.0.1",
        "service": {
            "id": service.uuid if request.version >= (2, 53) else service.id,
            "host": host.name,
            "disabled_reason": service.disabled_reason,
        },
    }
    if request.version < (2, 88):
        free_disk = host.total.disk_gb - host.used_disk_gb - host.reserved.disk_gb
        body.update(
            vcpus=host.total.vcpus,
            vcpus_used=host.used_vcpus,
            memory_mb=host.total.memory_mb,
            memory_mb_used=host.used_memory_mb + host.reserved.memory_mb,
            free_ram_mb=host.total.memory_mb - host.used_memory_mb - host.reserved.memory_mb,
            local_gb=host.total.disk_gb,
            local_gb_used=host.used_disk_gb + host.reserved.disk_gb,
            free_disk_gb=free_disk,
            disk_available_least=free_disk,
            running_vms=cloud.servers.count_on(host),
            current_workload=0,
            cpu_info={} if request.version >= (2, 28) else "",
        )
    else:
        body["uptime"] = None
    return body


def _computes(hosts: Iterable[Host]) -> Iterator[tuple[Host, Service]]:
    return ((h, s) for h in hosts if (s := h.compute) is not None)


@routes.get("/os-hypervisors")
def index(cloud: "Cloud", request: Request) -> Response:
    """Ids, names, states."""
    return _page(cloud, request, False)


@routes.get("/os-hypervisors/detail")
def details(cloud: "Cloud", request: Request) -> Response:
    """All about them."""
    return _page(cloud, request, True)


def _page(cloud: "Cloud", request: Request, detailed: bool) -> Response:
    request.need_admin("os_compute_api:os-hypervisors:list")
    pattern = request.get("hypervisor_hostname_pattern")
    links: list[dict[str, str]] = []
    if request.version >= (2, 33) and pattern is None:
        found, links = _cut(cloud, request)
    else:
        found = list(_computes(cloud.hosts.values()))
    if pattern is not None and request.version >= (2, 53):
        found = [(h, s) for h, s in found if pattern in h.name]
        if not found:
            raise NotFound(f"No hypervisor matching '{pattern}' could be found.")
    show = _detail if detailed else _brief
    body: dict[str, Any] = {"hypervisors": [show(cloud, h, s, request) for h, s in found]}
    if request.flag("with_servers") and request.version >= (2, 53):
        for shown, (host, _service) in zip(body["hypervisors"], found, strict=True):
            shown["servers"] = _servers(cloud, host)
    if links:
        body["hypervisors_links"] = links
    return Response(200, body)


def _cut(
    cloud: "Cloud", request: Request
) -> tuple[list[tuple[Host, Service]], list[dict[str, str]]]:
    """One page, and the link to the next; only the hosts of the page are looked at."""
    by_uuid = request.version >= (2, 53)
    hosts = iter(cloud.hosts.values())
    marker = request.get("marker")
    if marker is not None and not any(
        marker == (h.uuid if by_uuid else str(h.number)) and h.compute is not None for h in hosts
    ):
        raise BadRequest(f"marker [{marker}] not found")
    limit = request.whole("limit", 1000, 1000)
    found = list(islice(_computes(hosts), limit))
    if len(found) < limit:
        return found, []
    last = found[-1][0]
    href = request.link({"marker": last.uuid if by_uuid else str(last.number)})
    return found, [{"rel": "next", "href": href}]


def _servers(cloud: "Cloud", host: Host) -> list[dict[str, str]]:
    return [{"uuid": s.id, "name": f"instance-{s.number:08x}"} for s in cloud.servers.on(host)]


@routes.get("/os-hypervisors/{hypervisor_id}")
def show(cloud: "Cloud", request: Request, hypervisor_id: str) -> Response:
    """One hypervisor, with its servers if asked."""
    request.need_admin("os_compute_api:os-hypervisors:show")
    for host, service in _computes(cloud.hosts.values()):
        if hypervisor_id in (host.uuid, str(host.number)):
            body = _detail(cloud, host, service, request)
            if request.flag("with_servers") and request.version >= (2, 53):
                body["servers"] = _servers(cloud, host)
            return Response(200, {"hypervisor": body})
    raise NotFound(f"Hypervisor with ID '{hypervisor_id}' could not be found.")
