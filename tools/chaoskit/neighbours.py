"""A broker and two databases of the run's own, so that they can be stopped at any time."""

import contextlib
import os
import pathlib
import re
import socket
import subprocess
import tempfile
import uuid

import sqlalchemy as sa
from benchmarks.service.neighbours import BROKER, ROOT, Missing

NAMES = {"FENIX_TEST_MYSQL": "mysql", "FENIX_TEST_POSTGRESQL": "postgresql", BROKER: "rabbit"}
_PORTS = 10
_OPTIONS = {"mysql": " CHARACTER SET utf8mb4"}


class Neighbours:
    """``broker`` is a transport URL; :meth:`stop` and :meth:`start` take a name of ``NAMES``."""

    def __init__(self, folder):
        self._folder = folder
        self._tool = str(ROOT / "tools" / "services")
        self._environment = {
            **os.environ,
            "FENIX_SERVICES": str(folder),
            "FENIX_SERVICES_PORT": os.environ.get("FENIX_CHAOS_PORT") or str(_free_ports()),
        }
        self.down = set()
        self._urls = {}

    def __enter__(self):
        self._do("up")
        lines = self._do("env").stdout
        found = dict(re.findall(r"export (\w+)=(\S+)", lines))
        missing = NAMES.keys() - found.keys()
        if missing:
            self.__exit__()
            raise Missing(f"{', '.join(NAMES[m] for m in sorted(missing))} did not start")
        self._urls = {NAMES[n]: url for n, url in found.items() if n in NAMES}
        self.broker = self._urls["rabbit"]
        return self

    def __exit__(self, *_):
        self._do("down", "--wipe")

    def _do(self, *arguments):
        return subprocess.run(
            [self._tool, *arguments],
            env=self._environment,
            cwd=self._folder.parent,  # where RabbitMQ leaves its dumps
            stdout=subprocess.PIPE,
            check=False,
            text=True,
        )

    def stop(self, name):
        """Stop a neighbour; its data stays."""
        self.down.add(name)
        self._do("stop", name)

    def start(self, name):
        """Start one that was stopped; return when it listens."""
        self._do("up", name)
        self.down.discard(name)

    @contextlib.contextmanager
    def database(self, name):
        """The URL of a database of ``mysql`` or ``postgresql`` that is new."""
        base = sa.make_url(self._urls[name])
        fresh = f"fenix_chaos_{uuid.uuid4().hex[:12]}"
        server = sa.create_engine(base, isolation_level="AUTOCOMMIT")
        with server.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {fresh}{_OPTIONS.get(name, '')}"))
        server.dispose()
        yield base.set(database=fresh).render_as_string(hide_password=False)


def folder():
    """A new folder that PostgreSQL's own user can enter."""
    made = pathlib.Path(tempfile.mkdtemp(prefix="fenix-chaos-"))
    made.chmod(0o755)
    return made


def _free_ports():
    """The first of some ports in a row that nobody listens on."""
    for first in range(24500, 32000, _PORTS):
        with contextlib.ExitStack() as stack:
            try:
                for port in range(first, first + _PORTS):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except OSError:
                continue
            return first
    raise Missing("no ten ports in a row are free")
