"""Transactions on the database of one process.

A writer transaction's first statement is the write; what it needs to know is read in a
transaction of its own before, or, where one SELECT says it all, in a look-up. Nothing outside the
database is called inside a transaction.
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
from oslo_db.sqlalchemy import enginefacade, exc_filters
from sqlalchemy import orm

from fenix.db import patience as db_patience
from fenix.db import trouble

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
#: Of an engine's pool: SQLAlchemy's name, and that in ``[database]``.
_POOL = {
    "pool_size": "max_pool_size",
    "max_overflow": "max_overflow",
    "pool_timeout": "pool_timeout",
    "pool_recycle": "connection_recycle_time",
}
#: Seconds that commands and services at their start give a server, and APIs each statement.
PATIENCE = 30
#: Seconds by which a server that works tells first that a statement takes too long.
_GRACE = 1
_TRIES = 12
_SQLITE_BUSY_MS = 20000

P = ParamSpec("P")
R = TypeVar("R")


class _Scope(threading.local):
    """Where enginefacade keeps the transaction of a thread."""


class Database:
    """The database that ``[database] connection`` names.

    Make it after forking: connections are not shared between processes.

    :param patience: seconds after which a statement fails that a server does not answer; None: it
        may take as long as it likes, as migrations do. An operator's own, in ``[database]
        connection``, come first.
    """

    def __init__(self, conf: cfg.ConfigOpts, patience: int | None = None) -> None:
        self._context = enginefacade.transaction_context()
        self._context.configure(**_options(conf, patience))
        self._scope = enginefacade.transaction_context_provider(_Scope)()
        self._patience = patience
        self._context.append_on_engine_create(self._tune)
        self._pool = {k: conf.database[n] for k, n in _POOL.items() if conf.database[n] is not None}
        self._lookups: sa.Engine | None = None
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def writer(self) -> Iterator[orm.Session]:
        """A transaction that begins with a write and commits at the end of the block."""
        with trouble.told(), self._context.writer.using(self._scope) as session:
            yield session

    @contextlib.contextmanager
    def reader(self) -> Iterator[orm.Session]:
        """A transaction for reads."""
        with trouble.told(), self._context.reader.using(self._scope) as session:
            yield session

    @contextlib.contextmanager
    def lookup(self) -> Iterator[sa.Connection]:
        """A connection for one SELECT.

        Nothing else is sent, neither before (to find out whether the connection is still good) nor
        after (to end a transaction): on a database server that is a third of a transaction's round
        trips. So use it in a function that is :func:`repeatable`.
        """
        with trouble.told(), self._lookup_engine().connect() as connection:
            yield connection

    def _lookup_engine(self) -> sa.Engine:
        with self._lock:
            if self._lookups is None:
                main = self.engine
                self._lookups = main if main.dialect.name == "sqlite" else self._light(main)
            return self._lookups

    def _light(self, main: sa.Engine) -> sa.Engine:
        """An engine beside the main one, with connections of its own that never begin."""
        more = {"client_encoding": "utf8"} if main.dialect.name == "postgresql" else {}
        light = sa.create_engine(
            main.url,
            isolation_level="AUTOCOMMIT",
            skip_autocommit_rollback=True,
            pool_reset_on_return=None,
            **self._pool,
            **more,
        )
        exc_filters.register_engine(light)
        self._tune(light)
        return light

    def _tune(self, engine: sa.Engine) -> None:
        """Let every connection of an engine begin as the service needs it."""
        if engine.dialect.name == "sqlite":
            sa.event.listen(engine, "connect", _pragmas)
        elif engine.dialect.name == "postgresql" and self._patience is not None:
            milliseconds = self._patience * 1000
            sa.event.listen(engine, "connect", lambda c, _: _bound_statements(c, milliseconds))
            db_patience.bound(engine, self._patience + _GRACE)
        # oslo.db has tried it with a connection that none of this was done to.
        engine.dispose()

    @property
    def engine(self) -> sa.Engine:
        """SQLAlchemy's engine, for migrations."""
        return self._context.writer.get_engine()

    @functools.cached_property
    def skips_locked(self) -> bool:
        """Whether a SELECT can leave out rows that another transaction has locked."""
        dialect = self.engine.dialect
        name = "mariadb" if getattr(dialect, "is_mariadb", False) else dialect.name
        version = dialect.server_version_info or ()
        return name in _SKIPS_LOCKED and version >= _SKIPS_LOCKED[name]

    def dispose(self) -> None:
        """Close every connection of the pool."""
        self.engine.dispose()
        with self._lock:
            lookups, self._lookups = self._lookups, None
        if lookups is not None:
            lookups.dispose()


#: The first versions that know SKIP LOCKED.
_SKIPS_LOCKED = {"mariadb": (10, 6), "mysql": (8, 0), "postgresql": (9, 5)}

#: What drivers are told of patience, by the name that their URLs begin with.
_PATIENCE = {
    "mysql": "connect_timeout={0}&read_timeout={0}&write_timeout={0}",
    "postgresql": "connect_timeout={0}&tcp_user_timeout={0}000",
}


def _options(conf: cfg.ConfigOpts, patience: int | None = None) -> dict[str, Any]:
    found = {k: conf.database[k] for k in _PASSED_ON if k in conf.database}
    options = {k: v for k, v in found.items() if v is not None}
    parameters = options.get("connection_parameters") or ""
    connection = f"{options.get('connection')}?{parameters}"
    if connection.startswith("mysql") and "charset=" not in connection:
        # oslo.db's own default is three bytes a character, and statements with four fail.
        parameters = "&".join(filter(None, (parameters, "charset=utf8mb4")))
    kind = connection.partition(":")[0].partition("+")[0]
    if patience is not None and kind in _PATIENCE:
        waits = _PATIENCE[kind].format(patience).split("&")
        own = [wait for wait in waits if f"{wait.partition('=')[0]}=" not in connection]
        parameters = "&".join(filter(None, (parameters, *own)))
    if parameters:
        options["connection_parameters"] = parameters
    return options


def _pragmas(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={_SQLITE_BUSY_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


def _bound_statements(connection: Any, milliseconds: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET statement_timeout = {milliseconds}")
    connection.commit()


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


def repeatable(
    function: Callable[Concatenate[Database, P], R],
) -> Callable[Concatenate[Database, P], R]:
    """:func:`retried` for a function that is one look-up.

    A connection that the server has closed is found out about when it is used; the look-up is then
    repeated once, on a new one.
    """
    tried = retried(function)

    def twice(database: Database, /, *args: P.args, **more: P.kwargs) -> R:
        try:
            return tried(database, *args, **more)
        except db_exc.DBConnectionError:
            return tried(database, *args, **more)

    functools.update_wrapper(twice, function)
    return twice
