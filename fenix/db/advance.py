"""Writing what a handler did: one transaction behind a compare-and-swap on the session."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy import orm

from fenix import exceptions
from fenix.db import models, records, rows
from fenix.db.api import Database, retried

_S = models.sessions
_W = models.project_waits

#: Columns that only this module and the claims write.
_LEASE = ("session_id", "owner", "last_owner", "lease_until", "revision", "wakes", "wake_at")


class Stale(exceptions.FenixError):
    """A reply or a command came in while the handler was at work: look again."""


def lost(write: orm.Session, session: records.Session) -> exceptions.FenixError:
    """Why a session's holder could not write, inside the transaction that tried."""
    owner = write.scalar(sa.select(_S.c.owner).where(_S.c.session_id == session.session_id))
    if owner is not None and owner == session.owner:
        return Stale(f"session {session.session_id} was given a command meanwhile")
    return exceptions.LostLease(f"session {session.session_id} was taken over from {session.owner}")


@dataclasses.dataclass(slots=True)
class Changes:
    """What is to be written; records are shared with the snapshot they come from."""

    hosts: dict[str, records.Host] = dataclasses.field(default_factory=dict)
    instances: dict[str, records.Instance] = dataclasses.field(default_factory=dict)
    projects: dict[str, records.Project] = dataclasses.field(default_factory=dict)
    #: By id, with ``replied_at`` as the handler saw it.
    waits: dict[int, tuple[records.Wait, datetime.datetime | None]] = dataclasses.field(
        default_factory=dict
    )
    new_hosts: list[records.Host] = dataclasses.field(default_factory=list)
    new_instances: list[records.Instance] = dataclasses.field(default_factory=list)
    new_projects: list[records.Project] = dataclasses.field(default_factory=list)
    new_waits: list[records.Wait] = dataclasses.field(default_factory=list)
    runs: list[records.ActionRun] = dataclasses.field(default_factory=list)
    new_runs: list[records.ActionRun] = dataclasses.field(default_factory=list)
    events: list[records.Event] = dataclasses.field(default_factory=list)
    outgoing: list[records.Outgoing] = dataclasses.field(default_factory=list)
    release_claims: set[str] = dataclasses.field(default_factory=set)
    session: bool = False

    def __bool__(self) -> bool:
        return any(getattr(self, f.name) for f in dataclasses.fields(self))


@dataclasses.dataclass(frozen=True, slots=True)
class Release:
    """Give the session back, and sleep until ``wake_at`` (None: until an admin acts)."""

    wake_at: datetime.datetime | None


@retried
def commit(
    database: Database,
    session: records.Session,
    changes: Changes,
    now: datetime.datetime,
    release: Release | None = None,
) -> None:
    """Write the changes and the session row.

    :param release: None keeps the lease. When something woke the session after ``session`` was
        read (``wakes`` differs), it is due at once whatever ``wake_at`` says.
    :raises LostLease: another engine has the session; nothing is written.
    :raises Stale: a reply came in for a question that was to be closed, or an admin gave a
        command; nothing is written.
    """
    values = rows.values(session, without=_LEASE)
    values["updated_at"] = now
    values["revision"] = session.revision + 1
    if release is not None:
        values |= {"owner": None, "lease_until": None}
        values["wake_at"] = (
            release.wake_at
            if release.wake_at is None
            else sa.case((_S.c.wakes == session.wakes, release.wake_at), else_=now)
        )
    with database.writer() as write:
        swapped = write.execute(
            sa.update(_S)
            .where(
                _S.c.session_id == session.session_id,
                _S.c.revision == session.revision,
                _S.c.owner == session.owner,
            )
            .values(**values)
        )
        if swapped.rowcount != 1:  # type: ignore[attr-defined]
            raise lost(write, session)
        _write(write, session.session_id, changes)
    session.revision += 1
    session.updated_at = now


def _write(write: orm.Session, session_id: str, changes: Changes) -> None:
    for wait, seen in changes.waits.values():
        _write_wait(write, wait, seen)
    _update(write, models.hosts, changes.hosts.values(), changes.new_hosts)
    _update(write, models.instances, changes.instances.values(), changes.new_instances)
    _update(write, models.projects, changes.projects.values(), changes.new_projects)
    _update(write, models.action_plugin_instances, changes.runs, changes.new_runs)
    rows.insert(write, models.hosts, changes.new_hosts)
    rows.insert(write, models.instances, changes.new_instances)
    rows.insert(write, models.projects, changes.new_projects)
    for wait in changes.new_waits:
        wait.wait_id = _inserted(write, _W, wait, "wait_id")
    for run in changes.new_runs:
        run.run_id = _inserted(write, models.action_plugin_instances, run, "run_id")
    rows.insert(write, models.session_events, changes.events, without=["event_id"])
    rows.insert(write, models.outbox, changes.outgoing, without=["outbox_id"])
    for hostname in changes.release_claims:
        claims = models.host_claims
        # A session that has failed may not hold a host any more that another has taken since.
        mine = (claims.c.hostname == hostname, claims.c.session_id == session_id)
        write.execute(sa.delete(claims).where(*mine))


def _update(
    write: orm.Session, table: sa.Table, changed: Iterable[object], new: Iterable[object]
) -> None:
    """Write what has changed of rows that are there; new ones are inserted as they are by now."""
    inserted = set(map(id, new))
    rows.update(write, table, [record for record in changed if id(record) not in inserted])


def _inserted(
    write: orm.Session, table: sa.Table, record: records.Wait | records.ActionRun, key: str
) -> int:
    result = write.execute(sa.insert(table).values(**rows.values(record, without=[key])))
    return int(result.inserted_primary_key[0])  # type: ignore[attr-defined]


def _write_wait(write: orm.Session, wait: records.Wait, seen: datetime.datetime | None) -> None:
    """Close a question, or change it.

    The row is written only while it holds the reply that the handler saw: one that came in
    meanwhile was accepted, and counts.
    """
    unchanged = _W.c.replied_at.is_(None) if seen is None else _W.c.replied_at == seen
    written = write.execute(
        sa.update(_W)
        .where(_W.c.wait_id == wait.wait_id, _W.c.status == "open", unchanged)
        .values(rows.values(wait, without=["wait_id"]))
    )
    if written.rowcount != 1:  # type: ignore[attr-defined]
        raise Stale(f"project {wait.project_id} answered meanwhile")
