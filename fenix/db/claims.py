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
#: After so many leases what waits for an engine has its turn like what nobody knows.
_TOO_LATE = 3


def _left_to_another(owner: str, now: datetime.datetime, lease: float) -> sa.ColumnElement[bool]:
    """Whether another engine knows a session and shows life; null, as false, where nobody does."""
    past = now - datetime.timedelta(seconds=lease)
    alive = sa.exists().where(_E.c.engine_id == _S.c.last_owner, _E.c.heartbeat_at >= past)
    return sa.and_(_S.c.last_owner.is_not(None), _S.c.last_owner != owner, alive)


def _free(owner: str, now: datetime.datetime, lease: float) -> sa.ColumnElement[bool]:
    """Whether ``owner`` may take a session: nobody holds it, or knows it and could work on it."""
    late = _S.c.wake_at <= now - datetime.timedelta(seconds=lease)
    known = _left_to_another(owner, now, lease)
    return sa.or_(_S.c.lease_until < now, sa.and_(_S.c.owner.is_(None), sa.or_(late, ~known)))


@repeatable
def due(
    database: Database, owner: str, now: datetime.datetime, lease: float, limit: int
) -> list[str]:
    """Sessions that have something to do and that ``owner`` may take.

    :returns: the longest waiting first; but those of another engine that lives come last, so that
        nobody who has enough to do takes them, until they have waited for three leases.
    """
    too_late = _S.c.wake_at <= now - datetime.timedelta(seconds=_TOO_LATE * lease)
    last = sa.and_(_left_to_another(owner, now, lease), ~too_late)
    with database.lookup() as session:
        return list(
            session.scalars(
                sa.select(_S.c.session_id)
                .where(_S.c.wake_at <= now, _free(owner, now, lease))
                .order_by(sa.case((last, 1), else_=0), _S.c.wake_at)
                .limit(limit)
            )
        )


@repeatable
def _waits_for_the_busiest(
    database: Database, owner: str, now: datetime.datetime
) -> tuple[str, str] | None:
    """A due session that nobody holds, and the engine that knows it and knows most."""
    waits = sa.and_(_S.c.owner.is_(None), _S.c.wake_at <= now)
    count, first = sa.func.count(), sa.func.min(sa.case((waits, _S.c.session_id)))
    with database.lookup() as session:
        known = session.execute(
            sa.select(_S.c.last_owner, count, first)
            .where(_S.c.wake_at.is_not(None), _S.c.last_owner.is_not(None))
            .group_by(_S.c.last_owner)
        ).all()
    ours = sum(number for engine, number, _ in known if engine == owner)
    others = [row for row in known if row[2] is not None and row[1] - ours >= _UNEVEN]
    busiest = max(others, key=lambda row: row[1], default=None)
    return None if busiest is None else (busiest[2], busiest[0])


def adopt(database: Database, owner: str, now: datetime.datetime) -> str | None:
    """Become the one who knows a session that waits for an engine which knows two more than we.

    Only what is due counts as waiting: where engines have little to do nothing changes hands.
    :returns: its id; it is to be claimed like the others. None: there is none.
    """
    found = _waits_for_the_busiest(database, owner, now)
    return found[0] if found is not None and _adopted(database, *found, owner, now) else None


@retried
def _adopted(
    database: Database, session_id: str, known_by: str, owner: str, now: datetime.datetime
) -> bool:
    with database.writer() as session:
        adopted = session.execute(
            sa.update(_S)
            .where(
                _S.c.session_id == session_id,
                _S.c.last_owner == known_by,
                _S.c.owner.is_(None),
                _S.c.wake_at <= now,
            )
            .values(last_owner=owner)
        )
        return bool(adopted.rowcount == 1)  # type: ignore[attr-defined]


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
def forget(database: Database, owner: str) -> None:
    """Leave all that ``owner`` knows to whoever comes first; what it holds it still holds."""
    with database.writer() as session:
        session.execute(sa.update(_S).where(_S.c.last_owner == owner).values(last_owner=None))


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
