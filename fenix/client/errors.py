"""What can go wrong in a call to Fenix."""

from __future__ import annotations

from typing import ClassVar


class ClientError(Exception):
    """Base of all errors of this package; ``str(error)`` can be shown to a user."""


class DecodeError(ClientError):
    """A webhook's body is not an event of Fenix; the message says which part is wrong."""


class Unreachable(ClientError):
    """No answer came: the service, or Keystone before it, could not be reached."""


class RequestError(ClientError):
    """The service refused or failed a request.

    :ivar message: the service's own words: what was wrong, and what to do.
    :ivar code: the HTTP status.
    :ivar request_id: under this id the service's log has the request; None when it named none.
    """

    status: ClassVar[int | None] = None

    def __init__(self, message: str, code: int, request_id: str | None = None) -> None:
        told = f"HTTP {code}" + (f", request {request_id}" if request_id else "")
        super().__init__(f"{message} ({told})")
        self.message = message
        self.code = code
        self.request_id = request_id


class BadRequest(RequestError):
    """400: malformed; the message names the field and shows the value."""

    status = 400


class Unauthorized(RequestError):
    """401: no valid token."""

    status = 401


class Forbidden(RequestError):
    """403: not allowed to this caller."""

    status = 403


class NotFound(RequestError):
    """404: no such session, instance or row for this caller."""

    status = 404


class Conflict(RequestError):
    """409: not possible in the present state."""

    status = 409


class Unprocessable(RequestError):
    """422: well-formed, but impossible: an unknown host, workflow or action."""

    status = 422


class TooManyRequests(RequestError):
    """429: the project writes more often than is allowed; nothing was done.

    The client waits and sends the request again, some times; this comes after that.
    """

    status = 429


class Unavailable(RequestError):
    """503: no engine, or a service behind it, answered in time."""

    status = 503


class SessionLimit(RequestError):
    """509: as many sessions are live as the service allows."""

    status = 509


_BY_STATUS = {kind.status: kind for kind in RequestError.__subclasses__()}


def of_status(code: int) -> type[RequestError]:
    """The class for an HTTP status."""
    return _BY_STATUS.get(code, RequestError)
