"""Refusals of the cloud, with the HTTP status that each service answers."""


class Refused(Exception):
    """A request that is not carried out; ``code`` is the HTTP status."""

    code = 400

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class NoRoute(Refused):
    """404 or 405: the service has no such path or method."""

    code = 404


class BadRequest(Refused):
    """400."""

    code = 400


class Unauthorized(Refused):
    """401."""

    code = 401


class Forbidden(Refused):
    """403."""

    code = 403


class NotFound(Refused):
    """404."""

    code = 404


class Conflict(Refused):
    """409."""

    code = 409
