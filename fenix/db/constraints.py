"""Constraints of instances and groups, kept per (owner, id) (contract section 4).

The owner is the project of the token that wrote the row, so nobody can take another's id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from oslo_db import exception as db_exc

from fenix.db import models, records, rows
from fenix.db.api import Database, repeatable, retried

INSTANCE = models.project_instances
GROUP = models.instance_groups

_ID = {INSTANCE.name: "instance_id", GROUP.name: "group_id"}


def _mine(table: sa.Table, owner: str, row_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.owner == owner, table.c[_ID[table.name]] == row_id


@repeatable
def get(database: Database, table: sa.Table, owner: str, row_id: str) -> dict[str, Any] | None:
    """The row of ``owner`` without its nulls and without the owner; None when there is none."""
    with database.lookup() as session:
        found = session.execute(sa.select(table).where(*_mine(table, owner, row_id))).mappings()
        row = found.first()
    if row is None:
        return None
    return {k: v for k, v in row.items() if k != "owner" and v is not None}


@retried
def put(
    database: Database, table: sa.Table, owner: str, row_id: str, fields: Mapping[str, Any]
) -> None:
    """Create or replace the row of ``owner``; fields that are not given become null."""
    key = _ID[table.name]
    columns = {c.name: fields.get(c.name) for c in table.columns if c.name not in ("owner", key)}
    try:
        with database.writer() as session:
            rows.upsert(session, table, {"owner": owner, key: row_id}, columns)
    except db_exc.DBDuplicateEntry as error:
        # Another request has created it since the update found nothing: replace that one.
        raise db_exc.RetryRequest(error) from error


@retried
def delete(database: Database, table: sa.Table, owner: str, row_id: str) -> None:
    """Delete the row of ``owner``, if there is one."""
    with database.writer() as session:
        session.execute(sa.delete(table).where(*_mine(table, owner, row_id)))


@repeatable
def owners(database: Database, table: sa.Table, row_id: str) -> list[str]:
    """The projects that own a row with this id, in order; for administrators who name none."""
    with database.lookup() as session:
        statement = sa.select(table.c.owner).where(table.c[_ID[table.name]] == row_id)
        return sorted(session.scalars(statement))


@retried
def of_projects(
    database: Database, project_ids: Iterable[str]
) -> tuple[list[records.InstanceConstraint], list[records.GroupConstraint]]:
    """Every row that these projects own."""
    wanted = sorted(set(project_ids))
    instances: list[records.InstanceConstraint] = []
    groups: list[records.GroupConstraint] = []
    with database.reader() as session:
        for start in range(0, len(wanted), rows.CHUNK):
            some = wanted[start : start + rows.CHUNK]
            instances += rows.select(
                session, INSTANCE, records.InstanceConstraint, INSTANCE.c.owner.in_(some)
            )
            groups += rows.select(session, GROUP, records.GroupConstraint, GROUP.c.owner.in_(some))
    return instances, groups
