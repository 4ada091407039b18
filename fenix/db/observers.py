"""What observers keep about hosts, between events and over restarts."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from fenix.db import models, rows
from fenix.db.api import Database, repeatable, retried

_N = models.observer_notes


@repeatable
def recall(database: Database, observer: str, hostname: str) -> Any:
    """What an observer kept about a host; None: nothing."""
    with database.lookup() as session:
        return session.scalar(
            sa.select(_N.c.note).where(_N.c.observer == observer, _N.c.hostname == hostname)
        )


@retried
def keep(database: Database, observer: str, hostname: str, note: Any) -> None:
    """Keep a note (JSON) instead of the one before; None forgets it."""
    with database.writer() as write:
        if note is None:
            write.execute(sa.delete(_N).where(_N.c.observer == observer, _N.c.hostname == hostname))
        else:
            rows.upsert(write, _N, {"observer": observer, "hostname": hostname}, {"note": note})
