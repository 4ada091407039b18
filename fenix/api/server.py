"""An HTTP server for the application: cheroot, on a socket that is bound before forking."""

from __future__ import annotations

import ipaddress
import logging
import socket
import ssl
from typing import Any

from cheroot import errors as cheroot_errors
from cheroot import server as cheroot_server
from cheroot import wsgi
from cheroot.ssl import builtin
from oslo_config import cfg
from oslo_context import context

from fenix import exceptions
from fenix.api import errors

LOG = logging.getLogger(__name__)

_BACKLOG = 128
#: Tokens and catalogues travel in headers.
_MAX_HEADERS = 262144
#: Seconds that requests under way are given when the server stops.
_GRACE = 30


class CannotServe(exceptions.FenixError):
    """The configuration does not describe a server that can run here."""


def bind(conf: cfg.ConfigOpts) -> socket.socket:
    """Listen where ``[api]`` says.

    :raises CannotServe: the address is taken or not of this machine, or is not loopback although
        callers are not authenticated.
    """
    host, port = conf.api.host, conf.api.port
    where = f"[api] host={host} port={port}"
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise CannotServe(f"{where}: {error}") from None
    if conf.api.auth_strategy == "noauth" and not ipaddress.ip_address(address[0]).is_loopback:
        raise CannotServe(
            f"{where}: with auth_strategy=noauth everybody is admin, so only loopback "
            f"(127.0.0.1 or ::1) is served"
        )
    listener = socket.socket(family, kind, proto)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise CannotServe(f"{where}: cannot listen there: {error.strerror}") from None
    return listener


class Server:
    """A server of one process.

    :param listener: from :func:`bind`; several processes may share it.
    """

    def __init__(self, conf: cfg.ConfigOpts, application: Any, listener: socket.socket) -> None:
        self._server = _Cheroot(
            listener.getsockname()[:2],
            application,
            numthreads=conf.api.threads,
            max=conf.api.threads,
            request_queue_size=_BACKLOG,
            shutdown_timeout=_GRACE,
            server_name=socket.gethostname(),
        )
        self._server.listener = listener
        self._server.max_request_header_size = _MAX_HEADERS
        if conf.api.ssl_cert_file:
            self._server.ssl_adapter = tls(conf)

    def serve(self) -> None:
        """Serve until :meth:`stop`."""
        self._server.start()

    def stop(self) -> None:
        """Accept nothing more, finish what is under way."""
        self._server.stop()


class _Request(cheroot_server.HTTPRequest):
    """A request that never reaches the application is refused in our shape, too."""

    def simple_response(self, status: str | int, msg: str = "") -> None:
        """Refuse what is not HTTP as this server speaks it, and close the connection."""
        code, _, title = str(status).partition(" ")
        body = errors.document(int(code), title, msg or title, context.generate_request_id())
        head = (
            f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        self.close_connection = True
        try:
            self.conn.wfile.write(head.encode("latin-1") + body)
        except OSError as error:
            if error.errno not in cheroot_errors.socket_errors_to_ignore:
                raise


class _Connection(cheroot_server.HTTPConnection):
    RequestHandlerClass = _Request


class _Cheroot(wsgi.Server):
    """cheroot on a socket that exists already, with its complaints in our log."""

    ConnectionClass = _Connection
    version = "fenix-api"
    listener: socket.socket

    def bind(self, family: int, type: int, proto: int = 0) -> socket.socket:  # noqa: A002
        """Take the socket that was bound before.

        Head and body of an answer are written one after the other; without TCP_NODELAY the body
        waits until the client has acknowledged the head, which it delays by some 40 ms.
        """
        self.listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = self.listener
        return self.listener

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
        """Log what went wrong between the socket and the application."""
        LOG.log(level, "%s", msg, exc_info=traceback)


def tls(conf: cfg.ConfigOpts) -> Any:
    """The adapter for ``[api] ssl_cert_file``, ``ssl_key_file`` and ``ssl_client_ca_file``.

    :raises CannotServe: when the files do not make a certificate and its key.
    """
    try:
        adapter = builtin.BuiltinSSLAdapter(conf.api.ssl_cert_file, conf.api.ssl_key_file)
        if conf.api.ssl_client_ca_file:
            adapter.context.load_verify_locations(cafile=conf.api.ssl_client_ca_file)
            adapter.context.verify_mode = ssl.CERT_REQUIRED
        return adapter
    except (OSError, ValueError, TypeError) as error:
        raise CannotServe(
            f"[api] ssl_cert_file={conf.api.ssl_cert_file} "
            f"ssl_key_file={conf.api.ssl_key_file} "
            f"ssl_client_ca_file={conf.api.ssl_client_ca_file}: {error}"
        ) from None
