"""The compute service: versions, microversions, errors, all routes."""

import re

from fenix.emulator.errors import BadRequest, NoRoute, Refused
from fenix.emulator.nova import (
    actions,
    aggregates,
    flavors,
    groups,
    history,
    hypervisors,
    migrations,
    servers,
    services,
    versions,
)
from fenix.emulator.web import Api, Request, Response, Routes, Version

MIN_VERSION: Version = (2, 1)
MAX_VERSION: Version = (2, 104)
NAMES = {
    400: "badRequest",
    401: "unauthorized",
    403: "forbidden",
    404: "itemNotFound",
    405: "badMethod",
    409: "conflictingRequest",
    413: "overLimit",
    415: "badMediaType",
    429: "overLimit",
    501: "notImplemented",
    503: "serviceUnavailable",
}
PLAIN = b"<html><head><title>404 Not Found</title></head><body>Not Found</body></html>"


def _routes() -> Routes:
    every = Routes()
    every.include(versions.routes)
    for module in (
        servers,
        actions,
        aggregates,
        services,
        hypervisors,
        migrations,
        groups,
        history,
        flavors,
    ):
        every.include(module.routes, "/v2.1")
    return every


class ComputeApi(Api):
    """Nova under ``/compute``."""

    prefix = "/compute"
    routes = _routes()

    def needs_token(self, request: Request) -> bool:
        """Only the versions need none."""
        return request.template not in ("/", "/v2.1")

    def prepare(self, request: Request) -> None:
        """Find the microversion; raises 406 for one that is not served."""
        request.version = _asked(request)

    def finish(self, request: Request, response: Response) -> None:
        """Say which microversion was used."""
        text = f"{request.version[0]}.{request.version[1]}"
        response.headers["OpenStack-API-Version"] = f"compute {text}"
        response.headers["X-OpenStack-Nova-API-Version"] = text
        response.headers["Vary"] = "OpenStack-API-Version, X-OpenStack-Nova-API-Version"
        response.headers["x-compute-request-id"] = request.id

    def refuse(self, request: Request, error: Refused) -> Response:
        """Nova's error shape: one key that names the kind."""
        if isinstance(error, NoRoute):  # answered before Nova's own error handling
            return Response(404, PLAIN, {"Content-Type": "text/html; charset=UTF-8"})
        name = NAMES.get(error.code, "computeFault")
        return Response(error.code, {name: {"code": error.code, "message": error.message}})


def _asked(request: Request) -> Version:
    text = None
    for part in (request.header("openstack-api-version") or "").split(","):
        words = part.split()
        if len(words) == 2 and words[0].lower() == "compute":
            text = words[1]
    text = text or request.header("x-openstack-nova-api-version")
    if text is None:
        return MIN_VERSION
    if text.lower() == "latest":
        return MAX_VERSION
    match = re.fullmatch(r"(\d+)\.(\d+)", text)
    if match is None:
        raise BadRequest(
            f"API Version String {text} is of invalid format. Must be of format MajorNum.MinorNum."
        )
    version = int(match[1]), int(match[2])
    if not MIN_VERSION <= version <= MAX_VERSION:
        raise Refused(
            f"Version {text} is not supported by the API. Minimum is 2.1 and maximum is "
            f"{MAX_VERSION[0]}.{MAX_VERSION[1]}.",
            406,
        )
    return version
