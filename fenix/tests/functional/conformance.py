"""Holds every answer of the API against the API's own description of itself."""

from __future__ import annotations

import functools
import json
from typing import Any

import jsonschema
import webob

from fenix.api.controllers.root import _description

DOCUMENT: dict[str, Any] = _description("https://cloud.example.org:12347")


def template(path: str) -> str | None:
    """The path of the description that a request's path is an instance of."""
    segments = (path.rstrip("/") or "/").split("/")
    found = [
        known
        for known in DOCUMENT["paths"]
        if len(known.split("/")) == len(segments)
        and all(
            s == k or (k.startswith("{") and s)
            for s, k in zip(segments, known.split("/"), strict=True)
        )
    ]
    # Fixed segments come before names.
    return min(found, key=lambda known: known.count("{"), default=None)


def _closed(schema: Any) -> Any:
    """The same, but answers of which all fields are known have no others.

    Clients are to ignore what they do not know, so the description does not say so.
    """
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: _closed(value) for key, value in schema.items()}
    fields = made.get("properties")
    if isinstance(fields, dict) and made.get("required") == sorted(fields):
        made["additionalProperties"] = False
    return made


@functools.cache
def _validator(pointer: str) -> Any:
    strict = _closed(DOCUMENT)
    return jsonschema.Draft202012Validator({"$ref": f"#{pointer}", **strict})


def check(method: str, path: str, response: Any) -> None:
    """Hold an answer against the description.

    :param response: with ``status_code``, ``text`` and ``json()``, as of requests.
    :raises AssertionError: the code or the body is not as described.
    """
    known = template(path)
    item = DOCUMENT["paths"].get(known, {})
    # Verbs are in capitals; others are verbs of somebody else.
    operation = item.get(method.lower()) if method.isupper() else None
    what = f"{method} {path}: {response.status_code} {response.text[:500]}"
    if operation is None:
        assert response.status_code >= 400, f"it is not in the API's description: {what}"
        _conforms("/components/schemas/Error", response, what)
        return
    codes = operation["responses"]
    assert str(response.status_code) in codes, f"the description has only {list(codes)}: {what}"
    if response.status_code == 200:
        place = _pointer("paths", str(known), method.lower(), "responses", "200")
        _conforms(f"{place}/content/application~1json/schema", response, what)
    else:
        _conforms("/components/schemas/Error", response, what)


def _pointer(*steps: str) -> str:
    escaped = (s.replace("~", "~0").replace("/", "~1") for s in steps)
    return "".join(f"/{s.replace('{', '%7B').replace('}', '%7D')}" for s in escaped)


def _conforms(pointer: str, response: Any, what: str) -> None:
    assert response.headers["Content-Type"] == "application/json", what
    for error in _validator(pointer).iter_errors(json.loads(response.text)):
        raise AssertionError(f"{error.json_path}: {error.message}: {what}")


class Conforming:
    """WSGI middleware around the whole application, for tests."""

    def __init__(self, application: Any) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = webob.Request(environ)
        method, path = request.method, environ.get("PATH_INFO", "")
        preflight = method == "OPTIONS" and "HTTP_ORIGIN" in environ
        other = "HTTP_ACCEPT" in environ and path.rstrip("/") == "/healthcheck"
        response = request.get_response(self._application)
        if not (method == "HEAD" or preflight or other):
            check(method, path, response)
        return response(environ, start_response)
