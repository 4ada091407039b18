"""Replies of projects, written by the API itself so that they survive engines being down."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping

import sqlalchemy as sa

from fenix.db import models, records, rows
from fenix.db import sessions as db_sessions
from fenix.db.api import Database, retried

_W = models.project_waits
_I = models.instances


@dataclasses.dataclass(frozen=True, slots=True)
class View:
    """What a project sees of a session: its open questions and its instances."""

    session: records.Session
    waits: list[records.Wait]
    instances: list[records.Instance]
    hostnames: frozenset[str]


@retried
def view(database: Database, session_id: str, project_id: str) -> View:
    """Read a project's part of a session in one transaction.

    :raises NotFound: when there is no such session.
    """
    with database.reader() as session:
        found = db_sessions.read_one(session, session_id)
        return View(
            found,
            rows.select(
                session,
                _W,
                records.Wait,
                _W.c.session_id == session_id,
                _W.c.project_id == project_id,
                _W.c.status == "open",
                order_by=_W.c.wait_id,
            ),
            rows.select(
                session,
                _I,
                records.Instance,
                _I.c.session_id == session_id,
                _I.c.project_id == project_id,
                order_by=_I.c.instance_id,
            ),
            frozenset(
                session.scalars(
                    sa.select(models.hosts.c.hostname).where(
                        models.hosts.c.session_id == session_id,
                        models.hosts.c.outside.is_(sa.false()),
                    )
                )
            ),
        )


@retried
def record(
    database: Database,
    wait: records.Wait,
    reply: str,
    actions: Mapping[str, str],
    now: datetime.datetime,
    *,
    complete: bool = True,
) -> bool:
    """Write a reply to an open question and wake its session, in one transaction.

    :param complete: False: the reply is about some of the question's instances, and the question
        stays open for the others.
    :returns: False when the question was answered or closed since ``wait`` was read; nothing is
        written then.
    """
    where = [
        _W.c.wait_id == wait.wait_id,
        _W.c.status == "open",
        _W.c.reply.is_(None),
        _W.c.replied_at.is_(None)
        if wait.replied_at is None
        else _W.c.replied_at == wait.replied_at,
    ]
    if reply.startswith("NACK_"):
        # A question that is to be asked again is open, for an ACK, before the event goes out.
        where.append(_W.c.opened_at <= now)
    with database.writer() as session:
        # First, so that the session's history is written by one at a time.
        session.execute(db_sessions.turn_statement(wait.session_id))
        session.execute(db_sessions.wake_statement(wait.session_id, now))
        written = session.execute(
            sa.update(_W)
            .where(*where)
            .values(
                reply=reply if complete else None,
                reply_actions=dict(actions),
                replied_at=now,
            )
        )
        if written.rowcount != 1:  # type: ignore[attr-defined]
            return False
        rows.insert(
            session,
            models.session_events,
            [
                records.Event(
                    session_id=wait.session_id,
                    at=now,
                    kind="reply",
                    message=f"{reply} from project {wait.project_id}",
                    host=wait.host,
                    project_id=wait.project_id,
                    instance_id=wait.instance_id,
                    data={"reply": reply, "actions": dict(actions)},
                )
            ],
            without=["event_id"],
        )
        return True
