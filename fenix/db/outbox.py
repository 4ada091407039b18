"""What is on its way to others: in order per channel, at least once, some at most once."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Collection, Mapping

import sqlalchemy as sa

from fenix.db import models, records, rows
from fenix.db import sessions as db_sessions
from fenix.db.api import Database, repeatable, retried

_O = models.outbox

NEW = "new"
SENDING = "sending"
SENT = "sent"
#: Was being sent when its engine died or the answer stayed away, and must not be sent twice.
UNSURE = "unsure"
#: Nobody took it, and it is not tried again.
DEAD = "dead"

UNSENT = (NEW, SENDING)
LOST = (UNSURE, DEAD)


@repeatable
def heads(
    database: Database,
    now: datetime.datetime,
    limit: int,
    carrier: str = records.BUS,
    but: Collection[str] = (),
) -> list[records.Outgoing]:
    """The next row of each channel, where it is due and nobody is sending it.

    :param but: channels that are left out.
    """
    first = (
        sa.select(sa.func.min(_O.c.outbox_id))
        .where(_O.c.status.in_(UNSENT), _O.c.carrier == carrier)
        .group_by(_O.c.session_id, _O.c.channel)
    )
    with database.lookup() as session:
        return rows.select(
            session,
            _O,
            records.Outgoing,
            _O.c.outbox_id.in_(first),
            _O.c.due_at <= now,
            sa.or_(_O.c.status == NEW, _O.c.lease_until < now),
            *([_O.c.channel.not_in(sorted(but))] if but else []),
            order_by=_O.c.outbox_id,
            limit=limit,
        )


@repeatable
def left_at(database: Database, message_id: str) -> datetime.datetime | None:
    """When a notification was taken; None when it has not been, but may yet be.

    One that may have been taken, or never will be, and is not sent again, counts as taken when it
    was written.
    """
    taken = sa.case((_O.c.status.in_(LOST), _O.c.created_at), else_=_O.c.sent_at)
    with database.lookup() as session:
        return session.scalar(sa.select(taken).where(_O.c.message_id == message_id))


@repeatable
def lost(
    database: Database, marker: int, limit: int, where: Mapping[str, str]
) -> list[records.Outgoing]:
    """What is not sent again though it was not, or perhaps not, taken; oldest first.

    :param marker: an ``outbox_id``; those after it.
    :param where: columns, and the values that they have.
    """
    with database.lookup() as session:
        return rows.select(
            session,
            _O,
            records.Outgoing,
            _O.c.status.in_(LOST),
            _O.c.outbox_id > marker,
            *(_O.c[name] == value for name, value in where.items()),
            order_by=_O.c.outbox_id,
            limit=limit,
        )


@repeatable
def is_unsure(database: Database, message_id: str) -> bool:
    """Whether nobody knows if the broker took a notification, which is not sent again."""
    with database.lookup() as session:
        found = session.scalar(sa.select(_O.c.status).where(_O.c.message_id == message_id))
        return bool(found == UNSURE)


@retried
def take(
    database: Database, row: records.Outgoing, owner: str, now: datetime.datetime, lease: float
) -> bool:
    """Mark a row as being sent by ``owner``; False when another was faster.

    One that may only be sent once, and whose sender died, becomes ``unsure`` instead.
    """
    orphan = row.status == SENDING
    give_up = orphan and row.send_once
    with database.writer() as session:
        taken = session.execute(
            sa.update(_O)
            .where(
                _O.c.outbox_id == row.outbox_id,
                _O.c.status == row.status,
                sa.true() if not orphan else _O.c.lease_until < now,
            )
            .values(
                status=UNSURE if give_up else SENDING,
                owner=owner,
                lease_until=now + datetime.timedelta(seconds=lease),
                attempts=_O.c.attempts + 1,
            )
        )
        return bool(taken.rowcount == 1) and not give_up  # type: ignore[attr-defined]


@repeatable
def following(
    database: Database, head: records.Outgoing, now: datetime.datetime, limit: int
) -> list[records.Outgoing]:
    """What may leave right after ``head``, in order, by whoever has taken that.

    Nobody else sends from its channel meanwhile. One that may only be sent once is marked
    before it leaves, so it waits until it is a head itself.
    """
    with database.lookup() as session:
        found = rows.select(
            session,
            _O,
            records.Outgoing,
            _O.c.session_id == head.session_id,
            _O.c.carrier == head.carrier,
            _O.c.channel == head.channel,
            _O.c.status.in_(UNSENT),
            _O.c.outbox_id > head.outbox_id,
            order_by=_O.c.outbox_id,
            limit=limit,
        )
    return list(
        itertools.takewhile(
            lambda row: row.status == NEW and row.due_at <= now and not row.send_once, found
        )
    )


@retried
def sent(database: Database, taken: Mapping[int, datetime.datetime]) -> None:
    """These were taken: ``outbox_id`` and when."""
    statement = (
        sa.update(_O)
        .where(_O.c.outbox_id == sa.bindparam("pk"))
        .values(status=SENT, sent_at=sa.bindparam("at"), lease_until=None, error=None)
    )
    with database.writer() as session:
        session.connection().execute(statement, [{"pk": i, "at": at} for i, at in taken.items()])


def _still_ours(row: records.Outgoing, owner: str) -> tuple[sa.ColumnElement[bool], ...]:
    """Not taken by another sender, because this one was too slow."""
    return (
        _O.c.outbox_id == row.outbox_id,
        sa.or_(_O.c.status == NEW, sa.and_(_O.c.status == SENDING, _O.c.owner == owner)),
    )


@retried
def failed(
    database: Database,
    row: records.Outgoing,
    owner: str,
    error: str,
    again_at: datetime.datetime,
    event: records.Event | None = None,
) -> None:
    """It was not taken; it is due again at ``again_at``.

    :param event: a line for the history of its session.
    """
    with database.writer() as session:
        if event is not None:
            session.execute(db_sessions.turn_statement(event.session_id))
        changed = session.execute(
            sa.update(_O)
            .where(*_still_ours(row, owner))
            .values(status=NEW, owner=None, lease_until=None, due_at=again_at, error=error)
        )
        if event is not None and changed.rowcount == 1:  # type: ignore[attr-defined]
            rows.insert(session, models.session_events, [event], without=["event_id"])


@retried
def lose(
    database: Database,
    row: records.Outgoing,
    owner: str,
    status: str,
    error: str,
    event: records.Event,
) -> None:
    """It is not tried again: write why, and a line of the session's history.

    :param status: ``dead``, or ``unsure`` when it may have arrived.
    """
    with database.writer() as session:
        session.execute(db_sessions.turn_statement(event.session_id))
        changed = session.execute(
            sa.update(_O)
            .where(*_still_ours(row, owner))
            .values(status=status, lease_until=None, error=error)
        )
        if changed.rowcount == 1:  # type: ignore[attr-defined]
            rows.insert(session, models.session_events, [event], without=["event_id"])
