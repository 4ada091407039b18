"""Commands of admins as rows: each is one transaction behind a compare-and-swap on the session.

A command raises the session's ``revision``. The engine that is working on the session just now
can write nothing any more: it drops what it has not written, reads the rows again, and acts on
the command. So nothing begins after a command was answered that the command forbids, and of two
admins who saw the same session one is told that he is late.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from oslo_db import exception as db_exc

from fenix.db import lifecycle, models, records, rows
from fenix.db import sessions as db_sessions
from fenix.db.api import Database, retried

_S = models.sessions
_E = models.session_events

#: Kind of a command in a session's history.
COMMAND = "command"


@dataclasses.dataclass(frozen=True, slots=True)
class Situation:
    """What decides whether a command is possible.

    ``hosts`` are those that it maintains, ``held`` the names of those that no other session can
    take; ``last`` is the latest command in the history.
    """

    session: records.Session
    hosts: list[records.Host]
    held: frozenset[str]
    last: records.Event | None


@retried
def situation(database: Database, session_id: str) -> Situation:
    """Read a session as commands look at it.

    :raises NotFound: no such session.
    """
    hosts = models.hosts
    with database.reader() as session:
        found = db_sessions.read_one(session, session_id)
        last = rows.select(
            session,
            _E,
            records.Event,
            _E.c.session_id == session_id,
            _E.c.kind == COMMAND,
            order_by=_E.c.event_id.desc(),
            limit=1,
        )
        mine = rows.select(
            session,
            hosts,
            records.Host,
            hosts.c.session_id == session_id,
            hosts.c.outside.is_(sa.false()),
            order_by=hosts.c.hostname,
        )
        held = frozenset(
            session.scalars(
                sa.select(models.host_claims.c.hostname).where(
                    models.host_claims.c.session_id == session_id
                )
            )
        )
    return Situation(found, mine, held, last[0] if last else None)


def give(
    database: Database,
    seen: records.Session,
    values: dict[str, Any],
    events: Sequence[records.Event],
    hostnames: Sequence[str] = (),
) -> bool:
    """Write a command, and make the session due at once.

    :param values: columns of the session that the command changes.
    :param hostnames: hosts that the session takes again.
    :returns: False when the session has changed since it was ``seen``; nothing is written then.
    :raises Conflict: another session holds one of the hosts.
    """
    try:
        return _give(database, seen, values, events, hostnames)
    except db_exc.DBDuplicateEntry:
        raise lifecycle.conflict(database, hostnames) from None


@retried
def _give(
    database: Database,
    seen: records.Session,
    values: dict[str, Any],
    events: Sequence[records.Event],
    hostnames: Sequence[str],
) -> bool:
    now: datetime.datetime = events[0].at
    with database.writer() as write:
        changed = write.execute(
            sa.update(_S)
            .where(_S.c.session_id == seen.session_id, _S.c.revision == seen.revision)
            .values(
                **values,
                revision=seen.revision + 1,
                # Whichever engine was asked acts on it.
                last_owner=None,
                wakes=_S.c.wakes + 1,
                wake_at=now,
                updated_at=now,
            )
        )
        if changed.rowcount != 1:  # type: ignore[attr-defined]
            return False
        lifecycle.claim_hosts(write, seen.session_id, hostnames)
        rows.insert(write, _E, events, without=["event_id"])
        return True
