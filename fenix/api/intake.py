"""What comes in is checked before anything looks at it: the path, the query, the body's size.

pecan executes ``_method`` in a query or form as another verb, and fills the arguments of
controllers from both; so the query is kept aside, and neither reaches pecan.
"""

from __future__ import annotations

import dataclasses
import io
import urllib.parse
from typing import Any

from fenix import exceptions

KEY = "fenix.intake"
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_MAX_QUERY_FIELDS = 100


@dataclasses.dataclass(frozen=True, slots=True)
class Intake:
    """A request's query and body; the body is bytes, not yet parsed."""

    query: dict[str, str]
    body: bytes

    @property
    def has_body(self) -> bool:
        """Whether there is more than white space in the body."""
        return bool(self.body.strip())


class IntakeMiddleware:
    """WSGI middleware that reads the request once, within limits.

    A trailing slash is dropped here, so that every path works with and without it.

    :raises BadRequest: a path or query that is not UTF-8, ``_method``, a broken body.
    :raises TooLarge: a body above the limit, announced or chunked.
    """

    def __init__(self, application: Any, limit: int) -> None:
        self._application = application
        self._limit = limit

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Read and check the request, then pass on what is left of it."""
        path = _path(environ.get("PATH_INFO", ""))
        query = _query(environ.get("QUERY_STRING", ""))
        body = self._body(environ)
        if _is_form(environ) and b"_method" in body:
            raise _method_refused()
        inner = dict(environ)
        inner.update(
            {
                KEY: Intake(query, body),
                "PATH_INFO": path.encode().decode("latin-1"),
                "QUERY_STRING": "",
                "CONTENT_TYPE": "application/json",
                "CONTENT_LENGTH": "0",
                "wsgi.input": io.BytesIO(),
                "wsgi.input_terminated": True,
            }
        )
        inner.pop("HTTP_TRANSFER_ENCODING", None)
        return self._application(inner, start_response)

    def _body(self, environ: dict[str, Any]) -> bytes:
        announced = environ.get("CONTENT_LENGTH") or None
        chunked = bool(environ.get("wsgi.input_terminated")) and announced is None
        if announced is None and not chunked:
            return b""
        try:
            length = int(announced) if announced is not None else None
        except ValueError:
            raise exceptions.BadRequest(
                f"Content-Length: {announced!r} is not a number of bytes"
            ) from None
        if length is not None and not 0 <= length <= self._limit:
            raise self._too_large()
        try:
            body: bytes = environ["wsgi.input"].read(self._limit + 1 if length is None else length)
        except (OSError, ValueError) as error:
            raise exceptions.BadRequest(f"the body could not be read: {error}") from None
        if len(body) > self._limit:
            raise self._too_large()
        if length is not None and len(body) < length:
            raise exceptions.BadRequest(
                f"the body ended after {len(body)} of {length} announced bytes"
            )
        return body

    def _too_large(self) -> exceptions.TooLarge:
        return exceptions.TooLarge(
            f"the body is longer than {self._limit} bytes; the operator can raise "
            f"[api] max_request_body_size"
        )


def of(environ: dict[str, Any]) -> Intake:
    """The intake of the present request."""
    found: Intake = environ[KEY]
    return found


def _path(raw: str) -> str:
    """The path as text, without trailing slashes; ``/`` stays."""
    try:
        path = raw.encode("latin-1").decode("utf-8")
    except UnicodeError:
        raise exceptions.BadRequest("the path is not UTF-8; percent-encode it as UTF-8") from None
    if not path.isprintable():
        raise exceptions.BadRequest("the path contains what cannot be printed; no id does")
    return path.rstrip("/") or "/"


def _query(raw: str) -> dict[str, str]:
    try:
        fields = urllib.parse.parse_qsl(
            raw, keep_blank_values=True, errors="strict", max_num_fields=_MAX_QUERY_FIELDS
        )
    except ValueError as error:
        raise exceptions.BadRequest(f"the query cannot be read: {error}") from None
    query = dict(fields)
    if "_method" in query:
        raise _method_refused()
    for name, value in query.items():
        if "\0" in name or "\0" in value:
            raise exceptions.BadRequest("the query contains a NUL character; remove it")
    return query


def _is_form(environ: dict[str, Any]) -> bool:
    kind = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    return kind in _FORMS


def _method_refused() -> exceptions.BadRequest:
    return exceptions.BadRequest(
        "_method: a verb is not overridden by a query or form; send the request with the verb "
        "itself"
    )
