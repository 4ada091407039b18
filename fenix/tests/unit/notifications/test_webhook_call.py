"""A POST to a server that does as it likes."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable

import testtools

from fenix import exceptions
from fenix.emulator.serve import Tls
from fenix.notifications.webhook import call
from fenix.notifications.webhook.targets import Target
from fenix.tests.certificates import Authority

_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def _read(connection: socket.socket) -> bytes:
    """What comes until the body has come, or something that is no request."""
    got = connection.recv(65536)
    while got.startswith(b"POST") and not got.endswith(b"}"):
        more = connection.recv(65536)
        if not more:
            break
        got += more
    return got


def _secured(connection: socket.socket, context: ssl.SSLContext | None) -> socket.socket:
    return context.wrap_socket(connection, server_side=True) if context else connection


class CallTest(testtools.TestCase):
    """What becomes of a call."""

    def setUp(self) -> None:
        super().setUp()
        self.requests: list[bytes] = []
        self.over = threading.Event()
        self.addCleanup(self.over.set)

    def serve(
        self, answer: Callable[[socket.socket], None], context: ssl.SSLContext | None = None
    ) -> int:
        """A server on the loopback that answers one connection after the other."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def loop() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _peer = listener.accept()
                    with contextlib.suppress(OSError), _secured(connection, context) as connection:
                        self.requests.append(_read(connection))
                        answer(connection)

        threading.Thread(target=loop, daemon=True).start()
        return int(listener.getsockname()[1])

    def post(
        self,
        port: int,
        timeout: float = 30.0,
        scheme: str = "http",
        context: ssl.SSLContext | None = None,
    ) -> int:
        return call.post(
            Target(scheme, "vnfm.example.org", port, "/fenix?a=b"),
            ["127.0.0.1"],
            b'{"a": 1}',
            {"Content-Type": "application/json", "X-Fenix-Signature": "s"},
            context=context or ssl.create_default_context(),
            connect_timeout=10.0,
            timeout=timeout,
        )

    def answered(self, answer: bytes) -> int:
        return self.post(self.serve(lambda connection: connection.sendall(answer)))

    def test_what_is_sent(self) -> None:
        port = self.serve(lambda connection: connection.sendall(_OK))
        self.assertEqual(200, self.post(port))
        head, _, content = self.requests[0].partition(b"\r\n\r\n")
        self.assertTrue(head.startswith(b"POST /fenix?a=b HTTP/1.1\r\n"))
        self.assertIn(b"Host: vnfm.example.org:%d\r\n" % port, head)
        self.assertIn(b"X-Fenix-Signature: s", head)
        self.assertEqual(b'{"a": 1}', content)

    def test_taken(self) -> None:
        for status in (200, 202, 204):
            self.assertEqual(status, self.answered(b"HTTP/1.1 %d x\r\n\r\n" % status))

    def test_not_taken(self) -> None:
        for status in (400, 404, 410, 429, 503):
            error = self.assertRaises(
                exceptions.Unavailable, self.answered, b"HTTP/1.1 %d x\r\n\r\n" % status
            )
            self.assertNotIsInstance(error, exceptions.Unsure)
            self.assertIn(f"answered {status}", str(error))

    def test_a_redirect_is_not_followed(self) -> None:
        other = self.serve(lambda connection: connection.sendall(_OK))
        answer = b"HTTP/1.1 307 x\r\nLocation: http://127.0.0.1:%d/\r\n\r\n" % other
        error = self.assertRaises(exceptions.Unavailable, self.answered, answer)
        self.assertIn("redirects are not followed", str(error))
        self.assertEqual(1, len(self.requests))

    def test_perhaps_taken(self) -> None:
        for answer in (
            b"HTTP/1.1 500 x\r\n\r\n",
            b"HTTP/1.1 502 x\r\n\r\n",
            b"",
            b"nonsense\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 200 + b"\r\n",
            b"HTTP/1.1 " + b"9" * 100000,
        ):
            self.assertRaises(exceptions.Unsure, self.answered, answer)

    def test_nobody_listens(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        error = self.assertRaises(exceptions.Unavailable, self.post, port)
        self.assertNotIsInstance(error, exceptions.Unsure)

    def test_silence(self) -> None:
        port = self.serve(lambda _connection: self.over.wait(60) and None)
        self.assertRaises(exceptions.Unsure, self.post, port, timeout=0.5)

    def test_a_server_that_never_comes_to_an_end(self) -> None:
        """One byte now and then does not keep a thread for longer than the time allowed."""

        def drip(first: bytes) -> int:
            def answer(connection: socket.socket) -> None:
                connection.sendall(first)
                while not self.over.wait(0.05):
                    connection.sendall(b"x")

            return self.serve(answer)

        begun = time.monotonic()
        self.assertRaises(exceptions.Unsure, self.post, drip(b"HTTP/1.1 20"), timeout=1.0)
        # It has said so; what the rest would be does not matter.
        self.assertEqual(200, self.post(drip(b"HTTP/1.1 200 OK\r\nX-Long: "), timeout=1.0))
        # Without a limit it would go on for 65536 bytes, almost an hour.
        self.assertLess(time.monotonic() - begun, 120)

    def test_an_endless_body_is_not_read(self) -> None:
        def flood(connection: socket.socket) -> None:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while not self.over.is_set():
                connection.sendall(b"x" * 65536)

        self.assertEqual(200, self.post(self.serve(flood)))

    def test_a_server_without_tls(self) -> None:
        port = self.serve(lambda connection: connection.sendall(_OK))
        error = self.assertRaises(exceptions.Unavailable, self.post, port, scheme="https")
        self.assertNotIsInstance(error, exceptions.Unsure)
        self.assertNotIn(b"Signature", self.requests[0])

    def serve_tls(self, files: Tls) -> int:
        """A server that shows a certificate, and answers whoever takes it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files.certificate, files.key)

        def answer(connection: socket.socket) -> None:
            connection.sendall(_OK)

        return self.serve(answer, context)

    def test_a_certificate_is_checked_before_anything_is_sent(self) -> None:
        name = "vnfm.example.org"
        authority = Authority(self)
        trusting = ssl.create_default_context(cafile=str(authority.path))
        good = self.serve_tls(authority.issue(name))
        self.assertEqual(200, self.post(good, scheme="https", context=trusting))
        self.assertIn(b"X-Fenix-Signature: s", self.requests[0])
        for files, why in (
            (Authority(self, "stranger").issue(name), "let [webhook] ca_file name the file"),
            (authority.issue(name, expired=True), "certificate has expired; renew it"),
            (authority.issue("other.example.org"), "call the service by a name that is in the"),
        ):
            port = self.serve_tls(files)
            error = self.assertRaises(
                exceptions.Unavailable, self.post, port, scheme="https", context=trusting
            )
            # It is tried again: nothing was sent.
            self.assertNotIsInstance(error, exceptions.Unsure)
            for word in (f"https://{name}:{port}: no connection: ", "[webhook] ca_file", why):
                self.assertIn(word, str(error))
        self.assertEqual(1, len(self.requests))
