"""The description of the API as OpenAPI 3.1, made from the tree of resources and their schemas.

Nothing is written beside them: a resource that can be reached and a verb made by
:func:`fenix.api.resource.verb` are in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from fenix import exceptions
from fenix.api import answers, health, microversion
from fenix.api.operation import Operation
from fenix.api.resource import VERBS, Resource
from fenix.api.validation import Schema

#: Of the document itself.
DOCUMENT: Schema = {
    "type": "object",
    "required": ["openapi", "info", "paths"],
    "properties": {"openapi": {"const": "3.1.0"}},
}

#: What any request may be refused with.
_ANY = (400, 413, 500, 503)
_WITH_TOKEN = (401, 403)
#: What writes of projects may be refused with.
_OF_WRITES = (429,)
#: Below /v1/ a version of the API may be asked for.
_VERSIONED = (406,)

#: Versions of other services may stand beside ours.
_MAY_ASK = (
    rf"^([\w-]+ [\w.]+, )*{microversion.SERVICE_TYPE} "
    rf"(latest|{re.escape(microversion.HIGHEST)})(, [\w-]+ [\w.]+)*$"
)

_ABOUT = """\
Every path means the same with and without a slash at its end. Every success is 200 with a JSON \
body; HEAD is answered where GET is. The content type of a request is not looked at, bodies are \
JSON in UTF-8. `_method` in a query or form is refused."""

_SEGMENTS: dict[str, str] = {
    "session_id": "A session's id, a UUID.",
    "project_id": "A project's id; not `detail` or `events`.",
    "instance_id": "An instance's id.",
    "group_id": "A group's id; that of the Nova server group, if there is one.",
}
_HEADERS = {
    "X-OpenStack-Request-ID": {
        "description": "Under this id the service's log has the request.",
        "schema": {"type": "string"},
    },
    microversion.HEADER: {
        "description": "The version that the answer is in.",
        "schema": {"type": "string"},
    },
}


def walk(resource: Resource, path: str = "") -> Iterator[tuple[str, Resource]]:
    """Every resource below and including this one, with its path."""
    yield path or "/", resource
    for segment, make in resource.children().items():
        yield from walk(make(segment), f"{path}/{segment}")


def operations(resource: Resource) -> Iterator[tuple[str, Operation, str]]:
    """The verbs of a resource: name, what is known of it, and what it does in a few words."""
    for name in VERBS:
        handler = getattr(resource, name.lower(), None)
        if handler is not None:
            words, _, _ = (handler.__doc__ or "").partition(":raises")
            yield name, handler.operation, " ".join(words.split())


def document(root: Resource, endpoint: str) -> dict[str, Any]:
    """The whole description.

    :param endpoint: the URL that clients are told, without ``/v1``.
    """
    return _Document().make(root, endpoint)


class _Document:
    def __init__(self) -> None:
        self._schemas: dict[str, Schema] = {}

    def make(self, root: Resource, endpoint: str) -> dict[str, Any]:
        """Walk the tree; ``components`` has what was met on the way."""
        paths: dict[str, Any] = {}
        for path, resource in walk(root):
            verbs = {
                name.lower(): self._operation(name, path, known, words)
                for name, known, words in operations(resource)
            }
            if verbs:
                paths[path] = {"parameters": _segments(path), **verbs}
        paths[health.PATH] = {"get": self._health()}
        return {
            "openapi": "3.1.0",
            "info": {
                "title": "Fenix",
                "summary": "Rolling maintenance of a cloud's hosts with the applications on it",
                "description": _ABOUT,
                "version": microversion.HIGHEST,
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "servers": [{"url": endpoint}],
            "security": [{"token": []}],
            "paths": paths,
            "components": {
                "schemas": {"Error": self._schema(answers.ERROR, top=True), **self._schemas},
                "responses": {_name(kind): _refusal(kind) for kind in _kinds().values()},
                "headers": _HEADERS,
                "parameters": {"version": _version()},
                "securitySchemes": {
                    "token": {
                        "type": "apiKey",
                        "in": "header",
                        "name": "X-Auth-Token",
                        "description": "A token of Keystone. Which roles and projects may make a "
                        "call is the operator's policy; x-policy names the rules.",
                    }
                },
            },
        }

    def _operation(self, name: str, path: str, known: Operation, words: str) -> dict[str, Any]:
        summary, _, more = words.partition(";")
        versioned = path.startswith(microversion.VERSIONED)
        made: dict[str, Any] = {
            "operationId": re.sub(r"\W+", "_", f"{name.lower()}{path}").strip("_"),
            "summary": summary.rstrip("."),
            "tags": [_tag(path)],
            "parameters": [
                {"name": p.name, "in": "query", "schema": p.schema, "description": p.description}
                for p in known.query
            ],
            "responses": {
                "200": self._success(known.answer, versioned=versioned),
                **_refusals(known, versioned=versioned, writes=name != "GET"),
            },
        }
        if more:
            made["description"] = words
        if versioned:
            made["parameters"].append({"$ref": "#/components/parameters/version"})
        if known.body is not None:
            made["requestBody"] = {
                "required": not known.body_optional,
                "content": {"application/json": {"schema": self._schema(known.body)}},
            }
        if known.rules:
            made["x-policy"] = list(known.rules)
        else:
            made["security"] = []
        return made

    def _success(self, schema: Schema | None, *, versioned: bool) -> dict[str, Any]:
        sent = _HEADERS if versioned else ["X-OpenStack-Request-ID"]
        return {
            "description": "Done",
            "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in sent},
            "content": {"application/json": {"schema": self._schema(schema or {})}},
        }

    def _health(self) -> dict[str, Any]:
        return {
            "operationId": "get_healthcheck",
            "summary": "Whether this process, and the database behind it, can serve",
            "tags": ["service"],
            "security": [],
            "responses": {
                "200": self._success(health.ANSWER, versioned=False),
                **{str(code): _reference(code) for code in (*_ANY, 404)},
            },
        }

    def _schema(self, schema: Any, *, top: bool = False) -> Any:
        """A schema in which those with a title are references to ``components``."""
        if isinstance(schema, list):
            return [self._schema(one) for one in schema]
        if not isinstance(schema, dict):
            return schema
        made = {
            # Properties may be called as keywords are.
            key: {name: self._schema(v) for name, v in value.items()}
            if key == "properties"
            else _ecma(value)
            if key == "pattern"
            else self._schema(value)
            for key, value in schema.items()
        }
        title = schema.get("title")
        if top or not isinstance(title, str):
            return made
        self._schemas[title] = made
        return {"$ref": f"#/components/schemas/{title}"}


def _ecma(pattern: str) -> str:
    """A pattern in the dialect of JSON Schema, in which ``$`` is the end of the text."""
    return pattern.replace(r"\Z", "$")


def _tag(path: str) -> str:
    return {
        "maintenance": "project" if "{project_id}" in path else "session",
        "plan": "session",
        "instance": "constraint",
        "instance_group": "constraint",
        "subscription": "subscription",
        "dead_letters": "subscription",
        "engines": "engine",
    }.get(path.split("/")[2] if path.count("/") > 1 else "", "service")


def _segments(path: str) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": _SEGMENTS.get(name, ""),
            "schema": {"type": "string", "minLength": 1},
        }
        for name in re.findall(r"{(\w+)}", path)
    ]


def _version() -> dict[str, Any]:
    usual = f"{microversion.SERVICE_TYPE} {microversion.HIGHEST}"
    return {
        "name": microversion.HEADER,
        "in": "header",
        "description": f"The version of the API that the client speaks: `{usual}`, or `latest` in "
        f"place of the number. Left out: {microversion.LOWEST}.",
        "schema": {"type": "string", "examples": [usual], "pattern": _MAY_ASK},
    }


def _kinds() -> dict[int, type[exceptions.FenixError]]:
    """The errors that clients meet, by code."""
    found: dict[int, type[exceptions.FenixError]] = {}
    for kind in vars(exceptions).values():
        if isinstance(kind, type) and issubclass(kind, exceptions.FenixError):
            found.setdefault(kind.code, kind)
    return dict(sorted(found.items()))


def _name(kind: type[exceptions.FenixError]) -> str:
    return kind.title.replace(" ", "")


def _refusal(kind: type[exceptions.FenixError]) -> dict[str, Any]:
    text = exceptions.InternalError.__doc__ if kind is exceptions.FenixError else kind.__doc__
    return {
        "description": f"{kind.code}: {(text or '').split('.')[0]}",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }


def _reference(code: int) -> dict[str, str]:
    return {"$ref": f"#/components/responses/{_name(_kinds()[code])}"}


def _refusals(known: Operation, *, versioned: bool, writes: bool) -> dict[str, dict[str, str]]:
    codes = {*_ANY, *known.refusals}
    codes |= {*_WITH_TOKEN} if known.rules else set()
    codes |= {*_OF_WRITES} if known.rules and writes else set()
    codes |= {*_VERSIONED} if versioned else set()
    return {str(code): _reference(code) for code in sorted(codes)}
