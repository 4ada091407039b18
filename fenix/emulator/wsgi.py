"""The WSGI application of the whole cloud: finds the service, works, answers in JSON."""

import json
import uuid
from collections.abc import Callable, Iterable, Iterator
from http.client import responses
from typing import TYPE_CHECKING, Any

from fenix.emulator.aodh import AlarmingApi
from fenix.emulator.blazar import ReservationApi
from fenix.emulator.errors import Refused
from fenix.emulator.identity import IdentityApi
from fenix.emulator.image import ImageApi
from fenix.emulator.nova.api import ComputeApi
from fenix.emulator.placement import PlacementApi
from fenix.emulator.web import Api, Request, Response, parse_query

if TYPE_CHECKING:
    from fenix.emulator.cloud import Cloud

StartResponse = Callable[..., Any]


class Application:
    """WSGI callable: ``/identity``, ``/compute`` and the other services, each below its name."""

    def __init__(self, cloud: "Cloud") -> None:
        self.cloud = cloud
        kinds: list[type[Api]] = [
            IdentityApi,
            ComputeApi,
            PlacementApi,
            AlarmingApi,
            ImageApi,
            ReservationApi,
        ]
        self.services = {kind.prefix: kind(cloud) for kind in kinds}

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, or spoil the answer if a fault says so."""
        request = _request(environ)
        fault = self.cloud.faults.match(request.method, request.path)
        if fault is None:
            return _send(request, self._serve(request), start_response)
        served = self._serve(request) if fault.after else None
        if served is None:
            with self.cloud.lock:
                self.cloud.record.call(request.method, "fault", 0)
        if fault.answer == "hang":
            self.cloud.faults.hang(fault.seconds)
            response = served or _spoiled(503, None)
        elif fault.answer in ("drip", "flood"):
            start_response("200 OK", [("Content-Type", "application/json")])
            return self.cloud.faults.endless(str(fault.answer), fault.seconds)
        elif fault.answer == "cut":
            start_response("200 OK", [("Content-Type", "application/json")])
            return _cut()
        else:
            response = _spoiled(fault.answer, fault.body)
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
            response = _refusal(service, request, error)
        service.finish(request, response)
        with self.cloud.lock:
            self.cloud.record.call(request.method, service.prefix + template, response.status)
        return response


def _refusal(service: Api, request: Request, error: Refused) -> Response:
    if error.code != 401 or isinstance(service, IdentityApi):
        return service.refuse(request, error)
    # keystonemiddleware answers, before the service itself
    body = {"error": {"code": 401, "title": "Unauthorized", "message": error.message}}
    uri = f"Keystone uri='{request.base_url}/identity'"
    return Response(401, body, {"WWW-Authenticate": uri})


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


def _cut() -> Iterator[bytes]:
    yield b'{"servers": [{'
    raise ConnectionAbortedError("a fault cuts the connection")


def _spoiled(answer: int | str, text: str | None) -> Response:
    if answer == "garbage":
        return Response(200, (text or "<html>it works</html>").encode())
    code = int(answer)
    message = text or responses.get(code, "fault")
    return Response(code, {"error": {"code": code, "message": message, "title": message}})


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
