"""Rows of one session in memory, with the rules that the database keeps.

What is handed out are copies: a handler whose work is not committed has changed nothing.
"""

from __future__ import annotations

import copy
import datetime
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from fenix import exceptions, states
from fenix.db import advance, durations, records
from fenix.db import sessions as db_sessions
from fenix.db.known_hosts import Change
from fenix.db.replies import View

_R = TypeVar("_R")


class MemoryStore:
    """A :class:`fenix.db.store.Store`."""

    def __init__(
        self,
        session: records.Session,
        hosts: Sequence[records.Host],
        actions: Sequence[records.Action],
    ) -> None:
        self.row = session
        self._hosts = {h.hostname: h for h in hosts}
        self._instances: dict[str, records.Instance] = {}
        self._projects: dict[str, records.Project] = {}
        self._open: dict[int, records.Wait] = {}
        self._actions = list(actions)
        self._runs: dict[int, records.ActionRun] = {}
        self._left: dict[str, datetime.datetime] = {}
        #: Ids of notifications of which nobody knows whether they have left.
        self.unsure: set[str] = set()
        self._ids = itertools.count(1)
        self.events: list[records.Event] = []
        #: What projects demand; may be changed while the session runs.
        self.instance_constraints: list[records.InstanceConstraint] = []
        self.group_constraints: list[records.GroupConstraint] = []
        self._known_hosts: dict[str, datetime.datetime | None] = {}
        self._disruptions: dict[tuple[str, str], records.Disruption] = {}
        #: Is told of every notification that was written.
        self.send: Callable[[records.Outgoing], None] = lambda _row: None
        #: Is told of every run of an action that waits for an engine.
        self.start: Callable[[records.ActionRun], None] = lambda _run: None

    # The port

    def session(self, session_id: str) -> records.Session:
        """See :class:`fenix.db.store.Store`."""
        found = _copy(self._known(session_id))
        # What a handler notes is kept by its commit only.
        found.progress = dict(found.progress)
        return found

    def _known(self, session_id: str) -> records.Session:
        if session_id != self.row.session_id:
            raise db_sessions.not_found(session_id)
        return self.row

    def detail(self, session_id: str) -> db_sessions.Detail:
        """See :class:`fenix.db.store.Store`."""
        return db_sessions.Detail(
            self.session(session_id),
            _copies(self._hosts),
            _copies(self._instances),
            _copies(self._projects),
            _copies(self._open),
            list(self._actions),
            _copies(self._runs),
        )

    def written_by_others(
        self, session_id: str, unfinished: Sequence[int]
    ) -> tuple[list[records.Wait], list[records.ActionRun]]:
        """See :class:`fenix.db.store.Store`."""
        return _copies(self._open), [_copy(self._runs[r]) for r in unfinished]

    def wakes(self, session_id: str) -> int | None:
        """See :class:`fenix.db.store.Store`."""
        return self._known(session_id).wakes

    def commit(
        self,
        session: records.Session,
        changes: advance.Changes,
        now: datetime.datetime,
        release: advance.Release | None = None,
    ) -> None:
        """See :class:`fenix.db.store.Store`."""
        row = self.row
        if (row.revision, row.owner) != (session.revision, session.owner):
            raise exceptions.LostLease(f"session {session.session_id} was taken over")
        for wait_id, (wait, seen) in changes.waits.items():
            known = self._open.get(wait_id)
            if known is None or known.replied_at != seen:
                raise advance.Stale(f"project {wait.project_id} answered meanwhile")
        wakes, wake_at = row.wakes, row.wake_at
        session.revision += 1
        session.updated_at = now
        self.row = _copy(session)
        self.row.progress = dict(session.progress)
        self.row.wakes, self.row.wake_at = wakes, wake_at
        if release is not None:
            self.row.owner = self.row.lease_until = None
            woken = release.wake_at is not None and wakes != session.wakes
            self.row.wake_at = now if woken else release.wake_at
        self._write(changes)
        self.events.extend(changes.events)
        for outgoing in changes.outgoing:
            self.send(outgoing)

    def _write(self, changes: advance.Changes) -> None:
        for wait, _seen in changes.waits.values():
            if wait.status == "open":
                self._open[wait.wait_id] = _copy(wait)
            else:
                del self._open[wait.wait_id]
        for wait in changes.new_waits:
            wait.wait_id = next(self._ids)
            self._open[wait.wait_id] = _copy(wait)
        for host in [*changes.hosts.values(), *changes.new_hosts]:
            self._hosts[host.hostname] = _copy(host)
        for instance in [*changes.instances.values(), *changes.new_instances]:
            self._instances[instance.instance_id] = _copy(instance)
        for project in [*changes.projects.values(), *changes.new_projects]:
            self._projects[project.project_id] = _copy(project)
        for run in changes.new_runs:
            run.run_id = next(self._ids)
        for run in [*changes.runs, *changes.new_runs]:
            self._runs[run.run_id] = _copy(run)
            if run.state == "PENDING":
                self.start(self._runs[run.run_id])

    def erase(self, session: records.Session) -> None:
        """See :class:`fenix.db.store.Store`."""
        raise exceptions.InternalError("a simulated session is not deleted")

    def holders(self) -> dict[str, str]:
        """See :class:`fenix.db.store.Store`."""
        return {h.hostname: h.session_id for h in self._hosts.values() if not h.outside}

    def reserved(self, session_id: str) -> dict[str, tuple[float, float, float]]:
        """See :class:`fenix.db.store.Store`; there is one session."""
        return {}

    def left_at(self, message_id: str) -> datetime.datetime | None:
        """See :class:`fenix.db.store.Store`."""
        return self._left.get(message_id)

    def is_unsure(self, message_id: str) -> bool:
        """See :class:`fenix.db.store.Store`."""
        return message_id in self.unsure

    def host_seconds(self) -> float | None:
        """See :class:`fenix.db.store.Store`."""
        return None

    def durations(self) -> durations.Durations:
        """See :class:`fenix.db.store.Store`."""
        return durations.Durations(None, None, None, {})

    def constraints(
        self, project_ids: Iterable[str]
    ) -> tuple[list[records.InstanceConstraint], list[records.GroupConstraint]]:
        """See :class:`fenix.db.store.Store`."""
        owners = set(project_ids)
        return (
            [row for row in self.instance_constraints if row.owner in owners],
            [row for row in self.group_constraints if row.owner in owners],
        )

    def subscriptions(self, project_ids: Iterable[str]) -> dict[str, str]:
        """See :class:`fenix.db.store.Store`."""
        return {}

    def disruptions(self, project_ids: Iterable[str]) -> dict[tuple[str, str], records.Disruption]:
        """See :class:`fenix.db.store.Store`."""
        owners = set(project_ids)
        return {
            key: copy.deepcopy(row) for key, row in self._disruptions.items() if key[0] in owners
        }

    def disrupt(self, disruption: records.Disruption) -> bool:
        """See :class:`fenix.db.store.Store`."""
        key = (disruption.project_id, disruption.group_id)
        known = self._disruptions.get(key)
        if disruption.revision != (known.revision if known else 0):
            return False
        disruption.revision += 1
        self._disruptions[key] = copy.deepcopy(disruption)
        return True

    def known_hosts(self) -> dict[str, datetime.datetime | None]:
        """See :class:`fenix.db.store.Store`."""
        return dict(self._known_hosts)

    def write_known_hosts(
        self, change: Change, now: datetime.datetime, outgoing: Sequence[records.Outgoing]
    ) -> bool:
        """See :class:`fenix.db.store.Store`."""
        self._known_hosts.update(dict.fromkeys([*change.added, *change.back]))
        self._known_hosts.update(dict.fromkeys(change.missing, now))
        for hostname in change.removed:
            del self._known_hosts[hostname]
        for row in outgoing:
            self.send(row)
        return True

    # Claims: the only engine takes the session whenever it is due

    def take(self, session_id: str) -> records.Session | None:
        """Claim the session."""
        self.row.revision += 1
        self.row.owner = "engine"
        return self.session(session_id)

    # What others write

    def wake(self, now: datetime.datetime) -> None:
        """Make the session due at once, unless it is idle."""
        if self.row.state not in states.IDLE:
            self.row.wakes += 1
            self.row.wake_at = now

    def order(self, command: str, now: datetime.datetime) -> None:
        """An admin's ``abort``; whoever works on the session has to look again."""
        self.row.command, self.row.paused_at = command, None
        self.row.revision += 1
        self.wake(now)

    def left(self, message_id: str, now: datetime.datetime) -> None:
        """The broker has taken a notification."""
        self._left[message_id] = now

    def view(self, project_id: str) -> View:
        """What a project sees of the session."""
        return View(
            self.row,
            [w for w in self._open.values() if w.project_id == project_id],
            [i for i in self._instances.values() if i.project_id == project_id],
            frozenset(h.hostname for h in self._hosts.values() if not h.outside),
        )

    def reply(
        self, wait_id: int, text: str | None, actions: Mapping[str, str], now: datetime.datetime
    ) -> None:
        """Write a project's reply to an open question."""
        wait = self._open[wait_id]
        wait.reply, wait.reply_actions, wait.replied_at = text, dict(actions), now
        self.wake(now)


def _copy(row: _R) -> _R:
    """A row with the same fields; :func:`copy.copy` takes ten times as long for these classes."""
    made: _R = object.__new__(type(row))
    for name in type(row).__slots__:  # type: ignore[attr-defined]
        setattr(made, name, getattr(row, name))
    return made


def _copies(rows: Mapping[Any, _R]) -> list[_R]:
    return [_copy(rows[key]) for key in rows]
