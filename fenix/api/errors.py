"""The one place where an error becomes a response (contract section 1).

``{"error": {"code", "title", "message", "request_id"}}``, whoever found the error: this service,
the framework, the token middleware or an engine at the other end of the bus.
"""

from __future__ import annotations

import html
import json
import logging
import re
from typing import Any

import webob
import webob.exc
from keystoneauth1 import exceptions as keystone_exc
from oslo_db import exception as db_exc
from oslo_middleware import request_id
from sqlalchemy import exc as sa_exc

from fenix import exceptions
from fenix.db import trouble

LOG = logging.getLogger(__name__)

_KEPT_HEADERS = ("Allow", "WWW-Authenticate", "Retry-After")
_HIDDEN = "the service failed at this request; its log says why under this request id"
_BY_CODE: dict[int, str] = {
    c.code: c.title
    for c in vars(exceptions).values()
    if isinstance(c, type) and issubclass(c, exceptions.FenixError)
}

#: What database servers fail with; errors of statements and data are of other classes.
_OF_SERVERS = (sa_exc.OperationalError, sa_exc.InternalError)


def document(code: int, title: str, message: str, request: str) -> bytes:
    """The body of every error; ``request`` is the id under which the log speaks of it."""
    error = {"code": code, "title": title, "message": message, "request_id": request}
    return json.dumps({"error": error}).encode()


class WrongVerb(exceptions.MethodNotAllowed):
    """405 with the verbs that do apply."""

    def __init__(self, message: str, allow: list[str]) -> None:
        super().__init__(message)
        self.headers = {"Allow": ", ".join(allow)}


class Errors:
    """WSGI middleware that answers whatever goes wrong behind it."""

    def __init__(self, application: Any) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Pass the request on; answer what is raised, and reshape what others answered."""
        try:
            response = webob.Request(environ).get_response(self._application)
        except Exception as error:
            response = _answer(environ, error)
            if response.status_int == 500:
                LOG.exception("%s %s failed", environ["REQUEST_METHOD"], environ["PATH_INFO"])
        else:
            if response.status_int >= 400:
                response = _reshaped(environ, response)
        return response(environ, start_response)


def _answer(environ: dict[str, Any], error: Exception) -> webob.Response:
    if isinstance(error, exceptions.FenixError):
        message = _HIDDEN if error.code == 500 else _own_words(error)
        return _response(environ, error.code, error.title, message, getattr(error, "headers", None))
    if isinstance(error, webob.exc.HTTPException):
        return _reshaped(environ, error)
    if isinstance(error, db_exc.DBNonExistentTable):
        return _unavailable(environ, "the database has no tables; run 'fenix-manage db upgrade'")
    if isinstance(error, trouble.CannotWork):
        LOG.error("The database fails: %s", _one_line(error.inner_exception))
        return _unavailable(environ, trouble.reason(error) or "")
    if isinstance(error, db_exc.DBConnectionError | sa_exc.TimeoutError):
        return _unavailable(environ, "the database cannot be reached; repeat the request later")
    if isinstance(error, db_exc.DBDeadlock | db_exc.RetryRequest):
        return _unavailable(environ, "the database is too busy; repeat the request later")
    if isinstance(error, db_exc.DBError) and isinstance(error.inner_exception, _OF_SERVERS):
        LOG.error("The database fails: %s", _one_line(error.inner_exception))
        return _unavailable(
            environ,
            "the database fails (it may be full, read-only or overloaded; the log of fenix-api "
            "says how); repeat the request later",
        )
    if isinstance(error, keystone_exc.ClientException):
        return _unavailable(environ, "Keystone cannot be reached; repeat the request later")
    return _response(environ, 500, exceptions.FenixError.title, _HIDDEN)


def _one_line(error: BaseException) -> str:
    """The driver's words, without the statement and its values."""
    return " ".join(str(getattr(error, "orig", error)).split())


def _own_words(error: exceptions.FenixError) -> str:
    # str() of an error that crossed the bus ends with the engine's traceback.
    return str(error.args[0]) if error.args else error.title


def _unavailable(environ: dict[str, Any], message: str) -> webob.Response:
    kind = exceptions.Unavailable
    LOG.warning("%s %s: %s", environ["REQUEST_METHOD"], environ["PATH_INFO"], message)
    return _response(environ, kind.code, kind.title, message)


def _reshaped(environ: dict[str, Any], found: Any) -> webob.Response:
    """A library's error response in our shape; its words and the headers that matter stay."""
    code = found.status_int
    title = _BY_CODE.get(code) or found.status.partition(" ")[2] or "Error"
    headers = {k: found.headers[k] for k in _KEPT_HEADERS if k in found.headers}
    message = _HIDDEN if code == 500 else _words(found) or title
    return _response(environ, code, title, message, headers)


def _words(found: Any) -> str:
    if isinstance(found, webob.exc.HTTPException):
        return str(found.detail or found.explanation or "")
    text = found.body.decode("utf-8", "replace")
    if found.content_type == "application/json":
        try:
            parsed = json.loads(text)
        except ValueError:
            return str(text)
        inner = parsed.get("error", parsed) if isinstance(parsed, dict) else parsed
        return str(inner.get("message", inner)) if isinstance(inner, dict) else str(inner)
    if found.content_type == "text/html":
        text = html.unescape(re.sub(r"<[^>]*>", " ", text))
    return " ".join(text.split()).removeprefix(found.status).strip()


def _response(
    environ: dict[str, Any],
    code: int,
    title: str,
    message: str,
    headers: dict[str, str] | None = None,
) -> webob.Response:
    body = document(code, title, message, environ.get(request_id.ENV_REQUEST_ID, ""))
    made = webob.Response(status=f"{code} {title}", body=body, content_type="application/json")
    made.headers.update(headers or {})
    return made
