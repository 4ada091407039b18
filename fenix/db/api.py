"""Transactions on the database of one process.

A writer transaction's first statement is the write; what it needs to know is read in a
transaction of its own before. Nothing outside the database is called inside a transaction.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator
from typing import Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa
from oslo_config import cfg
from oslo_db import api as oslo_db_api
from oslo_db import exception as db_exc
from oslo_db.sqlalchemy import enginefacade
from sqlalchemy import orm

_PASSED_ON = (
    "connection",
    "slave_connection",
    "sqlite_synchronous",
    "mysql_sql_mode",
    "connection_recycle_time",
    "max_pool_size",
    "max_retries",
    "retry_interval",
    "max_overflow",
    "connection_debug",
    "connection_trace",
    "pool_timeout",
    "connection_parameters",
)
_TRIES = 12
_SQLITE_BUSY_MS = 20000

P = ParamSpec("P")
R = TypeVar("R")


class _Scope(threading.local):
    """Where enginefacade keeps the transaction of a thread."""


class Database:
    """The database that ``[database] connection`` names.

    Make it after forking: connections are not shared between processes.
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._context = enginefacade.transaction_context()
        self._context.configure(**_options(conf))
        self._scope = enginefacade.transaction_context_provider(_Scope)()
        self._context.append_on_engine_create(_tune)

    @contextlib.contextmanager
    def writer(self) -> Iterator[orm.Session]:
        """A transaction that begins with a write and commits at the end of the block."""
        with self._context.writer.using(self._scope) as session:
            yield session

    @contextlib.contextmanager
    def reader(self) -> Iterator[orm.Session]:
        """A transaction for reads."""
        with self._context.reader.using(self._scope) as session:
            yield session

    @property
    def engine(self) -> sa.Engine:
        """SQLAlchemy's engine, for migrations."""
        return self._context.writer.get_engine()

    def dispose(self) -> None:
        """Close every connection of the pool."""
        self.engine.dispose()


def _options(conf: cfg.ConfigOpts) -> dict[str, Any]:
    found = {k: conf.database[k] for k in _PASSED_ON if k in conf.database}
    options = {k: v for k, v in found.items() if v is not None}
    parameters = options.get("connection_parameters") or ""
    connection = f"{options.get('connection')}?{parameters}"
    if connection.startswith("mysql") and "charset=" not in connection:
        # oslo.db's own default is three bytes a character, and statements with four fail.
        options["connection_parameters"] = "&".join(filter(None, (parameters, "charset=utf8mb4")))
    return options


def _tune(engine: sa.Engine) -> None:
    if engine.dialect.name != "sqlite":
        return

    @sa.event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={_SQLITE_BUSY_MS}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.close()


def _transient(error: Exception) -> bool:
    if isinstance(error, db_exc.DBDeadlock | db_exc.RetryRequest):
        return True
    return isinstance(error, db_exc.DBError) and "database is locked" in str(error)


def retried(
    function: Callable[Concatenate[Database, P], R],
) -> Callable[Concatenate[Database, P], R]:
    """Repeat a function that is one whole transaction when the database asks for it.

    A deadlock or a busy SQLite file is tried again; a lost connection is left to the caller,
    who knows whether it can wait.
    """
    wrapped: Callable[Concatenate[Database, P], R] = oslo_db_api.wrap_db_retry(
        max_retries=_TRIES,
        retry_interval=0.05,
        inc_retry_interval=True,
        max_retry_interval=1,
        jitter=True,
        retry_on_deadlock=True,
        exception_checker=_transient,
    )(function)
    return functools.wraps(function)(wrapped)
