"""Which computes the cloud had at the last look; whoever looks next finds out what has changed."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Collection, Sequence

import sqlalchemy as sa
from oslo_db import exception as db_exc
from sqlalchemy import orm

from fenix.db import models, records, rows
from fenix.db.api import Database, repeatable, retried

_K = models.known_hosts


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """What is different from the last look. ``missing``: not listed any more; ``back``: again."""

    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    back: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.missing or self.back)


class _Overtaken(Exception):
    """Another engine has written the same change."""


@repeatable
def known(database: Database) -> dict[str, datetime.datetime | None]:
    """Since when each known host is missing; None: it is there."""
    with database.lookup() as session:
        return {row.hostname: row.missing_at for row in session.execute(sa.select(_K))}


def write(
    database: Database,
    change: Change,
    now: datetime.datetime,
    outgoing: Sequence[records.Outgoing] = (),
) -> bool:
    """Write what has changed, with what is to be told of it, in one transaction.

    :returns: False when another engine was faster; nothing is written.
    """
    try:
        _write(database, change, now, outgoing)
    except (db_exc.DBDuplicateEntry, _Overtaken):
        return False
    return True


@retried
def _write(
    database: Database,
    change: Change,
    now: datetime.datetime,
    outgoing: Sequence[records.Outgoing],
) -> None:
    with database.writer() as session:
        for hostname in sorted(change.removed):
            gone = session.execute(sa.delete(_K).where(_K.c.hostname == hostname))
            if gone.rowcount != 1:  # type: ignore[attr-defined]
                raise _Overtaken
        new = [{"hostname": name, "missing_at": None} for name in sorted(change.added)]
        for start in range(0, len(new), rows.CHUNK):
            session.execute(sa.insert(_K), new[start : start + rows.CHUNK])
        _mark(session, change.missing, now)
        _mark(session, change.back, None)
        rows.insert(session, models.outbox, outgoing, without=["outbox_id"])


def _mark(
    session: orm.Session, hostnames: Collection[str], missing_at: datetime.datetime | None
) -> None:
    for hostname in sorted(hostnames):
        session.execute(
            sa.update(_K).where(_K.c.hostname == hostname).values(missing_at=missing_at)
        )
