"""How the service does, in figures: counts and ages over all sessions, for monitoring."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from fenix import states
from fenix.db import models, outbox, records
from fenix.db.api import Database, retried

_S = models.sessions
_H = models.hosts
_W = models.project_waits
_O = models.outbox


@dataclasses.dataclass(frozen=True, slots=True)
class Figures:
    """One look at the database; times in seconds."""

    sessions: dict[str, int]
    percent_done: dict[str, int]
    hosts: dict[str, int]
    moves: dict[str, int]
    action_runs: dict[str, int]
    waits: int
    waits_overdue: int
    outbox_waiting: dict[str, int]
    outbox_unsure: dict[str, int]
    outbox_dead: dict[str, int]
    outbox_age: dict[str, float]
    engines: int
    leases: int
    leases_expired: int
    late: float


def _counts(session: orm.Session, column: sa.Column[Any], *where: Any) -> dict[str, int]:
    statement = sa.select(column, sa.func.count()).where(*where).group_by(column)
    return {str(name): int(count) for name, count in session.execute(statement)}


def _count(session: orm.Session, table: sa.Table, *where: Any) -> int:
    found = session.scalar(sa.select(sa.func.count()).select_from(table).where(*where))
    return int(found or 0)


def _by_carrier(session: orm.Session, *where: Any) -> dict[str, int]:
    return {records.BUS: 0, **_counts(session, _O.c.carrier, *where)}


def _age(now: datetime.datetime, then: datetime.datetime | None) -> float:
    return 0.0 if then is None else max(0.0, (now - then).total_seconds())


@retried
def read(database: Database, now: datetime.datetime, alive_since: datetime.datetime) -> Figures:
    """Read everything in one transaction.

    :param alive_since: engines that showed themselves after this are alive.
    """
    live = _S.c.state.not_in(states.IDLE)
    of_live = sa.select(_S.c.session_id).where(live)
    unsent = _O.c.status.in_(outbox.UNSENT)
    moving = models.instances.c.move_phase
    run = models.action_plugin_instances
    with database.reader() as session:
        oldest = session.execute(
            sa.select(_O.c.carrier, sa.func.min(_O.c.due_at)).where(unsent).group_by(_O.c.carrier)
        )
        due = session.scalar(
            sa.select(sa.func.min(_S.c.wake_at)).where(
                live, sa.or_(_S.c.owner.is_(None), _S.c.lease_until < now)
            )
        )
        percent = session.execute(sa.select(_S.c.session_id, _S.c.percent_done).where(live))
        is_open = sa.and_(_W.c.status == "open", _W.c.session_id.in_(of_live))
        return Figures(
            sessions=_counts(session, _S.c.state),
            percent_done={str(i): int(done) for i, done in percent},
            hosts=_counts(
                session, _H.c.phase, _H.c.outside.is_(sa.false()), _H.c.session_id.in_(of_live)
            ),
            moves=_counts(session, moving, moving.is_not(None)),
            action_runs=_counts(session, run.c.state, run.c.session_id.in_(of_live)),
            waits=_count(session, _W, is_open),
            waits_overdue=_count(session, _W, is_open, _W.c.reply_at < now),
            outbox_waiting=_by_carrier(session, unsent),
            outbox_unsure=_by_carrier(session, _O.c.status == outbox.UNSURE),
            outbox_dead=_by_carrier(session, _O.c.status == outbox.DEAD),
            outbox_age={records.BUS: 0.0, **{name: _age(now, due) for name, due in oldest}},
            engines=_count(session, models.engines, models.engines.c.heartbeat_at >= alive_since),
            leases=_count(session, _S, _S.c.lease_until >= now),
            leases_expired=_count(session, _S, _S.c.owner.is_not(None), _S.c.lease_until < now),
            late=_age(now, due),
        )
