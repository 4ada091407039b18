"""The disruption ledger: which members of which group are impacted, over all sessions.

There is one row for each group of a project. It is read, decided upon and written behind a
compare-and-swap on its revision, so that two engines never take the last place of a group both.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from oslo_db import exception as db_exc

from fenix.db import models, records, rows
from fenix.db.api import Database, retried

_D = models.disruptions
_S = models.sessions


@retried
def of_projects(
    database: Database, project_ids: Iterable[str]
) -> dict[tuple[str, str], records.Disruption]:
    """The rows of all groups of these projects, by project and group id.

    What a session that does not exist any more left on its way is left out.
    """
    wanted = sorted(set(project_ids))
    found: list[records.Disruption] = []
    with database.reader() as session:
        for start in range(0, len(wanted), rows.CHUNK):
            some = wanted[start : start + rows.CHUNK]
            found += rows.select(session, _D, records.Disruption, _D.c.project_id.in_(some))
        holders = {m["session"] for d in found for m in d.members.values() if not m["ended"]}
        alive = set(
            session.scalars(sa.select(_S.c.session_id).where(_S.c.session_id.in_(holders)))
            if holders
            else ()
        )
    for row in found:
        row.members = {i: m for i, m in row.members.items() if m["ended"] or m["session"] in alive}
    return {(d.project_id, d.group_id): d for d in found}


def write(database: Database, disruption: records.Disruption) -> bool:
    """Write the members of a group, and raise the revision of the record given.

    :returns: False when somebody else has written since it was read; nothing is written then.
    """
    try:
        written = _write(database, disruption)
    except db_exc.DBDuplicateEntry:
        return False
    if written:
        disruption.revision += 1
    return written


@retried
def _write(database: Database, disruption: records.Disruption) -> bool:
    with database.writer() as session:
        if not disruption.revision:
            values = rows.values(disruption)
            session.execute(sa.insert(_D).values(**{**values, "revision": 1}))
            return True
        changed = session.execute(
            sa.update(_D)
            .where(
                _D.c.project_id == disruption.project_id,
                _D.c.group_id == disruption.group_id,
                _D.c.revision == disruption.revision,
            )
            .values(members=disruption.members, revision=disruption.revision + 1)
        )
        return bool(changed.rowcount == 1)  # type: ignore[attr-defined]


def purge(database: Database, before: datetime.datetime) -> int:
    """Delete rows in which nothing has happened since ``before`` and nobody is impacted.

    A row that is written meanwhile stays. :returns: how many were deleted.
    """
    idle = _idle(database, before)
    return sum(_delete(database, row) for row in idle)


@retried
def _idle(database: Database, before: datetime.datetime) -> list[records.Disruption]:
    with database.reader() as session:
        found = rows.select(session, _D, records.Disruption)
        alive = set(session.scalars(sa.select(_S.c.session_id)))
    return [d for d in found if all(_is_past(m, alive, before) for m in d.members.values())]


def _is_past(member: dict[str, Any], alive: set[str], before: datetime.datetime) -> bool:
    """Whether an impact ended that long ago, or is of a session that does not exist any more."""
    if not member["ended"] and member["session"] in alive:
        return False
    return datetime.datetime.fromisoformat(member["ended"] or member["since"]) < before


@retried
def _delete(database: Database, row: records.Disruption) -> int:
    with database.writer() as session:
        deleted = session.execute(
            sa.delete(_D).where(
                _D.c.project_id == row.project_id,
                _D.c.group_id == row.group_id,
                _D.c.revision == row.revision,
            )
        )
        return int(deleted.rowcount)  # type: ignore[attr-defined]
