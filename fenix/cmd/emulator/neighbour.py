"""Another application in the cloud, whose manager is silent until it is told to answer."""

from __future__ import annotations

import http.server
import threading
from typing import Any

from fenix.client import Client, ProjectEvent, decode


class Neighbour:
    """The manager; Aodh calls it at ``url`` between :meth:`start` and :meth:`stop`."""

    def __init__(self) -> None:
        self._client: Client | None = None
        self._lock = threading.Lock()
        self._asked: list[ProjectEvent] = []
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        self._serving = threading.Thread(target=self._server.serve_forever, daemon=True)

    def start(self) -> Neighbour:
        """Listen."""
        self._serving.start()
        return self

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._serving.join()
        self._server.server_close()

    def answer(self, client: Client) -> None:
        """Agree to everything from now on, and to what was asked last."""
        with self._lock:
            self._client = client
            last = self._asked[-1:]
        for event in last:
            client.replies.accept(event)

    def _heard(self, event: ProjectEvent) -> None:
        with self._lock:
            self._asked.append(event)
            client = self._client
        if client is not None and event.expects_reply:
            client.replies.accept(event)

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        heard = self._heard

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                event = decode(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.end_headers()
                if isinstance(event, ProjectEvent):
                    heard(event)

            def log_message(self, *_: Any) -> None:
                """Nobody wants to read it."""

        return Handler
