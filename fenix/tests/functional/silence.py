"""A server that takes what it is sent and answers nothing."""

from __future__ import annotations

import contextlib
import socket
import threading


class Proxy:
    """Stands between clients and a server; nothing passes from :meth:`hold` to :meth:`go_on`.

    :param keep: put what clients send into ``seen``, one entry for each connection.
    """

    def __init__(self, host: str, port: int, *, keep: bool = False) -> None:
        self._server = (host, port)
        self._keep = keep
        self.seen: list[bytearray] = []
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
            sent = bytearray()
            self.seen.append(sent)
            for *ends, kept in ((client, server, sent), (server, client, bytearray())):
                arguments = (*ends, self._passing, kept if self._keep else None)
                threading.Thread(target=self._pump, args=arguments, daemon=True).start()

    @staticmethod
    def _pump(
        source: socket.socket,
        target: socket.socket,
        passing: threading.Event,
        kept: bytearray | None,
    ) -> None:
        try:
            while data := source.recv(65536):
                if kept is not None:
                    kept.extend(data)
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

    def cut(self) -> None:
        """End the connections that there are."""
        for one in self._sockets[1:]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.go_on()
        for one in self._sockets:
            one.close()
