"""The cloud on a loopback port."""

import logging
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cheroot import wsgi

from fenix.emulator.wsgi import Application

if TYPE_CHECKING:
    from fenix.emulator.cloud import Cloud

LOG = logging.getLogger(__name__)


class _Server(wsgi.Server):
    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
        """What cheroot has to say; a connection that a fault cuts is no news."""
        quiet = isinstance(sys.exc_info()[1], ConnectionAbortedError)
        LOG.log(logging.DEBUG if quiet else level, "%s", msg, exc_info=traceback)


class EmulatorServer:
    """Serves a cloud's HTTP in threads of this process.

    ``with EmulatorServer(cloud) as server:`` or ``start()`` and ``stop()``; ``url`` is the
    address without a path, ``auth_url`` Keystone's. ``around`` makes of the cloud's WSGI
    application the one that is served, for those who want to see each call.
    """

    def __init__(
        self,
        cloud: "Cloud",
        host: str = "127.0.0.1",
        port: int = 0,
        threads: int = 16,
        around: Callable[[Application], Callable[..., Any]] | None = None,
    ) -> None:
        self.cloud = cloud
        self.application = Application(cloud)
        served = self.application if around is None else around(self.application)
        self._server = _Server((host, port), served, numthreads=threads, request_queue_size=128)
        self._server.expiration_interval = 0.02  # stop() waits for one
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """``http://HOST:PORT``; the port is known after :meth:`start`."""
        host, port = self._server.bind_addr
        return f"http://{host}:{port}"

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
