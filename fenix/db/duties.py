"""Work that one engine at a time does for all of them."""

from __future__ import annotations

import datetime

import sqlalchemy as sa
from oslo_db import exception as db_exc

from fenix.db import models
from fenix.db.api import Database, retried

_D = models.duties


def take(
    database: Database, name: str, owner: str, now: datetime.datetime, interval: float
) -> bool:
    """Whether it is due, and this engine's turn; then it is due again ``interval`` seconds later.

    An engine that dies over it leaves it until then.
    """
    due_at = now + datetime.timedelta(seconds=interval)
    try:
        return _take(database, name, owner, now, due_at)
    except db_exc.DBDuplicateEntry:
        return False


@retried
def _take(
    database: Database, name: str, owner: str, now: datetime.datetime, due_at: datetime.datetime
) -> bool:
    with database.writer() as write:
        taken = write.execute(
            sa.update(_D)
            .where(_D.c.name == name, _D.c.due_at <= now)
            .values(owner=owner, due_at=due_at)
        )
        if taken.rowcount == 1:  # type: ignore[attr-defined]
            return True
        there = write.scalar(sa.select(_D.c.name).where(_D.c.name == name))
        if there is None:
            write.execute(sa.insert(_D).values(name=name, owner=owner, due_at=due_at))
        return there is None
