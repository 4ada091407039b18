"""Engines that run."""

from __future__ import annotations

import datetime

import sqlalchemy as sa

from fenix import states
from fenix.db import models, records, rows
from fenix.db.api import Database, repeatable, retried

_E = models.engines


@retried
def beat(database: Database, engine: records.Engine, forget_before: datetime.datetime) -> None:
    """Show that an engine is alive, and forget those that have been silent for long."""
    columns = rows.values(engine, without=["engine_id"])
    with database.writer() as session:
        rows.upsert(session, _E, {"engine_id": engine.engine_id}, columns)
        # By key: to search while deleting would lock the rows of all engines.
        silent = session.scalars(sa.select(_E.c.engine_id).where(_E.c.heartbeat_at < forget_before))
        if gone := list(silent):
            session.execute(sa.delete(_E).where(_E.c.engine_id.in_(gone)))


@retried
def remove(database: Database, engine_id: str) -> None:
    """An engine stopped."""
    with database.writer() as session:
        session.execute(sa.delete(_E).where(_E.c.engine_id == engine_id))


@repeatable
def alive(database: Database, since: datetime.datetime) -> list[records.Engine]:
    """Engines with a heartbeat after ``since``."""
    with database.lookup() as session:
        return rows.select(
            session, _E, records.Engine, _E.c.heartbeat_at >= since, order_by=_E.c.engine_id
        )


@repeatable
def seen(database: Database, since: datetime.datetime) -> list[records.Engine]:
    """:func:`alive`, on a schema of whatever release: columns that it has not are left out.

    Empty when there is no such table yet.
    """
    inspector = sa.inspect(database.engine)
    if not inspector.has_table(_E.name):
        return []
    there = {c["name"] for c in inspector.get_columns(_E.name)}
    columns = [c for c in _E.columns if c.name in there]
    statement = sa.select(*columns).where(_E.c.heartbeat_at >= since).order_by(_E.c.engine_id)
    with database.lookup() as session:
        return [records.Engine(**row._mapping) for row in session.execute(statement)]


@repeatable
def sessions(database: Database) -> dict[str, list[str]]:
    """Live sessions by the engine that holds each, or was the last to work on it.

    An engine holds a session only while it works on it; between, nobody does.
    """
    table = models.sessions
    statement = (
        sa.select(table.c.session_id, table.c.last_owner)
        .where(table.c.last_owner.is_not(None), table.c.state.not_in(states.IDLE))
        .order_by(table.c.created_at, table.c.session_id)
    )
    found: dict[str, list[str]] = {}
    with database.lookup() as session:
        for session_id, engine_id in session.execute(statement):
            found.setdefault(engine_id, []).append(session_id)
    return found
