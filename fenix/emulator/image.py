"""As much of Glance as booting a server needs: one image."""

from typing import TYPE_CHECKING, Any

from fenix.emulator.errors import NotFound, Refused
from fenix.emulator.web import Api, Request, Response, Routes

if TYPE_CHECKING:
    from fenix.emulator.cloud import Cloud

routes = Routes()
IMAGE: dict[str, Any] = {
    "id": "7b2d2d6e-7a1b-4a4b-9c0e-2f2f5e0c7a11",
    "name": "emulated",
    "status": "active",
    "visibility": "public",
    "container_format": "bare",
    "disk_format": "raw",
    "size": 65536,
    "min_disk": 0,
    "min_ram": 0,
    "tags": [],
}


class ImageApi(Api):
    """Glance under ``/image``."""

    prefix = "/image"
    routes = routes

    def needs_token(self, request: Request) -> bool:
        """Only the versions need none."""
        return request.template != "/"

    def refuse(self, request: Request, error: Refused) -> Response:
        """Glance's errors are pages."""
        page = f"<html><body>{error.code} {error.message}</body></html>"
        return Response(error.code, page.encode(), {"Content-Type": "text/html"})


@routes.get("/")
def versions(cloud: "Cloud", request: Request) -> Response:
    """The version there is."""
    link = {"rel": "self", "href": f"{request.service_url}/v2/"}
    return Response(300, {"versions": [{"id": "v2.9", "status": "CURRENT", "links": [link]}]})


@routes.get("/v2/images")
def index(cloud: "Cloud", request: Request) -> Response:
    """The image, unless another ``name`` or ``id`` is asked for."""
    asked = {k: v.removeprefix("in:") for k, v in request.query if k in ("name", "id")}
    found = [IMAGE] if all(IMAGE[k] == v for k, v in asked.items()) else []
    return Response(200, {"images": found, "first": "/v2/images", "schema": "/v2/schemas/images"})


@routes.get("/v2/images/{image_id}")
def show(cloud: "Cloud", request: Request, image_id: str) -> Response:
    """The image."""
    if image_id != IMAGE["id"]:
        raise NotFound(f"No image found with ID {image_id}")
    return Response(200, IMAGE)
