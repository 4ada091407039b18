"""fenix-api on a socket: what a network adds, and what an operator sees of the command."""

from __future__ import annotations

import contextlib
import http.client
import io
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from typing import Any

from oslo_config import cfg

import fenix
from fenix.api import server, service
from fenix.tests import base

_ROOT = str(pathlib.Path(fenix.__file__).parent.parent)
_PATIENCE = 30.0


class SocketTest(base.ApiTestCase):
    sections = {"api": {"port": 0, "threads": 4, "max_request_body_size": 2000}}

    def setUp(self) -> None:
        super().setUp()
        listener = server.bind(self.service.conf)
        self.port = listener.getsockname()[1]
        self.server = server.Server(self.service.conf, self.service.app, listener)
        thread = threading.Thread(target=self.server.serve, daemon=True)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.stop)

    def exchange(self, raw: bytes) -> bytes:
        """Send bytes, and read what comes until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def test_a_connection_is_kept(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        self.addCleanup(connection.close)
        for _ in range(3):
            connection.request("GET", "/v1/maintenance")
            response = connection.getresponse()
            self.assertEqual((200, b'{"session_id": []'), (response.status, response.read()[:17]))

    def test_a_body_does_not_wait_for_the_head_to_be_acknowledged(self) -> None:
        self.exchange(b"GET / HTTP/1.0\r\n\r\n")
        # What is accepted inherits it.
        bound = self.server._server.socket
        self.assertTrue(bound.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    def test_chunks(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        self.addCleanup(connection.close)
        chunks = [b'{"lead_', b'time": 60}']
        connection.request("PUT", "/v1/instance/i", iter(chunks), encode_chunked=True)
        response = connection.getresponse()
        self.assertEqual((200, True), (response.status, b'"lead_time": 60' in response.read()))

    def test_chunks_that_are_too_many(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        self.addCleanup(connection.close)
        connection.request("PUT", "/v1/instance/i", iter([b" " * 1000] * 3), encode_chunked=True)
        response = connection.getresponse()
        body = response.read()
        self.assertEqual(413, response.status)
        self.assertIn(b'"message": "the body is longer than 2000 bytes', body)

    def test_a_body_that_is_announced_too_long(self) -> None:
        answer = self.exchange(
            b"PUT /v1/instance/i HTTP/1.1\r\nHost: x\r\nContent-Length: 2001\r\n\r\n"
        )
        self.assertIn(b"413 ", answer.splitlines()[0])
        self.assertIn(b'"code": 413', answer)

    def test_what_is_not_http_is_answered_in_our_shape(self) -> None:
        for raw in (
            b"nonsense\r\n\r\n",
            b"GET /v1 HTTP/1.1\r\nHost: x\r\nContent-Length: nine\r\n\r\n",
            b"GET /v1 HTTP/9.9\r\nHost: x\r\n\r\n",
            b"PUT /v1/instance/i HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
        ):
            with self.subTest(raw):
                answer = self.exchange(raw)
                self.assertIn(b"Content-Type: application/json", answer)
                self.assertIn(b'{"error": {"code": ', answer)

    def test_chunks_that_are_none(self) -> None:
        answer = self.exchange(
            b"PUT /v1/instance/i HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
        )
        self.assertIn(b"400 ", answer.splitlines()[0])
        self.assertIn(b"the body could not be read", answer)

    def test_a_path_of_every_byte(self) -> None:
        path = b"".join(b"%%%02x" % i for i in range(256))
        answer = self.exchange(b"GET /v1/instance/" + path + b" HTTP/1.0\r\nHost: x\r\n\r\n")
        self.assertIn(b"400 ", answer.splitlines()[0])


class CommandTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fenix-test-"))
        self.addCleanup(shutil.rmtree, self.folder)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def write(self, **api: Any) -> str:
        api = {"port": self.port, "auth_strategy": "noauth", **api}
        path = self.folder / "fenix.conf"
        path.write_text(
            "[DEFAULT]\ntransport_url = fake://\n"
            f"[database]\nconnection = sqlite:///{self.folder}/fenix.sqlite\n[api]\n"
            + "".join(f"{k} = {v}\n" for k, v in api.items() if v is not None)
        )
        return str(path)

    def start(self, config: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "fenix.cmd.api", "--config-file", config],
            env={**os.environ, "PYTHONPATH": _ROOT},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.addCleanup(process.stdout.close)  # type: ignore[union-attr]
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def get(self, path: str, context: ssl.SSLContext | None = None) -> Any:
        """Ask until somebody listens."""
        until = time.monotonic() + _PATIENCE
        while True:
            connection: http.client.HTTPConnection = (
                http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=10)
                if context
                else http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            )
            try:
                connection.request("GET", path)
                response = connection.getresponse()
                return response.status, response.read()
            except ConnectionRefusedError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)
            finally:
                connection.close()

    def refused(self, config: str, *says: str) -> None:
        errors = io.StringIO()
        with contextlib.redirect_stderr(errors):
            status = service.run(["--config-file", config], conf=cfg.ConfigOpts())
        lines = [x for x in errors.getvalue().splitlines() if x.startswith("fenix-api: ")]
        self.assertEqual((1, 1), (status, len(lines)), errors.getvalue())
        self.assertNotIn("Traceback", errors.getvalue())
        for text in says:
            self.assertIn(text, lines[0])

    def test_workers_serve_until_they_are_told_to_end(self) -> None:
        process = self.start(self.write(workers=2))
        self.assertEqual(200, self.get("/v1")[0])
        other = self.start(self.write())
        output, _ = other.communicate(timeout=_PATIENCE)
        self.assertEqual(1, other.returncode)
        self.assertIn(f"port={self.port}: cannot listen there: Address already in use", output)
        self.assertEqual(200, self.get("/v1")[0])
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=_PATIENCE)
        self.assertEqual(0, process.returncode, output)
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", self.port))

    def test_everybody_is_admin_on_loopback_only(self) -> None:
        self.refused(self.write(host="0.0.0.0"), "[api] host=0.0.0.0", "only loopback")

    def test_tokens_need_a_keystone(self) -> None:
        self.refused(self.write(auth_strategy=None), "[keystone_authtoken] auth_type is not set")

    def test_an_authority_of_keystone_that_is_not_there(self) -> None:
        config = pathlib.Path(self.write(auth_strategy="keystone"))
        config.write_text(
            f"{config.read_text()}[keystone_authtoken]\nauth_type = password\n"
            "auth_url = https://keystone/v3\nusername = fenix\npassword = secret\n"
            "cafile = /nowhere/ca.pem\n"
        )
        self.refused(str(config), "[keystone_authtoken] cafile = /nowhere/ca.pem: ")

    def test_an_option_that_is_wrong(self) -> None:
        self.refused(self.write(rpc_timeout="soon"), "rpc_timeout", "soon")

    def test_a_strategy_that_does_not_exist(self) -> None:
        self.refused(self.write(auth_strategy="trust"), "auth_strategy", "trust")

    def test_a_file_that_is_not_there(self) -> None:
        self.refused(str(self.folder / "other.conf"), "other.conf")

    def test_a_certificate_that_is_not_there(self) -> None:
        self.refused(self.write(ssl_cert_file="missing.pem"), "ssl_cert_file=missing.pem")

    @unittest.skipUnless(shutil.which("openssl"), "needs the command openssl to make a certificate")
    def test_tls(self) -> None:
        key, certificate = self.certificate("server")
        process = self.start(self.write(ssl_cert_file=certificate, ssl_key_file=key))
        context = ssl.create_default_context(cafile=str(certificate))
        self.assertEqual(200, self.get("/v1", context)[0])
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=_PATIENCE)
        self.assertEqual(0, process.returncode)

    def certificate(self, name: str) -> tuple[pathlib.Path, pathlib.Path]:
        """A key, and a certificate signed with it."""
        key, certificate = self.folder / f"{name}.key", self.folder / f"{name}.pem"
        subprocess.run(
            [
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-subj",
                "/CN=localhost",
                "-addext",
                "subjectAltName=IP:127.0.0.1",
                "-days",
                "2",
                "-keyout",
                str(key),
                "-out",
                str(certificate),
            ],
            check=True,
            capture_output=True,
        )
        return key, certificate

    @unittest.skipUnless(shutil.which("openssl"), "needs the command openssl to make a certificate")
    def test_tls_with_certificates_of_clients(self) -> None:
        key, certificate = self.certificate("server")
        own_key, own = self.certificate("proxy")
        other_key, other = self.certificate("stranger")
        config = self.write(ssl_cert_file=certificate, ssl_key_file=key, ssl_client_ca_file=own)
        process = self.start(config)
        context = ssl.create_default_context(cafile=str(certificate))
        context.load_cert_chain(own, own_key)
        self.assertEqual(200, self.get("/v1", context)[0])
        stranger = ssl.create_default_context(cafile=str(certificate))
        for _ in range(2):  # without a certificate, then with one of somebody else
            with self.assertRaises((OSError, http.client.HTTPException)):
                self.get("/v1", stranger)
            stranger.load_cert_chain(other, other_key)
        self.assertEqual(200, self.get("/v1", context)[0])
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=_PATIENCE)
        self.assertEqual(0, process.returncode)

    def test_an_authority_without_a_certificate_of_its_own(self) -> None:
        self.refused(self.write(ssl_client_ca_file="ca.pem"), "ssl_cert_file is not")
