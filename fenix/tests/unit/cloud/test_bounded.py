"""Answers that do not end by themselves."""

from __future__ import annotations

import socket
import threading
import tracemalloc

import requests
import testtools

from fenix.cloud import bounded

_MIB = 1024 * 1024


class BoundedTest(testtools.TestCase):
    """A server that sends what a test says, over and over."""

    def setUp(self) -> None:
        super().setUp()
        self.over = threading.Event()
        self.addCleanup(self.over.set)

    def serve(self, head: bytes, piece: bytes, pause: float) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def loop() -> None:
            try:
                while True:
                    connection, _peer = listener.accept()
                    with connection:
                        connection.recv(65536)
                        self._send(connection, head, piece, pause)
            except OSError:
                return

        threading.Thread(target=loop, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"

    def _send(self, connection: socket.socket, head: bytes, piece: bytes, pause: float) -> None:
        try:
            connection.sendall(head)
            while piece and not self.over.wait(pause):
                connection.sendall(piece)
        except OSError:
            return

    def get(self, url: str, seconds: float = 30.0, size: int = _MIB) -> requests.Response:
        session = requests.Session()
        self.addCleanup(session.close)
        bounded.bound(session, seconds, size)
        # Silence alone would not end any of this for a long time.
        return session.get(url, timeout=600)

    def refused(self, url: str, seconds: float = 30.0, size: int = _MIB) -> str:
        error = self.assertRaises(requests.RequestException, self.get, url, seconds, size)
        return str(error)

    def test_one_that_ends(self) -> None:
        url = self.serve(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"", 0)
        self.assertEqual("hello", self.get(url).text)
        url = self.serve(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello", b"", 0)
        self.assertEqual("hello", self.get(url).text)

    def test_a_body_that_drips(self) -> None:
        url = self.serve(b"HTTP/1.1 200 OK\r\n\r\n[", b" ", 0.05)
        self.assertIn("timed out", self.refused(url, seconds=1.0).lower())

    def test_a_head_that_drips(self) -> None:
        for head in (b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\nX-Long: "):
            url = self.serve(head, b"0", 0.05)
            self.assertIn("timed out", self.refused(url, seconds=1.0).lower())

    def test_a_body_without_an_end(self) -> None:
        url = self.serve(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536, 0)
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        self.assertIn(f"the answer is longer than {_MIB} bytes", self.refused(url))
        _now, peak = tracemalloc.get_traced_memory()
        self.assertLess(peak, 8 * _MIB)

    def test_a_length_that_is_announced(self) -> None:
        url = self.serve(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", b"x" * 65536, 0)
        self.assertIn(f"the answer is longer than {_MIB} bytes", self.refused(url))
