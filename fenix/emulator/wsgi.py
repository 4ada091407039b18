"""The WSGI application of the whole cloud: finds the service, works, answers in JSON."""

import json
import uuid
from collections.abc import Callable, Iterable
from http.client import responses
from typing import TYPE_CHECKING, Any

from fenix.emulator.aodh import AlarmingApi
from fenix.emulator.errors import Refused
from fenix.emulator.faults import ApiFault
from fenix.emulator.identity import IdentityApi
from fenix.emulator.nova.api import ComputeApi
from fenix.emulator.placement import PlacementApi
from fenix.emulator.web import Api, Request, Response, parse_query

if TYPE_CHECKING:
    from fenix.emulator.cloud import Cloud

StartResponse = Callable[..., Any]


class Dropped(Exception):
    """The connection is to end without an answer."""


class Application:
    """WSGI callable: ``/identity``, ``/compute``, ``/placement`` and ``/alarming``."""

    def __init__(self, cloud: "Cloud") -> None:
        self.cloud = cloud
        kinds: list[type[Api]] = [IdentityApi, ComputeApi, PlacementApi, AlarmingApi]
        self.services = {kind.prefix: kind(cloud) for kind in kinds}

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; raises Dropped where a fault wants no answer at all."""
        request = _request(environ)
        fault = self.cloud.faults.match(request.method, environ.get("PATH_INFO", ""))
        if fault is not None and fault.answer == "hang":
            self.cloud.faults.hang(fault.seconds)
            fault = None
        spoiled = _spoiled(fault) if fault is not None else None
        if spoiled is not None and fault is not None and not fault.after:
            self.cloud.record.call(request.method, "fault", spoiled.status)
            response = spoiled
        else:
            response = self._serve(request)
            response = spoiled or response
        return _send(request, response, start_response)

    def _serve(self, request: Request) -> Response:
        head, _, rest = request.path.lstrip("/").partition("/")
        service = self.services.get(f"/{head}")
        if service is None:
            return Response(404, {"error": {"code": 404, "message": "no such service"}})
        request.path = f"/{rest}"
        request.service_url = request.base_url + service.prefix
        template = "unknown"
        try:
            service.prepare(request)
            method = "GET" if request.method == "HEAD" else request.method
            template, handler, values = service.routes.find(method, request.path)
            with self.cloud.at_rest():
                request.template = template
                request.token = self.cloud.token(request.header("x-auth-token"))
                if request.token is None and service.needs_token(request):
                    raise Refused("The request you have made requires authentication.", 401)
                response = handler(self.cloud, request, **values)
        except Refused as error:
            response = service.refuse(request, error)
        service.finish(request, response)
        with self.cloud.lock:
            self.cloud.record.call(request.method, service.prefix + template, response.status)
        return response


def _request(environ: dict[str, Any]) -> Request:
    length = environ.get("CONTENT_LENGTH") or "0"
    body = environ["wsgi.input"].read(int(length)) if int(length) > 0 else b""
    headers = {k[5:].replace("_", "-").lower(): v for k, v in environ.items() if k[:5] == "HTTP_"}
    host = headers.get("host") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    return Request(
        method=environ["REQUEST_METHOD"],
        path=environ.get("PATH_INFO", "/"),
        query=parse_query(environ.get("QUERY_STRING", "")),
        headers=headers,
        body=body,
        base_url=f"{environ.get('wsgi.url_scheme', 'http')}://{host}",
        id=f"req-{uuid.uuid4()}",
    )


def _spoiled(fault: ApiFault) -> Response:
    if fault.answer == "drop":
        raise Dropped("a fault says: no answer")
    if fault.answer == "garbage":
        return Response(200, (fault.body or "<html>it works</html>").encode())
    code = int(fault.answer)
    text = fault.body or responses.get(code, "fault")
    return Response(code, {"error": {"code": code, "message": text, "title": text}})


def _send(request: Request, response: Response, start: StartResponse) -> Iterable[bytes]:
    body = response.body
    if body is None:
        data = b""
    elif isinstance(body, bytes):
        data = body
    else:
        data = json.dumps(body).encode()
    headers = {
        "Content-Type": "application/json",
        "Content-Length": str(len(data)),
        "x-openstack-request-id": request.id,
        **response.headers,
    }
    if response.status == 204:
        data = b""
        headers.pop("Content-Type")
        headers["Content-Length"] = "0"
    start(f"{response.status} {responses.get(response.status, 'Unknown')}", list(headers.items()))
    return [b"" if request.method == "HEAD" else data]
