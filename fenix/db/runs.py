"""Runs of action plug-ins: work that any engine claims."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy import orm

from fenix import states, timing
from fenix.db import models, records, rows
from fenix.db import sessions as db_sessions
from fenix.db.api import Database, repeatable, retried

_R = models.action_plugin_instances
_S = models.sessions

PENDING = "PENDING"
RUNNING = "RUNNING"
SUCCEEDED = "SUCCEEDED"
SKIPPED = "SKIPPED"
FAILED = "FAILED"
FINISHED = frozenset({SUCCEEDED, SKIPPED, FAILED})
#: Ended for good; a failed one may be run again.
DONE = frozenset({SUCCEEDED, SKIPPED})


def _claimable(now: datetime.datetime, patience: float) -> sa.ColumnElement[bool]:
    stale = now - datetime.timedelta(seconds=patience)
    waits = sa.or_(_R.c.state == PENDING, sa.and_(_R.c.state == RUNNING, _R.c.heartbeat_at < stale))
    # Nothing begins in a session that is paused, being stopped, or has failed.
    held_back = sa.select(_S.c.session_id).where(
        sa.or_(
            _S.c.paused_at.is_not(None),
            _S.c.command.is_not(None),
            _S.c.state == states.MAINTENANCE_FAILED,
        )
    )
    return sa.and_(waits, _R.c.session_id.not_in(held_back))


@repeatable
def due(
    database: Database, now: datetime.datetime, patience: float, limit: int
) -> list[records.ActionRun]:
    """Runs that wait for an engine, or whose engine has shown no life for ``patience`` s."""
    with database.lookup() as session:
        return rows.select(
            session,
            _R,
            records.ActionRun,
            _claimable(now, patience),
            order_by=_R.c.run_id,
            limit=limit,
        )


@retried
def claim(
    database: Database,
    run: records.ActionRun,
    owner: str,
    now: datetime.datetime,
    patience: float,
    deadline: datetime.datetime,
) -> bool:
    """Take a run; False when another engine did. ``attempt`` of ``run`` is raised by one."""
    again = run.state == RUNNING
    with database.writer() as session:
        taken = session.execute(
            sa.update(_R)
            .where(
                _R.c.run_id == run.run_id,
                _R.c.attempt == run.attempt,
                _claimable(now, patience),
            )
            .values(
                state=RUNNING,
                owner=owner,
                attempt=run.attempt + 1,
                heartbeat_at=now,
                started_at=now,
                deadline=deadline,
            )
        )
        if taken.rowcount != 1:  # type: ignore[attr-defined]
            return False
        begun = dataclasses.replace(
            run,
            attempt=run.attempt + 1,
            state=RUNNING,
            owner=owner,
            started_at=now,
            deadline=deadline,
        )
        taken_over = "; the engine before showed no life" if again else ""
        _tell(session, begun, now, f"try {begun.attempt} begins{taken_over}")
    run.attempt, run.state, run.owner = begun.attempt, RUNNING, owner
    run.started_at, run.deadline = now, deadline
    return True


def _tell(
    session: orm.Session,
    run: records.ActionRun,
    now: datetime.datetime,
    what: str,
    **more: object,
) -> None:
    """Write an attempt into the history, after the session's row."""
    session.execute(db_sessions.turn_statement(run.session_id))
    event = records.Event(
        run.session_id,
        now,
        "action",
        f"{run.type} action {run.plugin} on {run.hostname}: {what}",
        host=run.hostname,
        data={
            "plugin": run.plugin,
            "type": run.type,
            "key": run.key,
            "attempt": run.attempt,
            "engine": run.owner,
            **more,
        },
    )
    rows.insert(session, models.session_events, [event], without=["event_id"])


@retried
def beat(
    database: Database, run_ids: Collection[int], owner: str, now: datetime.datetime
) -> frozenset[int]:
    """Show that these runs are alive.

    :returns: those of them that ``owner`` has no more: another engine took them, or their session
        was deleted.
    """
    if not run_ids:
        return frozenset()
    mine = sa.and_(_R.c.run_id.in_(run_ids), _R.c.owner == owner, _R.c.state == RUNNING)
    with database.writer() as session:
        shown = session.execute(sa.update(_R).where(mine).values(heartbeat_at=now))
        if shown.rowcount == len(run_ids):  # type: ignore[attr-defined]
            return frozenset()
        return frozenset(run_ids) - set(session.scalars(sa.select(_R.c.run_id).where(mine)))


@retried
def finish(
    database: Database, run: records.ActionRun, state: str, result: str, now: datetime.datetime
) -> bool:
    """Write the result and wake the session; False when another engine has the run now."""
    with database.writer() as session:
        written = session.execute(
            sa.update(_R)
            .where(
                _R.c.run_id == run.run_id,
                _R.c.attempt == run.attempt,
                _R.c.owner == run.owner,
                _R.c.state == RUNNING,
            )
            .values(state=state, result=result, finished_at=now, heartbeat_at=now)
        )
        if written.rowcount != 1:  # type: ignore[attr-defined]
            return False
        session.execute(db_sessions.wake_statement(run.session_id, now))
        seconds = (now - run.started_at).total_seconds() if run.started_at else None
        _tell(
            session,
            run,
            now,
            f"try {run.attempt} ended as {state}: {result}",
            state=state,
            result=result,
            started_at=timing.wire(run.started_at),
            seconds=seconds,
        )
        return True


@retried
def hand_back(database: Database, run: records.ActionRun) -> None:
    """Make a run that its owner has not begun claimable at once."""
    with database.writer() as session:
        session.execute(
            sa.update(_R)
            .where(
                _R.c.run_id == run.run_id,
                _R.c.attempt == run.attempt,
                _R.c.owner == run.owner,
                _R.c.state == RUNNING,
            )
            .values(state=PENDING, owner=None)
        )


@repeatable
def of_session(database: Database, session_id: str) -> list[records.ActionRun]:
    """Every run of a session, in the order they were made."""
    with database.lookup() as session:
        return rows.select(
            session,
            _R,
            records.ActionRun,
            _R.c.session_id == session_id,
            order_by=_R.c.run_id,
        )
