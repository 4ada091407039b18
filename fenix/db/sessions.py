"""Sessions as clients read them, and what wakes them."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import orm

from fenix import exceptions, states
from fenix.db import models, records, rows
from fenix.db.api import Database, repeatable, retried

_S = models.sessions
#: Asked for more than anything else, so it is made once.
_SUMMARY = rows.every_column(_S, records.Summary).where(_S.c.session_id == sa.bindparam("wanted"))


@repeatable
def ids(
    database: Database,
    *,
    state: str | None = None,
    limit: int | None = None,
    after: records.Session | None = None,
) -> list[str]:
    """The ids of sessions, oldest first.

    :param state: only those in this state.
    :param after: only those that follow this session.
    """
    statement = sa.select(_S.c.session_id).order_by(_S.c.created_at, _S.c.session_id).limit(limit)
    if state is not None:
        statement = statement.where(_S.c.state == state)
    if after is not None:
        same = sa.and_(_S.c.created_at == after.created_at, _S.c.session_id > after.session_id)
        statement = statement.where(sa.or_(_S.c.created_at > after.created_at, same))
    with database.lookup() as session:
        return list(session.scalars(statement))


def not_found(session_id: str) -> exceptions.NotFound:
    """The error for a session that does not exist."""
    return exceptions.NotFound(
        f"no session {session_id!r}; GET /v1/maintenance lists the sessions there are"
    )


def read_one(session: orm.Session | sa.Connection, session_id: str) -> records.Session:
    """One session, inside a transaction of the caller.

    :raises NotFound: when there is none with that id.
    """
    found = rows.select(session, _S, records.Session, _S.c.session_id == session_id)
    if not found:
        raise not_found(session_id)
    return found[0]


@repeatable
def get(database: Database, session_id: str) -> records.Session:
    """One session.

    :raises NotFound: when there is none with that id.
    """
    with database.lookup() as session:
        return read_one(session, session_id)


@repeatable
def summary(database: Database, session_id: str) -> records.Summary:
    """What clients see of one session.

    :raises NotFound: when there is none with that id.
    """
    with database.lookup() as session:
        found = session.execute(_SUMMARY, {"wanted": session_id}).first()
    if found is None:
        raise not_found(session_id)
    return records.Summary(*found)


@dataclasses.dataclass(frozen=True, slots=True)
class Detail:
    """A session and everything that belongs to it."""

    session: records.Session
    hosts: list[records.Host]
    instances: list[records.Instance]
    projects: list[records.Project]
    waits: list[records.Wait]
    actions: list[records.Action]
    runs: list[records.ActionRun]


@retried
def detail(database: Database, session_id: str) -> Detail:
    """A session with all its rows, read in one transaction.

    :raises NotFound: when there is none with that id.
    """
    with database.reader() as session:
        found = read_one(session, session_id)
        return Detail(found, *contents(session, session_id))


def contents(
    session: orm.Session, session_id: str
) -> tuple[
    list[records.Host],
    list[records.Instance],
    list[records.Project],
    list[records.Wait],
    list[records.Action],
    list[records.ActionRun],
]:
    """The rows of a session, each list in a steady order; waits are the open ones."""
    hosts, instances, projects = models.hosts, models.instances, models.projects
    waits, actions, runs = (
        models.project_waits,
        models.action_plugins,
        models.action_plugin_instances,
    )
    return (
        rows.select(
            session,
            hosts,
            records.Host,
            hosts.c.session_id == session_id,
            order_by=hosts.c.hostname,
        ),
        rows.select(
            session,
            instances,
            records.Instance,
            instances.c.session_id == session_id,
            order_by=instances.c.instance_id,
        ),
        rows.select(
            session,
            projects,
            records.Project,
            projects.c.session_id == session_id,
            order_by=projects.c.project_id,
        ),
        rows.select(
            session,
            waits,
            records.Wait,
            waits.c.session_id == session_id,
            waits.c.status == "open",
            order_by=waits.c.wait_id,
        ),
        rows.select(
            session,
            actions,
            records.Action,
            actions.c.session_id == session_id,
            order_by=actions.c.action_id,
        ),
        rows.select(
            session,
            runs,
            records.ActionRun,
            runs.c.session_id == session_id,
            order_by=runs.c.run_id,
        ),
    )


def wake_statement(session_id: str, now: datetime.datetime) -> sa.Update:
    """Make a session due at once.

    ``wakes`` tells an engine that is working on it just now that something came in after it
    looked; it then looks again instead of sleeping.
    """
    return (
        sa.update(_S)
        .where(
            _S.c.session_id == session_id,
            sa.or_(_S.c.state.not_in(states.IDLE), _S.c.command.is_not(None)),
        )
        # Since when it waits is kept: one that waits for long others may take.
        .values(
            wakes=_S.c.wakes + 1, wake_at=sa.case((_S.c.wake_at <= now, _S.c.wake_at), else_=now)
        )
    )


def turn_statement(session_id: str) -> sa.Update:
    """Wait for one's turn to write to a session's history, and change nothing."""
    return sa.update(_S).where(_S.c.session_id == session_id).values(wakes=_S.c.wakes)


@retried
def wake(database: Database, session_id: str, now: datetime.datetime) -> None:
    """Make a session due at once; one that is idle or gone stays as it is."""
    with database.writer() as session:
        session.execute(wake_statement(session_id, now))


@repeatable
def wakes(database: Database, session_id: str) -> int | None:
    """How often the session was woken; None when it is gone."""
    with database.lookup() as session:
        return session.scalar(sa.select(_S.c.wakes).where(_S.c.session_id == session_id))


@retried
def written_by_others(
    database: Database, session_id: str, unfinished: Sequence[int]
) -> tuple[list[records.Wait], list[records.ActionRun]]:
    """Rows that the API and the runners of actions write.

    :param unfinished: ids of the action runs to read; those that have ended do not change.
    :returns: open questions, and these runs.
    """
    waits, runs = models.project_waits, models.action_plugin_instances
    with database.reader() as session:
        open_waits = rows.select(
            session,
            waits,
            records.Wait,
            waits.c.session_id == session_id,
            waits.c.status == "open",
            order_by=waits.c.wait_id,
        )
        if not unfinished:
            return open_waits, []
        return open_waits, rows.select(
            session, runs, records.ActionRun, runs.c.run_id.in_(unfinished)
        )
