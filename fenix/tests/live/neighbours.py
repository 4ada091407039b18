"""A broker and databases of a test's own, which it may stop and start."""

from __future__ import annotations

import contextlib
import os
import pathlib
import random
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator

import sqlalchemy as sa
import testtools

_ROOT = pathlib.Path(__file__).parents[3]
_PORTS = 5
_ENDS_IN = 60


class Private:
    """What ``tools/services`` starts, in a folder and on ports of its own."""

    def __init__(self, case: testtools.TestCase, *names: str, tls: bool = False) -> None:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="fenix-neighbours-"))
        # The user of PostgreSQL has to get in.
        folder.chmod(0o755)
        case.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        self._folder = folder
        self._port = _free_block()
        self._environment = {
            **os.environ,
            "FENIX_SERVICES": str(folder / "services"),
            "FENIX_SERVICES_PORT": str(self._port),
            **({"FENIX_SERVICES_TLS": "1"} if tls else {}),
        }
        self._tls = tls
        self.authority = folder / "services" / "tls" / "ca.pem"
        case.addCleanup(self._tool, "down")
        for name in names:
            try:
                self.up(name)
            except RuntimeError as error:
                if os.environ.get("CI"):
                    raise
                case.skipTest(str(error))

    def _tool(self, *words: str) -> None:
        done = subprocess.run(
            [str(_ROOT / "tools" / "services"), *words],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"tools/services {' '.join(words)}: {done.stderr}")

    @property
    def broker(self) -> str:
        """A transport URL."""
        return f"rabbit://fenix:fenix@127.0.0.1:{self._port + 2}/"

    @property
    def server(self) -> str:
        """The URL of MariaDB, whose user may create databases."""
        safe = f"?ssl_ca={self.authority}&ssl_check_hostname=true" if self._tls else ""
        return f"mysql+pymysql://fenix:fenix@127.0.0.1:{self._port}/fenix{safe}"

    @property
    def postgresql(self) -> str:
        """The URL of PostgreSQL, whose user may create databases."""
        safe = f"?sslmode=verify-full&sslrootcert={self.authority}" if self._tls else ""
        return f"postgresql+psycopg2://fenix:fenix@127.0.0.1:{self._port + 1}/fenix{safe}"

    def url(self, name: str) -> str:
        """The URL of a new database; ``name`` is that of the server."""
        server = sa.make_url(self.server if name == "mysql" else self.postgresql)
        made = f"fenix_{uuid.uuid4().hex[:12]}"
        engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {made}"))
        engine.dispose()
        return server.set(database=made).render_as_string(hide_password=False)

    def pid(self, name: str) -> int:
        """Process id of a server."""
        text = (
            pathlib.Path(self._environment["FENIX_SERVICES"]) / "run" / f"{name}.pid"
        ).read_text()
        return int(text.split()[0])

    def up(self, name: str) -> None:
        """Start a server, and wait until it answers."""
        self._tool("up", name)

    def down(self, name: str, signal: int) -> None:
        """End a server, and wait until it is gone."""
        pid = self.pid(name)
        os.kill(pid, signal)
        until = time.monotonic() + _ENDS_IN
        while _runs(pid):
            if time.monotonic() > until:
                raise RuntimeError(f"{name} did not end within {_ENDS_IN} s")
            time.sleep(0.05)

    @contextlib.contextmanager
    def away(self, name: str, signal: int) -> Iterator[None]:
        """A server is away in the block, and back after it."""
        self.down(name, signal)
        try:
            yield
        finally:
            self.up(name)


def _runs(pid: int) -> bool:
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def _free_block() -> int:
    """The first of some ports that nobody listens on, below those of outgoing connections."""
    for first in random.sample(range(20000, 31000, 10), 1000):
        with contextlib.ExitStack() as held:
            try:
                for port in range(first, first + _PORTS):
                    held.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except OSError:
                continue
            return first
    raise RuntimeError("no five free ports in a row")
