"""The parent that engines and APIs fork from: everything is imported once, so a start is cheap.

``python -m chaoskit.nursery LISTENER``: commands come as JSON lines on standard input, ``{"kind":
"engine" | "api", "conf": PATH, "log": PATH}``; every child says ``{"ready": PID}`` on standard
output when it works, and the nursery ``{"born": PID}`` and ``{"ended": PID}``. It has one thread
and no connection. When its input ends, its children are killed.
"""

import ctypes
import gc
import json
import os
import pathlib
import select
import signal
import socket
import sys
import threading
import traceback

_PR_SET_PDEATHSIG = 1
_tell = 1
_LOOK = 0.05


def main(listener_fd):
    """Serve until the input ends."""
    from fenix import concurrency

    concurrency.setup()
    # What is printed by anything else goes to the log.
    tell = os.dup(1)
    os.dup2(2, 1)
    global _tell
    _tell = tell
    _preload()
    gc.collect()
    gc.freeze()
    listener = socket.socket(fileno=int(listener_fd))
    children = set()
    _say({"preloaded": os.getpid()})
    unread = b""
    while True:
        if select.select([0], [], [], _LOOK)[0]:
            found = os.read(0, 65536)
            if not found:
                break
            *lines, unread = (unread + found).split(b"\n")
            for line in lines:
                children.add(_fork(json.loads(line), listener))
        _reap(children)
    for pid in children:
        os.kill(pid, signal.SIGKILL)


def _preload():
    """Import what a child would import, drivers that are looked up by name too."""
    import amqp  # noqa: F401
    import kombu.transport.pyamqp  # noqa: F401
    import novaclient.v2.client  # noqa: F401
    import oslo_messaging._drivers.impl_rabbit  # noqa: F401
    import psycopg2  # noqa: F401
    import pymysql  # noqa: F401
    from keystoneauth1 import loading

    from chaoskit import actions  # noqa: F401
    from fenix.api import deploy, server, service  # noqa: F401
    from fenix.engine import service as engine_service  # noqa: F401

    loading.get_plugin_loader("password")


def _reap(children):
    while children:
        pid, _status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        children.discard(pid)
        _say({"ended": pid})


def _fork(order, listener):
    parent = os.getpid()
    pid = os.fork()
    if pid:
        _say({"born": pid})
        return pid
    try:
        _die_with(parent)
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(log, 1)
        os.dup2(log, 2)
        _CHILDREN[order["kind"]](pathlib.Path(order["conf"]), listener)
    except BaseException:  # noqa: BLE001 - a child never returns
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(1)


def _die_with(parent):
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _say(message):
    """One write for each line: children use the same pipe."""
    os.write(_tell, json.dumps(message).encode() + b"\n")


def _until_told(service):
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    _say({"ready": os.getpid()})
    while not told.wait(0.2):
        pass
    service.stop()
    os._exit(0)


def _configured(path):
    from oslo_config import cfg
    from oslo_log import log

    from fenix import conf as fenix_conf

    conf = fenix_conf.load(["--config-file", str(path)], conf=cfg.CONF)
    log.setup(conf, "fenix")
    return conf


def _engine(path, _listener):
    from chaoskit import actions
    from fenix.engine.plugins import Plugins
    from fenix.engine.service import Engine

    conf = _configured(path)
    plugins = Plugins(conf)
    plugins.actions.update(actions.PLUGINS)
    engine = Engine(conf, plugins=plugins)
    engine.start()
    _until_told(engine)


def _api(path, listener):
    from fenix.api.service import ApiService

    api = ApiService(_configured(path), listener)
    api.start()
    _until_told(api)


_CHILDREN = {"engine": _engine, "api": _api}

if __name__ == "__main__":
    main(*sys.argv[1:])
