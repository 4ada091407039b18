"""The one place that knows which concurrency model the process runs on.

``FENIX_CONCURRENCY=threading`` (default) or ``eventlet``. Call :func:`setup` before anything
else is imported; all other code uses :mod:`threading` and :mod:`futurist` only.
"""

from __future__ import annotations

import os
import sys
import warnings

VARIABLE = "FENIX_CONCURRENCY"
THREADING = "threading"
EVENTLET = "eventlet"

#: Seconds after which a thread that computes gives way. Each answer of the database costs its
#: reader some turns: with Python's 5 ms, thirty threads that plan keep one that renews leases
#: waiting for seconds.
_TURN = 0.001


def setup() -> str:
    """Choose oslo.service's backend, and patch the standard library for eventlet.

    :returns: the model in use, ``threading`` or ``eventlet``.
    :raises SystemExit: when the environment names another model.
    """
    model = os.environ.get(VARIABLE, THREADING)
    if model not in (THREADING, EVENTLET):
        raise SystemExit(f"{VARIABLE}={model!r}: use {THREADING!r} or {EVENTLET!r}")
    # futurist imports eventlet wherever it is installed, and eventlet then says at each start
    # that it is deprecated: an operator who runs on threads can do nothing about it.
    warnings.filterwarnings("ignore", message="\\s*Eventlet is deprecated")
    if model == EVENTLET:
        import eventlet

        eventlet.monkey_patch()
    sys.setswitchinterval(_TURN)
    from oslo_service import backend

    backend.init_backend(backend.BackendType(model))
    return model
