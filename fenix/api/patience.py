"""An answer in time, whatever hangs behind it.

A database that is stopped, or whose disk is, takes statements and never answers; a Keystone may do
the same. What waits for them is left to itself, and the client is told.
"""

from __future__ import annotations

import logging
from typing import Any

import webob
from oslo_config import cfg

from fenix import exceptions
from fenix.api import auth
from fenix.rpc import background

LOG = logging.getLogger(__name__)

#: Seconds beyond the longest wait for an engine.
_MARGIN = 5
#: Requests that may hang, for each thread that serves, before others are refused at once.
_HANGING = 4
_REFUSAL = (
    "too many requests wait for the database or Keystone; check that they answer, then repeat the "
    "request"
)


class Patience:
    """WSGI middleware that waits so long for an answer, and no longer.

    :raises Unavailable: no answer came; what was asked for may still be done.
    """

    def __init__(self, application: Any, conf: cfg.ConfigOpts) -> None:
        self._application = application
        self._seconds = conf.api.rpc_timeout + _MARGIN
        self._calls = background.Limited(conf.api.threads * _HANGING, _REFUSAL)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Pass the request on in a thread that can be left behind."""
        request = webob.Request(environ)
        try:
            response = self._calls.run(
                lambda: request.get_response(self._application), self._seconds
            )
        except TimeoutError:
            LOG.error(
                "%s %r has no answer after %d s; the database or Keystone hangs.",
                environ["REQUEST_METHOD"],
                environ["PATH_INFO"],
                self._seconds,
            )
            raise exceptions.Unavailable(
                f"no answer within {self._seconds} s: the database or Keystone hangs; repeat the "
                f"request later (what it asked for may have been done)"
            ) from None
        if auth.KEY in environ:
            # Lines of the log name the request that the present thread works on.
            auth.context_of(environ).update_store()
        return response(environ, start_response)
