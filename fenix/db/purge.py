"""Deleting what nobody needs any more: history, sent notifications and past impacts."""

from __future__ import annotations

import datetime

import sqlalchemy as sa

from fenix import timing
from fenix.db import disruptions, models
from fenix.db.api import Database, retried


def older_than(database: Database, days: int, clock: timing.Clock | None = None) -> dict[str, int]:
    """Delete rows older than ``days`` days whose session does not exist any more.

    Of the disruption ledger, groups of which nobody was impacted since.

    :returns: how many rows of which table.
    """
    now = (clock or timing.SystemClock()).now()
    limit = now - datetime.timedelta(days=days)
    # Whoever moved a day ago at the most may still be recovering.
    recovered = min(limit, now - datetime.timedelta(days=1))
    return {**_of_sessions(database, limit), "impacts": disruptions.purge(database, recovered)}


@retried
def _of_sessions(database: Database, limit: datetime.datetime) -> dict[str, int]:
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
