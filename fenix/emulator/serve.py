"""The cloud on a loopback port."""

import dataclasses
import logging
import pathlib
import ssl
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cheroot import errors, wsgi
from cheroot.ssl.builtin import BuiltinSSLAdapter

from fenix.emulator.wsgi import Application

if TYPE_CHECKING:
    from fenix.emulator.cloud import Cloud

LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True)
class Tls:
    """Files in PEM: the server's certificate and key, and the authority that has signed it."""

    certificate: pathlib.Path
    key: pathlib.Path
    authority: pathlib.Path


class _Server(wsgi.Server):
    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
        """What cheroot has to say; a connection that is cut is no news."""
        gone = (ConnectionAbortedError, ssl.SSLError, errors.FatalSSLAlert)
        quiet = isinstance(sys.exc_info()[1], gone)
        LOG.log(logging.DEBUG if quiet else level, "%s", msg, exc_info=traceback)


class EmulatorServer:
    """Serves a cloud's HTTP in threads of this process.

    ``with EmulatorServer(cloud) as server:`` or ``start()`` and ``stop()``; ``url`` is the
    address without a path, ``auth_url`` Keystone's. ``around`` makes of the cloud's WSGI
    application the one that is served, for those who want to see each call. ``tls``: by HTTPS.
    """

    def __init__(
        self,
        cloud: "Cloud",
        host: str = "127.0.0.1",
        port: int = 0,
        threads: int = 16,
        around: Callable[[Application], Callable[..., Any]] | None = None,
        tls: Tls | None = None,
    ) -> None:
        self.cloud = cloud
        self.application = Application(cloud)
        served = self.application if around is None else around(self.application)
        self._server = _Server((host, port), served, numthreads=threads, request_queue_size=128)
        self._server.expiration_interval = 0.02  # stop() waits for one
        if tls is not None:
            self.present(tls)
        self._thread: threading.Thread | None = None

    def present(self, tls: Tls) -> None:
        """Show another certificate, to connections that are made from now on."""
        self._server.ssl_adapter = BuiltinSSLAdapter(str(tls.certificate), str(tls.key))

    @property
    def url(self) -> str:
        """``http://HOST:PORT`` or ``https://…``; the port is known after :meth:`start`."""
        host, port = self._server.bind_addr
        return f"http{'s' if self._server.ssl_adapter else ''}://{host}:{port}"

    @property
    def auth_url(self) -> str:
        """Keystone's URL for keystoneauth and keystonemiddleware."""
        return f"{self.url}/identity/v3"

    def start(self) -> "EmulatorServer":
        """Listen and serve."""
        ready = threading.Event()

        def run() -> None:
            # prepared here, so that cheroot's workers are daemons as this thread is
            try:
                self._server.prepare()
            finally:
                ready.set()
            self._server.serve()

        self._thread = threading.Thread(target=run, name="emulator-http", daemon=True)
        self._thread.start()
        ready.wait()
        return self

    def stop(self) -> None:
        """End serving and the cloud's own thread."""
        self.cloud.close()
        self._server.stop()
        if self._thread is not None:
            self._thread.join()

    def __enter__(self) -> "EmulatorServer":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
