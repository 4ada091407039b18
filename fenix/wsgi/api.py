"""``fenix.wsgi.api:application``, for uWSGI, mod_wsgi, gunicorn and the like.

The application is made at the first request, that is after the server has forked. It reads
``/etc/fenix/fenix.conf``, or the files that ``OS_FENIX_CONFIG_FILES`` names, separated by ``;``.
"""

from __future__ import annotations

import os
import threading
from typing import Any

from fenix import concurrency

concurrency.setup()

FILES = "OS_FENIX_CONFIG_FILES"

_lock = threading.Lock()
_made: list[Any] = []


def _make() -> Any:
    from fenix import conf as fenix_conf
    from fenix import logs
    from fenix.api import deploy

    named = [name for name in os.environ.get(FILES, "").split(";") if name]
    conf = fenix_conf.load([], default_config_files=named or None)
    logs.setup(conf)
    return deploy.make_app(conf)


def application(environ: dict[str, Any], start_response: Any) -> Any:
    """The WSGI application."""
    with _lock:
        if not _made:
            _made.append(_make())
    return _made[0](environ, start_response)
