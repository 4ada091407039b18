"""Between rows and records: the few statements that every table needs."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import mysql, postgresql

R = TypeVar("R")

#: Bound parameters of one statement stay well below every database's limit.
CHUNK = 500


def select(
    session: orm.Session | sa.Connection,
    table: sa.Table,
    record: type[R],
    *where: sa.ColumnElement[bool],
    order_by: Any = None,
    limit: int | None = None,
) -> list[R]:
    """The rows of ``table`` that meet every condition, as records."""
    statement = every_column(table, record).where(*where)  # type: ignore[arg-type]
    if order_by is not None:
        statement = statement.order_by(order_by)
    if limit is not None:
        statement = statement.limit(limit)
    return [record(*row) for row in session.execute(statement)]


@functools.cache
def every_column(table: sa.Table, record: Any) -> sa.Select[Any]:
    """The columns of ``table`` that are the fields of ``record``, in their order."""
    return sa.select(*(table.c[f.name] for f in dataclasses.fields(record)))


@functools.cache
def _names(record: Any) -> tuple[str, ...]:
    return tuple(f.name for f in dataclasses.fields(record))


def values(record: Any, *, without: Iterable[str] = ()) -> dict[str, Any]:
    """The columns of a record."""
    left_out = set(without)
    names = _names(type(record))  # type: ignore[arg-type]
    return {n: getattr(record, n) for n in names if n not in left_out}


def insert(
    session: orm.Session, table: sa.Table, records: Iterable[Any], *, without: Iterable[str] = ()
) -> None:
    """Insert records; ``without`` names columns that the database fills."""
    rows = [values(r, without=without) for r in records]
    for start in range(0, len(rows), CHUNK):
        session.execute(sa.insert(table), rows[start : start + CHUNK])


def update(session: orm.Session, table: sa.Table, records: Iterable[Any]) -> None:
    """Write every column of records back to the rows with their primary keys, which exist.

    A server is sent many rows in one statement: what was sent row by row would keep its locks, such
    as that on the session, for as many answers.
    """
    rows = [values(record) for record in records]
    if not rows:
        return
    connection = session.connection()
    together = _together(table, connection.dialect.name) if len(rows) > 1 else None
    if together is not None:
        connection.execute(together, rows)
    else:
        keys = [c.name for c in table.primary_key.columns]
        pairs = [{**{f"pk_{k}": row.pop(k) for k in keys}, **row} for row in rows]
        connection.execute(_one_by_one(table, tuple(rows[0])), pairs)


@functools.cache
def _one_by_one(table: sa.Table, fields: tuple[str, ...]) -> sa.Update:
    keys = [c.name for c in table.primary_key.columns]
    statement = sa.update(table).where(*(table.c[k] == sa.bindparam(f"pk_{k}") for k in keys))
    return statement.values({n: sa.bindparam(n) for n in fields})


@functools.cache
def _together(table: sa.Table, dialect: str) -> sa.Insert | None:
    """An INSERT whose rows are all there already; drivers send those together, and UPDATEs not."""
    keys = {c.name for c in table.primary_key.columns}
    others = [c.name for c in table.columns if c.name not in keys]
    if dialect in ("mysql", "mariadb"):
        on_mysql = mysql.insert(table)
        return on_mysql.on_duplicate_key_update({n: on_mysql.inserted[n] for n in others})
    if dialect == "postgresql":
        on_postgresql = postgresql.insert(table)
        return on_postgresql.on_conflict_do_update(
            index_elements=sorted(keys), set_={n: on_postgresql.excluded[n] for n in others}
        )
    return None


def upsert(
    session: orm.Session, table: sa.Table, keys: Mapping[str, Any], columns: Mapping[str, Any]
) -> None:
    """Create or replace one row; the first statement is a write on every database."""
    changed = session.execute(
        sa.update(table).where(*(table.c[k] == v for k, v in keys.items())).values(**columns)
    )
    if changed.rowcount == 0:  # type: ignore[attr-defined]
        session.execute(sa.insert(table).values(**keys, **columns))
