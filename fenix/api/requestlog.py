"""One line in the log for each request."""

from __future__ import annotations

import logging
import time
from typing import Any

import webob

from fenix.api import auth, health

LOG = logging.getLogger(__name__)

#: Asked so often that the log would hold little else.
_QUIET = frozenset({health.PATH, *auth.PUBLIC_PATHS})


class RequestLog:
    """WSGI middleware that notes who asked for what, the answer, and the seconds it took."""

    def __init__(self, application: Any) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Pass the request on, and log the answer."""
        begun = time.monotonic()
        response = webob.Request(environ).get_response(self._application)
        path = environ.get("PATH_INFO", "")
        LOG.log(
            logging.DEBUG if path in _QUIET else logging.INFO,
            '%s "%s %r" %s %s bytes %.3f s',
            environ.get("REMOTE_ADDR", "-"),
            environ["REQUEST_METHOD"],
            path,
            response.status_int,
            response.content_length,
            time.monotonic() - begun,
        )
        return response(environ, start_response)
