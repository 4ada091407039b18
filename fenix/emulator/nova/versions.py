"""What versions of the compute API there are."""

from typing import TYPE_CHECKING, Any

from fenix.emulator.web import Request, Response, Routes

if TYPE_CHECKING:
    from fenix.emulator.cloud import Cloud

routes = Routes()


def _document(request: Request) -> dict[str, Any]:
    from fenix.emulator.nova.api import MAX_VERSION, MIN_VERSION

    return {
        "id": "v2.1",
        "status": "CURRENT",
        "version": f"{MAX_VERSION[0]}.{MAX_VERSION[1]}",
        "min_version": f"{MIN_VERSION[0]}.{MIN_VERSION[1]}",
        "updated": "2013-07-23T11:33:21Z",
        "links": [{"rel": "self", "href": f"{request.service_url}/v2.1/"}],
    }


@routes.get("/")
def listing(cloud: "Cloud", request: Request) -> Response:
    """All versions: v2.1."""
    return Response(200, {"versions": [_document(request)]})


@routes.get("/v2.1")
def show(cloud: "Cloud", request: Request) -> Response:
    """About v2.1."""
    kind = "application/vnd.openstack.compute+json;version=2.1"
    return Response(
        200,
        {
            "version": {
                **_document(request),
                "media-types": [{"base": "application/json", "type": kind}],
            }
        },
    )
