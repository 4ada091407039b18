"""Every error of the service, each with the HTTP code it is answered with.

One place (:mod:`fenix.api.errors`) turns them into responses; they also cross the RPC between
API and engine, so each is made from its message alone.
"""

from __future__ import annotations

from typing import ClassVar


class FenixError(Exception):
    """Base of all errors; ``str(error)`` says what was wrong, where, and what to do."""

    code: ClassVar[int] = 500
    title: ClassVar[str] = "Internal Server Error"


class BadRequest(FenixError):
    """Malformed input or a schema violation; the message names the field and the value."""

    code = 400
    title = "Bad Request"


class Unauthorized(FenixError):
    """No valid token."""

    code = 401
    title = "Unauthorized"


class Forbidden(FenixError):
    """The caller may not do this."""

    code = 403
    title = "Forbidden"


class NotFound(FenixError):
    """The session, instance or row does not exist for this caller."""

    code = 404
    title = "Not Found"


class MethodNotAllowed(FenixError):
    """The resource exists, the verb does not apply to it."""

    code = 405
    title = "Method Not Allowed"


class NotAcceptable(FenixError):
    """The version of the API that the client speaks is not served."""

    code = 406
    title = "Not Acceptable"


class Conflict(FenixError):
    """Not allowed in the present state."""

    code = 409
    title = "Conflict"


class TooLarge(FenixError):
    """The request body exceeds the limit."""

    code = 413
    title = "Request Entity Too Large"


class Unprocessable(FenixError):
    """Well-formed but impossible."""

    code = 422
    title = "Unprocessable Entity"


class TooManyRequests(FenixError):
    """The project writes more often than is allowed; Retry-After says how long to wait.

    Nothing was done, so that the same request may be sent again.
    """

    code = 429
    title = "Too Many Requests"


class InternalError(FenixError):
    """A defect of the service itself."""


class Unavailable(FenixError):
    """No engine, or a service behind it, answered in time."""

    code = 503
    title = "Service Unavailable"


class Unsure(Unavailable):
    """What was sent may have arrived, or not: the answer did not come."""


class Undeliverable(FenixError):
    """What was to be sent will never be taken; trying again does not help."""


class SessionLimit(FenixError):
    """``[engine] max_sessions`` live sessions exist already."""

    code = 509
    title = "Session Limit Reached"


class LostLease(FenixError):
    """Another engine has taken the session over: stop at once, write nothing."""


class PluginError(FenixError):
    """A configured plug-in cannot be loaded."""


class CloudError(FenixError):
    """The cloud refused or failed a call; ``retriable`` says whether trying again may help."""

    code = 503
    title = "Service Unavailable"
    retriable: ClassVar[bool] = True


class CloudUntrusted(CloudError):
    """A server of the cloud did not prove who it is; nothing was sent to it."""


class CloudRefused(CloudError):
    """The cloud will answer the same call the same way (for example 400, 403)."""

    retriable = False


class CloudBusy(CloudError):
    """The cloud refuses the call in the present state of the server (409)."""


class CloudNotFound(CloudError):
    """The server or service does not exist (any more)."""

    retriable = False
