"""Deleting what nobody needs any more: history and sent notifications of ended sessions."""

from __future__ import annotations

import datetime

import sqlalchemy as sa

from fenix import timing
from fenix.db import models
from fenix.db.api import Database, retried


@retried
def older_than(database: Database, days: int, clock: timing.Clock | None = None) -> dict[str, int]:
    """Delete rows older than ``days`` days whose session does not exist any more.

    :returns: how many rows of which table.
    """
    limit = (clock or timing.SystemClock()).now() - datetime.timedelta(days=days)
    sessions = sa.select(models.sessions.c.session_id)
    events, outbox = models.session_events, models.outbox
    with database.writer() as session:
        gone = session.execute(
            sa.delete(events).where(events.c.at < limit, events.c.session_id.not_in(sessions))
        )
        sent = session.execute(
            sa.delete(outbox).where(
                outbox.c.created_at < limit, outbox.c.session_id.not_in(sessions)
            )
        )
    return {
        "events": int(gone.rowcount),  # type: ignore[attr-defined]
        "notifications": int(sent.rowcount),  # type: ignore[attr-defined]
    }
