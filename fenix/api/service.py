"""``fenix-api`` as a service: look before starting, fork, serve, stop gracefully."""

from __future__ import annotations

import contextlib
import logging
import socket
import sys
import threading
from typing import Any

from keystoneauth1 import exceptions as keystone_exc
from keystonemiddleware import auth_token
from oslo_config import cfg
from oslo_service import service as oslo_service

from fenix import conf as fenix_conf
from fenix import exceptions, logs, policy, tls, version
from fenix.api import auth, deploy, server
from fenix.api.server import CannotServe
from fenix.notifications.webhook import caller

LOG = logging.getLogger(__name__)


class ApiService(oslo_service.ServiceBase):
    """One process that serves; everything but the socket is made in it, after forking."""

    def __init__(self, conf: cfg.ConfigOpts, listener: socket.socket) -> None:
        self._conf = conf
        self._listener = listener
        self._server: server.Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Make the application and serve it in a thread of its own."""
        self._server = server.Server(self._conf, deploy.make_app(self._conf), self._listener)
        self._thread = threading.Thread(target=self._server.serve, name="http", daemon=True)
        self._thread.start()
        host, port = self._listener.getsockname()[:2]
        LOG.info("fenix-api %s listens on %s port %s", version.__version__, host, port)

    def stop(self) -> None:
        """Finish the requests under way."""
        if self._server is not None:
            self._server.stop()

    def wait(self) -> None:
        """Return when the server has stopped."""
        if self._thread is not None:
            self._thread.join()

    def reset(self) -> None:
        """SIGHUP: options are read at the start only."""


def check(conf: cfg.ConfigOpts) -> None:
    """Find out before forking what would stop every worker.

    :raises CannotServe: saying which option is wrong. :raises oslo_config.cfg.Error: likewise.
    """
    for group, options in fenix_conf.list_opts():
        for option in options:  # reading a value is what checks it
            with contextlib.suppress(cfg.NoSuchOptError):  # of an auth plug-in not chosen
                getattr(conf if group == "DEFAULT" else conf[group], option.dest)
    try:
        policy.make_enforcer(conf)
    except Exception as error:  # oslo.policy raises whatever the YAML reader and parser raise
        raise CannotServe(f"[oslo_policy] policy_file: {_line(error)}") from error
    try:
        caller.check(conf)
    except exceptions.Unavailable as error:
        raise CannotServe(str(error)) from error
    if conf.api.ssl_cert_file:
        server.tls(conf)
    elif conf.api.ssl_key_file or conf.api.ssl_client_ca_file:
        raise CannotServe(
            "[api] ssl_key_file or ssl_client_ca_file is set, ssl_cert_file is not; without it the "
            "service would be in the clear"
        )
    if conf.api.auth_strategy == "keystone":
        try:
            auth_token.AuthProtocol(None, auth.keystone_options(conf))
        except (keystone_exc.ClientException, cfg.Error, OSError) as error:
            raise CannotServe(f"[keystone_authtoken]: {_line(error)}") from error
        if not conf.keystone_authtoken.auth_type:
            raise CannotServe(
                "[keystone_authtoken] auth_type is not set, so no token can be validated; "
                "configure it, or set [api] auth_strategy=noauth on a machine of your own"
            )
        try:
            tls.check(conf, "keystone_authtoken")
        except exceptions.Unavailable as error:
            raise CannotServe(str(error)) from error


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def run(argv: list[str], conf: cfg.ConfigOpts | None = None) -> Any:
    """Serve until SIGTERM.

    :param argv: the command line without the program's name.
    :returns: the exit status.
    """
    try:
        conf = fenix_conf.load(argv, conf=conf)
        logs.setup(conf)
        check(conf)
        listener = server.bind(conf)
    except (cfg.Error, CannotServe) as error:
        sys.stderr.write(f"fenix-api: {_line(error)}\n")
        return 1
    service = ApiService(conf, listener)
    return oslo_service.launch(conf, service, workers=conf.api.workers).wait()
