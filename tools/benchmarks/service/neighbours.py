"""RabbitMQ and MariaDB: those that the environment names, else from tools/services."""

import contextlib
import dataclasses
import fcntl
import os
import pathlib
import re
import subprocess
import tempfile
import uuid

import sqlalchemy as sa

ROOT = pathlib.Path(__file__).parents[3]
BROKER = "FENIX_TEST_RABBIT"
DATABASE = "FENIX_TEST_MYSQL"


class Missing(RuntimeError):
    """A neighbour cannot be had."""


@dataclasses.dataclass(frozen=True)
class Neighbours:
    """``broker`` is a transport URL, ``server`` a database URL that may create databases."""

    broker: str
    server: str

    @contextlib.contextmanager
    def database(self):
        """The URL of a database that exists only in the block."""
        name = f"fenix_bench_{uuid.uuid4().hex[:12]}"
        server = sa.create_engine(self.server, isolation_level="AUTOCOMMIT")
        with server.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name} CHARACTER SET utf8mb4"))
        try:
            yield sa.make_url(self.server).set(database=name).render_as_string(hide_password=False)
        finally:
            with server.connect() as connection:
                connection.execute(sa.text(f"DROP DATABASE {name}"))
            server.dispose()


@contextlib.contextmanager
def found():
    """The neighbours, for nobody else meanwhile: queues are named after topics.

    Raises Missing when they cannot be had.
    """
    named = {name: os.environ.get(name) for name in (BROKER, DATABASE)}
    if not all(named.values()):
        named = _services()
    path = pathlib.Path(tempfile.gettempdir()) / "fenix-test-broker.lock"
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield Neighbours(named[BROKER], named[DATABASE])


def _services():
    tool = str(ROOT / "tools" / "services")
    subprocess.run([tool, "up", "mysql", "rabbit"], check=False, stdout=subprocess.DEVNULL)
    lines = subprocess.run([tool, "env"], check=True, capture_output=True, text=True).stdout
    named = dict(re.findall(r"export (\w+)=(\S+)", lines))
    missing = {BROKER, DATABASE} - named.keys()
    if missing:
        raise Missing(
            f"{', '.join(sorted(missing))}: not set, and tools/services did not start the server; "
            f"it says why above"
        )
    return named
