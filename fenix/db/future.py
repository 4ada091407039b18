"""Rows written by a clock that was ahead: what would wait for a time that is far away."""

from __future__ import annotations

import datetime

import sqlalchemy as sa

from fenix.db import models, outbox, runs
from fenix.db.api import Database, repeatable, retried

_S = models.sessions
_O = models.outbox
_R = models.action_plugin_instances

#: Somebody's hold on a row: its table, its key, and until when or since when it is held.
Held = tuple[str, str | int, datetime.datetime]


@repeatable
def holds(database: Database, after: datetime.datetime) -> list[Held]:
    """Leases and heartbeats that are later than any that a right clock would have written."""
    statement = sa.union_all(
        sa.select(sa.literal("session"), _S.c.session_id, _S.c.lease_until).where(
            _S.c.lease_until > after
        ),
        sa.select(sa.literal("run"), sa.cast(_R.c.run_id, sa.String(36)), _R.c.heartbeat_at).where(
            _R.c.state == runs.RUNNING, _R.c.heartbeat_at > after
        ),
        sa.select(sa.literal("event"), sa.cast(_O.c.outbox_id, sa.String(36)), _O.c.lease_until)
        .where(_O.c.status == outbox.SENDING)
        .where(_O.c.lease_until > after),
    )
    with database.lookup() as session:
        return [
            (str(k), i if k == "session" else int(i), at) for k, i, at in session.execute(statement)
        ]


@retried
def free(database: Database, held: Held, now: datetime.datetime) -> bool:
    """Let anybody take what nobody has renewed; False when somebody did."""
    kind, key, seen = held
    table, column, value = {
        "session": (_S, _S.c.session_id, _S.c.lease_until),
        "run": (_R, _R.c.run_id, _R.c.heartbeat_at),
        "event": (_O, _O.c.outbox_id, _O.c.lease_until),
    }[kind]
    past = now - datetime.timedelta(days=1)
    with database.writer() as session:
        done = session.execute(
            sa.update(table).where(column == key, value == seen).values({value.name: past})
        )
        return bool(done.rowcount == 1)  # type: ignore[attr-defined]


@repeatable
def sleepers(database: Database, now: datetime.datetime, margin: datetime.timedelta) -> list[str]:
    """Sessions that nobody holds and that sleep by a clock which was ahead."""
    with database.lookup() as session:
        return list(
            session.scalars(
                sa.select(_S.c.session_id).where(
                    _S.c.owner.is_(None), _S.c.wake_at > now, _S.c.updated_at > now + margin
                )
            )
        )


@retried
def wake(database: Database, session_id: str, now: datetime.datetime) -> None:
    """Let an engine look at a sleeping session now; it finds out itself what it waits for."""
    with database.writer() as session:
        session.execute(
            sa.update(_S)
            .where(_S.c.session_id == session_id, _S.c.owner.is_(None), _S.c.wake_at > now)
            .values(wake_at=now, updated_at=now)
        )


@repeatable
def late_events(
    database: Database, now: datetime.datetime, margin: datetime.timedelta
) -> list[int]:
    """Notifications that wait for a time which was near when they were written."""
    with database.lookup() as session:
        return list(
            session.scalars(
                sa.select(_O.c.outbox_id).where(
                    _O.c.status == outbox.NEW, _O.c.due_at > now, _O.c.created_at > now + margin
                )
            )
        )


@retried
def send(database: Database, outbox_ids: list[int], now: datetime.datetime) -> None:
    """Let notifications leave now."""
    with database.writer() as session:
        session.execute(
            sa.update(_O)
            .where(_O.c.outbox_id.in_(outbox_ids), _O.c.status == outbox.NEW)
            .values(due_at=now, created_at=now)
        )
