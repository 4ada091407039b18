"""PostgreSQL connections that do not wait for ever.

libpq has no limit to how long it waits for an answer: a server that is stopped, or whose disk is,
keeps its connections, and the kernel acknowledges what is sent to it. psycopg2 lets its user wait.
"""

from __future__ import annotations

import importlib
import select
from typing import Any

import sqlalchemy as sa


def bound(engine: sa.Engine, seconds: float) -> None:
    """Let connections that an engine makes from now on fail when nothing comes for so long."""
    if engine.dialect.name != "postgresql" or engine.dialect.driver != "psycopg2":
        return
    psycopg2 = importlib.import_module("psycopg2")
    extensions = importlib.import_module("psycopg2.extensions")

    class Bounded(extensions.connection):  # type: ignore[name-defined]
        """Known by its patience to :func:`_wait`, which all connections of the process share."""

        patience = seconds

    def wait(connection: Any) -> None:
        _wait(connection, extensions, psycopg2.OperationalError)

    def connect(_dialect: Any, _record: Any, _arguments: Any, options: dict[str, Any]) -> None:
        options["connection_factory"] = Bounded

    extensions.set_wait_callback(wait)
    sa.event.listen(engine, "do_connect", connect)


def _wait(connection: Any, extensions: Any, error: type[Exception]) -> None:
    """Wait until what is asked of a connection is done; it is closed when this raises."""
    seconds = getattr(connection, "patience", None)
    while (state := connection.poll()) != extensions.POLL_OK:
        reads = state == extensions.POLL_READ
        if not _ready(connection.fileno(), reads, seconds):
            raise error(f"could not receive data from server: no answer within {seconds:g} s")


def _ready(descriptor: int, reads: bool, seconds: float | None) -> bool:
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(descriptor, select.POLLIN if reads else select.POLLOUT)
        return bool(poll.poll(None if seconds is None else seconds * 1000))
    # Green threads have no poll().
    of = ([descriptor], []) if reads else ([], [descriptor])
    return any(select.select(*of, [], seconds))
