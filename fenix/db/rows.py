"""Between rows and records: the few statements that every table needs."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import orm

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
    """Write every column of records back to the rows with their primary keys."""
    keys = [c.name for c in table.primary_key.columns]
    rows = []
    for record in records:
        row = values(record)
        rows.append({**{f"pk_{k}": row.pop(k) for k in keys}, **row})
    if not rows:
        return
    statement = sa.update(table).where(*(table.c[k] == sa.bindparam(f"pk_{k}") for k in keys))
    fields = [n for n in rows[0] if not n.startswith("pk_")]
    session.connection().execute(
        statement.values({n: sa.bindparam(n) for n in fields}),
        rows,
    )


def upsert(
    session: orm.Session, table: sa.Table, keys: Mapping[str, Any], columns: Mapping[str, Any]
) -> None:
    """Create or replace one row; the first statement is a write on every database."""
    changed = session.execute(
        sa.update(table).where(*(table.c[k] == v for k, v in keys.items())).values(**columns)
    )
    if changed.rowcount == 0:  # type: ignore[attr-defined]
        session.execute(sa.insert(table).values(**keys, **columns))
