"""Which engine works on which session: leases, taken by one conditional UPDATE.

Between two pieces of work nobody holds a session, but the engine that worked on it last knows it:
its rows, its instances, how far its migrations are. Another would read all that again, so it leaves
the session to that one while that one lives and is not a whole lease late.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection

import sqlalchemy as sa

from fenix.db import models, records, rows
from fenix.db.api import Database, repeatable, retried

_S = models.sessions
_E = models.engines

#: By so many sessions more than ours another engine knows too many.
_UNEVEN = 2


def _free(owner: str, now: datetime.datetime, lease: float) -> sa.ColumnElement[bool]:
    """Whether ``owner`` may take a session: nobody holds it, or knows it and could work on it."""
    past = now - datetime.timedelta(seconds=lease)
    alive = sa.exists().where(_E.c.engine_id == _S.c.last_owner, _E.c.heartbeat_at >= past)
    left_to_others = sa.or_(
        _S.c.last_owner.is_(None), _S.c.last_owner == owner, _S.c.wake_at <= past, ~alive
    )
    return sa.or_(_S.c.lease_until < now, sa.and_(_S.c.owner.is_(None), left_to_others))


@repeatable
def due(
    database: Database, owner: str, now: datetime.datetime, lease: float, limit: int
) -> list[str]:
    """Sessions that have something to do and that ``owner`` may take.

    :returns: those that it worked on last come first, then the longest waiting: an engine that has
        enough to do takes nothing over.
    """
    known = sa.case((_S.c.last_owner == owner, 0), else_=1)
    with database.lookup() as session:
        return list(
            session.scalars(
                sa.select(_S.c.session_id)
                .where(_S.c.wake_at <= now, _free(owner, now, lease))
                .order_by(known, _S.c.wake_at)
                .limit(limit)
            )
        )


@retried
def adopt(database: Database, owner: str, now: datetime.datetime) -> str | None:
    """Become the one who knows a session that waits for an engine which knows two more than we.

    Only what is due counts as waiting: where engines have little to do nothing changes hands.
    :returns: its id; it is to be claimed like the others. None: there is none.
    """
    count = sa.func.count()
    with database.lookup() as session:
        known: dict[str, int] = dict(
            session.execute(
                sa.select(_S.c.last_owner, count)
                .where(_S.c.wake_at.is_not(None), _S.c.last_owner.is_not(None))
                .group_by(_S.c.last_owner)
            ).all()
        )
        busiest = max(known, key=known.__getitem__, default=owner)
        if known.get(busiest, 0) - known.get(owner, 0) < _UNEVEN:
            return None
        waits = _S.c.last_owner == busiest, _S.c.owner.is_(None), _S.c.wake_at <= now
        session_id = session.scalar(
            sa.select(_S.c.session_id).where(*waits).order_by(_S.c.wake_at).limit(1)
        )
    if session_id is None:
        return None
    with database.writer() as session:
        adopted = session.execute(
            sa.update(_S).where(_S.c.session_id == session_id, *waits).values(last_owner=owner)
        )
        return session_id if adopted.rowcount == 1 else None  # type: ignore[attr-defined]


@retried
def claim(
    database: Database, session_id: str, owner: str, now: datetime.datetime, lease: float
) -> records.Session | None:
    """Take a due session for ``lease`` seconds; None when it is not due or it is another's.

    A claim raises ``revision``: whoever held the session before can write nothing any more.
    """
    with database.writer() as session:
        taken = session.execute(
            sa.update(_S)
            .where(_S.c.session_id == session_id, _S.c.wake_at <= now, _free(owner, now, lease))
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
    """Hand over everything that ``owner`` holds or knows, at once: it is stopping."""
    with database.writer() as session:
        session.execute(
            sa.update(_S)
            .where(_S.c.owner == owner)
            .values(owner=None, lease_until=None, wake_at=now)
        )
        session.execute(sa.update(_S).where(_S.c.last_owner == owner).values(last_owner=None))
