"""Histories of sessions: append-only, read page by page, kept until they are purged.

Ids of events rise in the order in which they can be read: whoever writes to the history of a
session writes to the session's row first, so that one transaction waits for the other. A reader
that goes on after the last id it has seen misses nothing.
"""

from __future__ import annotations

import sqlalchemy as sa

from fenix.db import models, records, rows
from fenix.db import sessions as db_sessions
from fenix.db.api import Database, repeatable, retried

_E = models.session_events

#: Kind of a reply that changed nothing.
IGNORED = "ignored"
#: So many of them are kept of one project in one session: nobody fills the database with them.
MOST_IGNORED = 2000


@repeatable
def _page(database: Database, session_id: str, marker: int, limit: int) -> list[records.Event]:
    with database.lookup() as session:
        return rows.select(
            session,
            _E,
            records.Event,
            _E.c.session_id == session_id,
            _E.c.event_id > marker,
            order_by=_E.c.event_id,
            limit=limit,
        )


def page(database: Database, session_id: str, marker: int, limit: int) -> list[records.Event]:
    """The events of a session after the one with the id ``marker``, oldest first.

    :raises NotFound: there is no such session, and no history of one.
    """
    found = _page(database, session_id, marker, limit)
    if found or db_sessions.wakes(database, session_id) is not None:
        return found
    if not _page(database, session_id, 0, 1):
        raise db_sessions.not_found(session_id)
    return found


@repeatable
def _ignored(database: Database, event: records.Event) -> int:
    with database.lookup() as session:
        return int(
            session.scalar(
                sa.select(sa.func.count()).where(
                    _E.c.session_id == event.session_id,
                    _E.c.kind == IGNORED,
                    _E.c.project_id == event.project_id,
                )
            )
            or 0
        )


def ignore(database: Database, event: records.Event) -> None:
    """Keep that a reply changed nothing, and why; of a project that floods, the first ones."""
    count = _ignored(database, event)
    if count == MOST_IGNORED - 1:
        event.message += "; further ones of this project are not recorded"
    if count < MOST_IGNORED:
        append(database, event)


@retried
def append(database: Database, event: records.Event) -> None:
    """Add a line to the history of a session, as long as that exists."""
    with database.writer() as write:
        there = write.execute(db_sessions.turn_statement(event.session_id))
        if there.rowcount == 1:  # type: ignore[attr-defined]
            rows.insert(write, _E, [event], without=["event_id"])
