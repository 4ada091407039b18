"""Birth and end of sessions."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from oslo_db import exception as db_exc
from sqlalchemy import orm

from fenix import exceptions, states
from fenix.db import models, records, rows
from fenix.db.advance import lost
from fenix.db.api import Database, repeatable, retried

_S = models.sessions
_C = models.host_claims

#: Values of a session's ``command``: it is being stopped.
DELETE = "delete"
ABORT = "abort"


@repeatable
def live_count(database: Database) -> int:
    """Sessions that are neither done nor failed."""
    with database.lookup() as session:
        return int(
            session.scalar(
                sa.select(sa.func.count()).select_from(_S).where(_S.c.state.not_in(states.IDLE))
            )
            or 0
        )


@repeatable
def holders(database: Database, hostnames: Sequence[str] | None = None) -> dict[str, str]:
    """Which session holds which host; of these hosts, or of all."""
    where = [] if hostnames is None else [_C.c.hostname.in_(hostnames)]
    with database.lookup() as session:
        return {
            row.hostname: row.session_id
            for row in session.execute(sa.select(_C.c.hostname, _C.c.session_id).where(*where))
        }


def demand_free(database: Database, hostnames: Sequence[str]) -> None:
    """:raises Conflict: when a session holds one of these hosts, naming both."""
    if holders(database, hostnames):
        raise conflict(database, hostnames)


def conflict(database: Database, hostnames: Sequence[str]) -> exceptions.Conflict:
    """The error for hosts that other sessions hold, naming them."""
    held = holders(database, hostnames)
    named = ", ".join(f"{h} (session {s})" for h, s in sorted(held.items()))
    return exceptions.Conflict(
        f"another session holds these hosts: {named}; wait for its end, or delete it"
    )


def create(
    database: Database,
    session: records.Session,
    hosts: Sequence[records.Host],
    actions: Sequence[records.Action],
    events: Sequence[records.Event],
    outgoing: Sequence[records.Outgoing],
) -> None:
    """Write a new session with everything it starts with, in one transaction.

    :raises Conflict: another session holds one of the hosts; nothing is written.
    """
    try:
        _create(database, session, hosts, actions, events, outgoing)
    except db_exc.DBDuplicateEntry:
        raise conflict(database, [h.hostname for h in hosts]) from None


@retried
def _create(
    database: Database,
    session: records.Session,
    hosts: Sequence[records.Host],
    actions: Sequence[records.Action],
    events: Sequence[records.Event],
    outgoing: Sequence[records.Outgoing],
) -> None:
    with database.writer() as write:
        claim_hosts(write, session.session_id, [h.hostname for h in hosts])
        rows.insert(write, _S, [session])
        rows.insert(write, models.hosts, hosts)
        rows.insert(write, models.action_plugins, actions, without=["action_id"])
        rows.insert(write, models.session_events, events, without=["event_id"])
        rows.insert(write, models.outbox, outgoing, without=["outbox_id"])


def claim_hosts(write: orm.Session, session_id: str, hostnames: Sequence[str]) -> None:
    """Take hosts for a session, inside a transaction of the caller.

    :raises oslo_db.exception.DBDuplicateEntry: another session holds one.
    """
    wanted = [{"hostname": h, "session_id": session_id} for h in sorted(hostnames)]
    for start in range(0, len(wanted), rows.CHUNK):
        write.execute(sa.insert(_C), wanted[start : start + rows.CHUNK])


@retried
def erase(database: Database, session: records.Session, events: Sequence[records.Event]) -> None:
    """Delete the rows of a session that its engine holds; its history and outbox stay.

    :raises LostLease: another engine has it; nothing is deleted.
    :raises Stale: an admin gave a command meanwhile; nothing is deleted.
    """
    with database.writer() as write:
        gone = write.execute(
            sa.delete(_S).where(
                _S.c.session_id == session.session_id,
                _S.c.revision == session.revision,
                _S.c.owner == session.owner,
            )
        )
        if gone.rowcount != 1:  # type: ignore[attr-defined]
            raise lost(write, session)
        for table in models.OF_A_SESSION:
            if table is not _S:
                write.execute(sa.delete(table).where(table.c.session_id == session.session_id))
        rows.insert(write, models.session_events, events, without=["event_id"])
