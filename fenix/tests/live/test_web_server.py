"""The files for uWSGI and Apache: a session through both, with TLS."""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import requests
from keystoneauth1 import session as ka_session

from fenix.client import Client
from fenix.tests.functional.sessions.base import PATIENCE, SessionTestCase
from fenix.tests.live import broker

_ETC = pathlib.Path(__file__).parents[3] / "etc"
_APACHE = "/usr/sbin/apache2"
_MODULES = pathlib.Path("/usr/lib/apache2/modules")
#: The modules that the site's first lines name, and what they and the site need.
_NEEDED = ("mpm_event", "authz_core", "headers", "ssl", "proxy", "proxy_uwsgi")
#: Debian builds these in, or not, from release to release.
_PERHAPS = ("log_config", "unixd", "socache_shmcb")
_STARTS_IN = 120.0
_TOO_LONG = 1048576 + 1


class WebServerTest(SessionTestCase):
    """Apache ends TLS, uWSGI runs the API; an engine of this process does what it is told."""

    def setUp(self) -> None:
        if shutil.which(_APACHE) is None:
            self.skipTest("Apache is not installed: it is in the Debian package apache2-bin")
        self.settings = {"DEFAULT": {"transport_url": broker.taken(self)}}
        super().setUp()
        folder = tempfile.TemporaryDirectory(prefix="fenix-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        # Apache's workers are another user.
        self.folder.chmod(0o755)
        self.certificate()
        self.port, self.inner = _free_ports(2)
        self.uwsgi()
        self.apache()
        self.front = f"https://127.0.0.1:{self.port}"

    def certificate(self) -> None:
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
                *("-subj", "/CN=maintenance.example.org", "-addext", "subjectAltName=IP:127.0.0.1"),
                *("-keyout", f"{self.folder}/key.pem", "-out", f"{self.folder}/cert.pem"),
            ],
            check=True,
            capture_output=True,
        )

    def copy_of(self, path: str, *changes: tuple[str, str]) -> pathlib.Path:
        """A file of etc/ with what belongs to this machine; everything else is as it is shipped."""
        text = (_ETC / path).read_text()
        for old, new in changes:
            self.assertIn(old, text)
            text = text.replace(old, new)
        copy = self.folder / pathlib.Path(path).name
        copy.write_text(text)
        return copy

    def uwsgi(self) -> None:
        """What the unit for systemd starts, and as it waits for it."""
        ini = self.copy_of(
            "uwsgi/fenix-api.ini",
            ("/opt/fenix", sys.prefix),
            ("127.0.0.1:12348", f"127.0.0.1:{self.inner}"),
        )
        ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(ready.close)
        ready.bind(f"{self.folder}/notify")
        self.inside = self.run_daemon(
            "uwsgi",
            [str(pathlib.Path(sys.prefix) / "bin" / "uwsgi"), "--ini", str(ini)],
            OS_FENIX_CONFIG_FILES=str(self.cluster._directory / "fenix.conf"),
            NOTIFY_SOCKET=f"{self.folder}/notify",
        )
        ready.settimeout(_STARTS_IN)
        told = b""
        with contextlib.suppress(TimeoutError):
            while b"READY=1" not in told:
                told = ready.recv(4096)
        self.assertIn(b"READY=1", told, self.log("uwsgi"))

    def apache(self) -> None:
        self.copy_of(
            "apache2/fenix-api.conf",
            ("Listen 12347", f"Listen 127.0.0.1:{self.port}"),
            ("*:12347", f"*:{self.port}"),
            ("127.0.0.1:12348", f"127.0.0.1:{self.inner}"),
            ("/etc/ssl/certs/maintenance.pem", f"{self.folder}/cert.pem"),
            ("/etc/ssl/private/maintenance.key", f"{self.folder}/key.pem"),
        )
        modules = [m for m in (*_NEEDED, *_PERHAPS) if (_MODULES / f"mod_{m}.so").exists()]
        self.assertEqual(set(_NEEDED), set(modules) - set(_PERHAPS))
        main = [
            f"ServerRoot {self.folder}",
            "ServerName 127.0.0.1",
            f"Define APACHE_LOG_DIR {self.folder}",
            f"DefaultRuntimeDir {self.folder}",
            f"PidFile {self.folder}/pid",
            f"ErrorLog {self.folder}/error.log",
            *(f"LoadModule {m}_module {_MODULES}/mod_{m}.so" for m in modules),
            *(["User www-data", "Group www-data"] if os.geteuid() == 0 else []),
            'LogFormat "%h" combined',
            f"Include {self.folder}/fenix-api.conf",
        ]
        conf = self.folder / "apache2.conf"
        conf.write_text("\n".join(main))
        checked = subprocess.run(
            [_APACHE, "-t", "-f", str(conf)], capture_output=True, text=True, check=False
        )
        self.assertEqual(0, checked.returncode, checked.stdout + checked.stderr)
        apache = self.run_daemon("apache2", [_APACHE, "-f", str(conf), "-D", "FOREGROUND"])
        end = time.monotonic() + _STARTS_IN
        while not _listens(self.port):
            self.assertIsNone(apache.poll(), self.log("apache2"))
            self.assertLess(time.monotonic(), end, self.log("apache2"))
            time.sleep(0.1)

    def run_daemon(self, name: str, command: list[str], **more: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.out").open("wb") as out:
            daemon = subprocess.Popen(
                command, stdout=out, stderr=subprocess.STDOUT, env={**os.environ, **more}
            )

        def end() -> None:
            daemon.terminate()
            try:
                daemon.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()

        self.addCleanup(end)
        return daemon

    def log(self, name: str) -> str:
        files = [self.folder / f"{name}.out", self.folder / "error.log"]
        return "\n".join(f.read_text() for f in files if f.exists())

    def ask(self, method: str, path: str, **more: object) -> requests.Response:
        return requests.request(
            method,
            self.front + path,
            verify=f"{self.folder}/cert.pem",
            timeout=_STARTS_IN,
            **more,  # type: ignore[arg-type]
        )

    def test_a_session(self) -> None:
        trusted = ka_session.Session(auth=self.admin.auth, verify=f"{self.folder}/cert.pem")
        client = Client(trusted, self.front)
        session_id = client.sessions.create({"hosts": ["compute-1"]})
        self.done(session_id)
        detail = client.sessions.detail(session_id)
        self.assertEqual(["done"], [host.phase for host in detail.hosts])
        client.sessions.delete(session_id)

        refused = self.ask("GET", "/v1/maintenance")
        self.assertEqual(401, refused.status_code)
        self.assertEqual(401, refused.json()["error"]["code"])
        for path in ("/healthcheck", "/v1", "/v1/"):
            self.assertEqual(200, self.ask("GET", path).status_code, self.log("uwsgi"))
        long = self.ask("POST", "/v1/maintenance", data=b" " * _TOO_LONG)
        self.assertEqual(413, long.status_code)
        # Whoever asks without TLS gets nothing.
        plain = requests.get(f"http://127.0.0.1:{self.port}/v1", timeout=_STARTS_IN)
        self.assertEqual(400, plain.status_code)
        # uWSGI ends when it is told to, as systemd tells it; Apache says that nobody is behind it.
        self.inside.terminate()
        self.assertEqual(0, self.inside.wait(_STARTS_IN), self.log("uwsgi"))
        self.assertEqual(503, self.ask("GET", "/healthcheck").status_code)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
