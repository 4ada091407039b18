"""Which engine works on which session: leases, taken by one conditional UPDATE."""

from __future__ import annotations

import datetime
from collections.abc import Collection

import sqlalchemy as sa

from fenix.db import models, records, rows
from fenix.db.api import Database, repeatable, retried

_S = models.sessions


def _free(now: datetime.datetime) -> sa.ColumnElement[bool]:
    return sa.or_(_S.c.owner.is_(None), _S.c.lease_until < now)


@repeatable
def due(database: Database, now: datetime.datetime, limit: int) -> list[str]:
    """Sessions that have something to do and that nobody holds, the longest waiting first."""
    with database.lookup() as session:
        return list(
            session.scalars(
                sa.select(_S.c.session_id)
                .where(_S.c.wake_at <= now, _free(now))
                .order_by(_S.c.wake_at)
                .limit(limit)
            )
        )


@retried
def claim(
    database: Database, session_id: str, owner: str, now: datetime.datetime, lease: float
) -> records.Session | None:
    """Take a due session for ``lease`` seconds; None when it is not due or another has it.

    A claim raises ``revision``: whoever held the session before can write nothing any more.
    """
    with database.writer() as session:
        taken = session.execute(
            sa.update(_S)
            .where(_S.c.session_id == session_id, _S.c.wake_at <= now, _free(now))
            .values(
                owner=owner,
                last_owner=owner,
                lease_until=now + datetime.timedelta(seconds=lease),
                revision=_S.c.revision + 1,
            )
        )
        if taken.rowcount != 1:  # type: ignore[attr-defined]
            return None
        return rows.select(session, _S, records.Session, _S.c.session_id == session_id)[0]


@retried
def renew(
    database: Database,
    session_ids: Collection[str],
    owner: str,
    now: datetime.datetime,
    lease: float,
) -> set[str]:
    """Hold sessions for ``lease`` more seconds; those that were taken over stay taken over.

    A session that somebody writes to at this moment has its turn next time: to wait for what may be
    a long transaction would let the leases of all the others end.

    :returns: those that are held for ``lease`` more seconds, where the database tells them apart;
        elsewhere those that were asked for.
    """
    wanted = set(session_ids)
    if not wanted:
        return wanted
    ours = _S.c.session_id.in_(wanted), _S.c.owner == owner
    with database.writer() as session:
        if database.skips_locked:
            free = sa.select(_S.c.session_id).where(*ours).with_for_update(skip_locked=True)
            wanted = set(session.scalars(free))
        session.execute(
            sa.update(_S)
            .where(_S.c.session_id.in_(wanted), _S.c.owner == owner)
            .values(lease_until=now + datetime.timedelta(seconds=lease))
        )
    return wanted


@repeatable
def held(database: Database, session_ids: Collection[str], owner: str) -> set[str]:
    """Those of the sessions that ``owner`` still holds."""
    with database.lookup() as session:
        return set(
            session.scalars(
                sa.select(_S.c.session_id).where(
                    _S.c.session_id.in_(session_ids), _S.c.owner == owner
                )
            )
        )


@retried
def let_go(database: Database, owner: str, now: datetime.datetime) -> None:
    """Hand over everything that ``owner`` holds, at once: it is stopping."""
    with database.writer() as session:
        session.execute(
            sa.update(_S)
            .where(_S.c.owner == owner)
            .values(owner=None, lease_until=None, wake_at=now)
        )
