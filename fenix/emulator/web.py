"""Just enough HTTP: requests, responses and a table of routes."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from fenix.emulator.entities import Token
from fenix.emulator.errors import BadRequest, Forbidden, NoRoute, Refused

if TYPE_CHECKING:
    from fenix.emulator.cloud import Cloud

Json = Any
Version = tuple[int, int]


@dataclass(slots=True)
class Request:
    """A call. ``path`` is below the service's prefix, ``service_url`` the URL up to there."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes
    base_url: str
    id: str
    service_url: str = ""
    template: str = ""
    token: Token | None = None
    version: Version = (2, 1)

    def get(self, name: str, default: str | None = None) -> str | None:
        """The last value of a query parameter."""
        found = default
        for key, value in self.query:
            if key == name:
                found = value
        return found

    def header(self, name: str) -> str | None:
        """A header by any spelling."""
        return self.headers.get(name.lower())

    def json(self) -> Json:
        """The body; raises BadRequest if it is no JSON."""
        try:
            return json.loads(self.body) if self.body else {}
        except ValueError:
            raise BadRequest("Malformed request body") from None

    def object(self, key: str) -> dict[str, Any]:
        """The object under ``key`` of the body; raises BadRequest without it."""
        body = self.json()
        found = body.get(key) if isinstance(body, dict) else None
        if not isinstance(found, dict):
            raise BadRequest(f"Invalid input for field/attribute {key}. Value: {found}.")
        return found

    @property
    def caller(self) -> Token:
        """The token of a call that needed one."""
        if self.token is None:
            raise Refused("The request you have made requires authentication.", 401)
        return self.token

    @property
    def project_id(self) -> str:
        """The caller's project, empty without."""
        return self.caller.project.id if self.caller.project is not None else ""

    def need_admin(self, rule: str) -> None:
        """Raise Forbidden unless the caller is admin."""
        if not self.caller.is_admin:
            raise Forbidden(f"Policy doesn't allow {rule} to be performed.")

    def flag(self, name: str) -> bool:
        """A query parameter as a boolean; raises BadRequest for anything else."""
        text = (self.get(name) or "").strip().lower()
        if text in ("1", "t", "true", "on", "y", "yes"):
            return True
        if text in ("", "0", "f", "false", "off", "n", "no"):
            return False
        raise BadRequest(
            f"Unrecognized value '{text}', acceptable values are: '0', '1', 'f', 'false', 'n', "
            "'no', 'off', 'on', 't', 'true', 'y', 'yes'"
        )

    def whole(self, name: str, default: int, most: int) -> int:
        """A query parameter as an integer from 0, cut at ``most``; raises BadRequest."""
        text = self.get(name)
        if text is None:
            return default
        if not text.isdigit():
            raise BadRequest(
                f"Invalid input for query parameters {name}. Value: {text}. "
                f"{text!r} does not match '^[0-9]*$'"
            )
        return min(int(text), most) or most

    def link(self, changes: dict[str, str]) -> str:
        """This call's URL with some query parameters replaced."""
        query = [(k, v) for k, v in self.query if k not in changes]
        return f"{self.service_url}{self.path}?{urlencode([*query, *changes.items()])}"


@dataclass(slots=True)
class Response:
    """An answer; ``body`` is sent as JSON, None as nothing, bytes as they are."""

    status: int = 200
    body: Json = None
    headers: dict[str, str] = field(default_factory=dict)


Handler = Callable[..., Response]
"""``handler(cloud, request, **path_parameters)``."""


@dataclass(slots=True)
class _Node:
    literal: dict[str, "_Node"] = field(default_factory=dict)
    parameter: tuple[str, "_Node"] | None = None
    handlers: dict[str, tuple[str, Handler]] = field(default_factory=dict)


class Routes:
    """A table of paths such as ``/servers/{server_id}`` and who answers them."""

    def __init__(self) -> None:
        self._root = _Node()
        self._listed: list[tuple[str, str, Handler]] = []

    def add(self, method: str, template: str) -> Callable[[Handler], Handler]:
        """Decorator: the function answers ``method`` on ``template``."""

        def register(handler: Handler) -> Handler:
            self._insert(method, template, handler)
            return handler

        return register

    def get(self, template: str) -> Callable[[Handler], Handler]:
        """Decorator for GET."""
        return self.add("GET", template)

    def post(self, template: str) -> Callable[[Handler], Handler]:
        """Decorator for POST."""
        return self.add("POST", template)

    def put(self, template: str) -> Callable[[Handler], Handler]:
        """Decorator for PUT."""
        return self.add("PUT", template)

    def delete(self, template: str) -> Callable[[Handler], Handler]:
        """Decorator for DELETE."""
        return self.add("DELETE", template)

    def include(self, other: "Routes", prefix: str = "") -> None:
        """Take in the routes of another table, below ``prefix``."""
        for method, template, handler in other._listed:
            self._insert(method, prefix + template, handler)

    def _insert(self, method: str, template: str, handler: Handler) -> None:
        self._listed.append((method, template, handler))
        node = self._root
        for part in _parts(template):
            if part.startswith("{"):
                if node.parameter is None:
                    node.parameter = (part[1:-1], _Node())
                node = node.parameter[1]
            else:
                node = node.literal.setdefault(part, _Node())
        node.handlers[method] = (template, handler)

    def find(self, method: str, path: str) -> tuple[str, Handler, dict[str, str]]:
        """Template, handler and path parameters; raises NoRoute with 404 or 405."""
        node, values = self._root, []
        for part in _parts(path):
            if part in node.literal:
                node = node.literal[part]
            elif node.parameter is not None:
                values.append(part)
                node = node.parameter[1]
            else:
                raise NoRoute("The resource could not be found.", 404)
        if not node.handlers:
            raise NoRoute("The resource could not be found.", 404)
        if method not in node.handlers:
            raise NoRoute("The method is not allowed for this resource.", 405)
        template, handler = node.handlers[method]
        names = [part[1:-1] for part in _parts(template) if part.startswith("{")]
        return template, handler, dict(zip(names, values, strict=True))


def _parts(path: str) -> Iterable[str]:
    return [part for part in path.split("/") if part]


def parse_query(text: str) -> list[tuple[str, str]]:
    """A query string as pairs, blank values kept."""
    return parse_qsl(text, keep_blank_values=True)


class Api:
    """One service: its routes, its way of saying no, whether a token is needed."""

    prefix = ""
    routes: Routes

    def __init__(self, cloud: "Cloud") -> None:
        self.cloud = cloud

    def needs_token(self, request: Request) -> bool:
        """Whether this call is refused with 401 without a valid token."""
        return True

    def prepare(self, request: Request) -> None:
        """Look at the headers before the handler is called, e.g. for the microversion."""

    def finish(self, request: Request, response: Response) -> None:
        """Add the service's usual headers."""

    def refuse(self, request: Request, error: Refused) -> Response:
        """An error in the service's own shape."""
        body = {"error": {"code": error.code, "message": error.message}}
        return Response(error.code, body)
