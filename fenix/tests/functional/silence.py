"""A server that takes what it is sent and answers nothing."""

from __future__ import annotations

import socket
import threading


class Proxy:
    """Stands between clients and a server; nothing passes from :meth:`hold` to :meth:`go_on`."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._passing = threading.Event()
        self._passing.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._sockets = [self._listener]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._server)
            self._sockets += [client, server]
            for ends in ((client, server), (server, client)):
                pump = threading.Thread(target=self._pump, args=(*ends, self._passing), daemon=True)
                pump.start()

    @staticmethod
    def _pump(source: socket.socket, target: socket.socket, passing: threading.Event) -> None:
        try:
            while data := source.recv(65536):
                passing.wait()
                target.sendall(data)
        except OSError:
            return
        target.close()

    def hold(self) -> None:
        self._passing.clear()

    def go_on(self) -> None:
        self._passing.set()

    def only_new(self) -> None:
        """Connections that are made from now on pass; those that hang do so for ever."""
        self._passing = threading.Event()
        self._passing.set()

    def close(self) -> None:
        self.go_on()
        for one in self._sockets:
            one.close()
