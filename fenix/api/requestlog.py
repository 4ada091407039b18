"""One line in the log for each request."""

from __future__ import annotations

import logging
import re
import time
from typing import Any

import webob
from oslo_middleware import request_id

from fenix import context
from fenix.api import auth, health

LOG = logging.getLogger(__name__)

#: Asked so often that the log would hold little else.
_QUIET = frozenset({health.PATH, *auth.PUBLIC_PATHS})
_SESSION = re.compile(r"/v1/maintenance/([0-9a-fA-F-]{36})(/|$)")


def _session_id(environ: dict[str, Any]) -> str | None:
    found = _SESSION.match(environ.get("PATH_INFO", ""))
    return found and found[1].lower()


class RequestLog:
    """WSGI middleware that notes who asked for what, the answer, and the seconds it took."""

    def __init__(self, application: Any) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Pass the request on, and log the answer.

        What is logged meanwhile carries the ids of the request and of the session in its URL.
        """
        begun = time.monotonic()
        environ[context.SESSION] = _session_id(environ)
        context.begin(environ.get(request_id.ENV_REQUEST_ID, ""), environ[context.SESSION])
        try:
            return self._logged(environ, start_response, begun)
        finally:
            context.forget()

    def _logged(self, environ: dict[str, Any], start_response: Any, begun: float) -> Any:
        response = webob.Request(environ).get_response(self._application)
        path = environ.get("PATH_INFO", "")
        # What answered may have left a context of its own to this thread.
        context.begin(environ.get(request_id.ENV_REQUEST_ID, ""), environ[context.SESSION])
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
