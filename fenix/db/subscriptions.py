"""Webhooks that projects have registered: one for each project."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from oslo_db import exception as db_exc

from fenix.db import models, records, rows
from fenix.db.api import Database, repeatable, retried

_T = models.subscriptions


@repeatable
def get(database: Database, project_id: str) -> records.Subscription | None:
    """The subscription of a project; None when there is none."""
    with database.lookup() as session:
        found = rows.select(session, _T, records.Subscription, _T.c.project_id == project_id)
    return found[0] if found else None


@repeatable
def page(database: Database, marker: str, limit: int) -> list[records.Subscription]:
    """Subscriptions by project id, those after ``marker``."""
    with database.lookup() as session:
        return rows.select(
            session,
            _T,
            records.Subscription,
            _T.c.project_id > marker,
            order_by=_T.c.project_id,
            limit=limit,
        )


@retried
def of_projects(database: Database, project_ids: Iterable[str]) -> dict[str, str]:
    """The event type that each of these projects has subscribed to, where it has."""
    wanted = sorted(set(project_ids))
    found: dict[str, str] = {}
    with database.reader() as session:
        for start in range(0, len(wanted), rows.CHUNK):
            some = _T.c.project_id.in_(wanted[start : start + rows.CHUNK])
            for project_id, event_type in session.execute(
                sa.select(_T.c.project_id, _T.c.event_type).where(some)
            ):
                found[project_id] = event_type
    return found


@retried
def put(database: Database, row: records.Subscription) -> None:
    """Create or replace a project's subscription."""
    columns = rows.values(row, without=["project_id"])
    try:
        with database.writer() as session:
            rows.upsert(session, _T, {"project_id": row.project_id}, columns)
    except db_exc.DBDuplicateEntry as error:
        # Another request has created it since the update found nothing: replace that one.
        raise db_exc.RetryRequest(error) from error


@retried
def delete(database: Database, project_id: str) -> None:
    """Delete a project's subscription, if there is one."""
    with database.writer() as session:
        session.execute(sa.delete(_T).where(_T.c.project_id == project_id))
