"""Flavors."""

from typing import TYPE_CHECKING, Any

from fenix.emulator.entities import Flavor
from fenix.emulator.errors import NotFound
from fenix.emulator.web import Request, Response, Routes

if TYPE_CHECKING:
    from fenix.emulator.cloud import Cloud

routes = Routes()


def _view(flavor: Flavor, request: Request) -> dict[str, Any]:
    url = request.service_url
    links = [
        {"rel": "self", "href": f"{url}/v2.1/flavors/{flavor.id}"},
        {"rel": "bookmark", "href": f"{url}/flavors/{flavor.id}"},
    ]
    body: dict[str, Any] = {
        "id": flavor.id,
        "name": flavor.name,
        "vcpus": flavor.vcpus,
        "ram": flavor.memory_mb,
        "disk": flavor.disk_gb,
        "swap": 0 if request.version >= (2, 75) else "",
        "OS-FLV-EXT-DATA:ephemeral": 0,
        "OS-FLV-DISABLED:disabled": False,
        "os-flavor-access:is_public": True,
        "rxtx_factor": 1.0,
        "links": links,
    }
    if request.version >= (2, 55):
        body["description"] = None
    if request.version >= (2, 61):
        body["extra_specs"] = flavor.extra_specs
    return body


@routes.get("/flavors")
def index(cloud: "Cloud", request: Request) -> Response:
    """Ids and names."""
    keys = ["id", "name", "links", *(["description"] if request.version >= (2, 55) else [])]
    found = [{k: _view(f, request)[k] for k in keys} for f in cloud.flavors.values()]
    return Response(200, {"flavors": found})


@routes.get("/flavors/detail")
def details(cloud: "Cloud", request: Request) -> Response:
    """All about them."""
    return Response(200, {"flavors": [_view(f, request) for f in cloud.flavors.values()]})


@routes.get("/flavors/{flavor_id}")
def show(cloud: "Cloud", request: Request, flavor_id: str) -> Response:
    """One flavor."""
    if flavor_id not in cloud.flavors:
        raise NotFound(f"Flavor {flavor_id} could not be found.")
    return Response(200, {"flavor": _view(cloud.flavors[flavor_id], request)})


@routes.get("/flavors/{flavor_id}/os-extra_specs")
def extra_specs(cloud: "Cloud", request: Request, flavor_id: str) -> Response:
    """A flavor's extra specs."""
    if flavor_id not in cloud.flavors:
        raise NotFound(f"Flavor {flavor_id} could not be found.")
    return Response(200, {"extra_specs": cloud.flavors[flavor_id].extra_specs})
