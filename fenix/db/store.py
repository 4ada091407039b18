"""Where one session's rows are kept, as its engine and its workflow see it.

The engine and the workflows reach rows through :class:`Store` only, so that the simulator can run
them on rows in memory. :class:`SqlStore` is what the service uses.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from typing import Protocol

from fenix.db import (
    advance,
    constraints,
    disruptions,
    durations,
    known_hosts,
    lifecycle,
    outbox,
    records,
    reservations,
    subscriptions,
)
from fenix.db import sessions as db_sessions
from fenix.db.api import Database
from fenix.db.known_hosts import Change
from fenix.together import Shared


class Store(Protocol):
    """What the holder of a session reads and writes."""

    def session(self, session_id: str) -> records.Session:
        """The session's row. :raises NotFound: when there is none with that id."""
        ...

    def detail(self, session_id: str) -> db_sessions.Detail:
        """The session with all its rows. :raises NotFound: when there is none with that id."""
        ...

    def written_by_others(
        self, session_id: str, unfinished: Sequence[int]
    ) -> tuple[list[records.Wait], list[records.ActionRun]]:
        """Open questions, and the action runs with these ids."""
        ...

    def wakes(self, session_id: str) -> int | None:
        """How often the session was woken; None when it is gone."""
        ...

    def commit(
        self,
        session: records.Session,
        changes: advance.Changes,
        now: datetime.datetime,
        release: advance.Release | None = None,
    ) -> None:
        """Write what a handler did, behind a compare-and-swap; see :func:`.advance.commit`.

        :raises LostLease: another engine has the session; nothing is written.
        :raises Stale: a reply came in for a question that was to be closed; nothing is written.
        """
        ...

    def erase(self, session: records.Session) -> None:
        """Delete the session's rows. :raises LostLease: another engine has it."""
        ...

    def holders(self) -> dict[str, str]:
        """Which session holds which host."""
        ...

    def reserved(self, session_id: str) -> dict[str, reservations.Amounts]:
        """What moves of other sessions are about to take of hosts: vCPUs, MiB, GiB."""
        ...

    def left_at(self, message_id: str) -> datetime.datetime | None:
        """When the broker took a notification; None when it has not."""
        ...

    def is_unsure(self, message_id: str) -> bool:
        """Whether nobody knows if the broker took a notification, which is not sent again."""
        ...

    def host_seconds(self) -> float | None:
        """How long hosts took in past sessions, the median; None: nothing is known."""
        ...

    def durations(self) -> durations.Durations:
        """How long moves, answers and actions took in past sessions, the medians."""
        ...

    def constraints(
        self, project_ids: Iterable[str]
    ) -> tuple[list[records.InstanceConstraint], list[records.GroupConstraint]]:
        """What these projects demand for their instances and groups, as it is now."""
        ...

    def subscriptions(self, project_ids: Iterable[str]) -> dict[str, str]:
        """The event type of each of these projects that has registered a webhook."""
        ...

    def disruptions(self, project_ids: Iterable[str]) -> dict[tuple[str, str], records.Disruption]:
        """The disruption ledger of these projects' groups, by project and group id."""
        ...

    def disrupt(self, disruption: records.Disruption) -> bool:
        """Write a group's row of the ledger; False: somebody else did since it was read."""
        ...

    def known_hosts(self) -> dict[str, datetime.datetime | None]:
        """Since when each host that was known at the last look is missing; None: it is there."""
        ...

    def write_known_hosts(
        self,
        change: Change,
        now: datetime.datetime,
        outgoing: Sequence[records.Outgoing],
    ) -> bool:
        """Write what has changed with what is told of it; False: somebody else was faster."""
        ...


class SqlStore:
    """Rows in the database that all engines share."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._holders = Shared(lambda: lifecycle.holders(database))
        self._reserved = Shared(lambda: reservations.all_of_them(database))

    def session(self, session_id: str) -> records.Session:
        """See :class:`Store`."""
        return db_sessions.get(self._database, session_id)

    def detail(self, session_id: str) -> db_sessions.Detail:
        """See :class:`Store`."""
        return db_sessions.detail(self._database, session_id)

    def written_by_others(
        self, session_id: str, unfinished: Sequence[int]
    ) -> tuple[list[records.Wait], list[records.ActionRun]]:
        """See :class:`Store`."""
        return db_sessions.written_by_others(self._database, session_id, unfinished)

    def wakes(self, session_id: str) -> int | None:
        """See :class:`Store`."""
        return db_sessions.wakes(self._database, session_id)

    def commit(
        self,
        session: records.Session,
        changes: advance.Changes,
        now: datetime.datetime,
        release: advance.Release | None = None,
    ) -> None:
        """See :class:`Store`."""
        advance.commit(self._database, session, changes, now, release)

    def erase(self, session: records.Session) -> None:
        """See :class:`Store`."""
        lifecycle.erase(self._database, session, [])

    def holders(self) -> dict[str, str]:
        """See :class:`Store`."""
        return dict(self._holders())

    def reserved(self, session_id: str) -> dict[str, reservations.Amounts]:
        """See :class:`Store`."""
        return reservations.of_others(self._reserved(), session_id)

    def left_at(self, message_id: str) -> datetime.datetime | None:
        """See :class:`Store`."""
        return outbox.left_at(self._database, message_id)

    def is_unsure(self, message_id: str) -> bool:
        """See :class:`Store`."""
        return outbox.is_unsure(self._database, message_id)

    def host_seconds(self) -> float | None:
        """See :class:`Store`."""
        found = durations.of_hosts(self._database)
        return None if found is None else found.seconds

    def durations(self) -> durations.Durations:
        """See :class:`Store`."""
        return durations.medians(self._database)

    def constraints(
        self, project_ids: Iterable[str]
    ) -> tuple[list[records.InstanceConstraint], list[records.GroupConstraint]]:
        """See :class:`Store`."""
        return constraints.of_projects(self._database, project_ids)

    def subscriptions(self, project_ids: Iterable[str]) -> dict[str, str]:
        """See :class:`Store`."""
        return subscriptions.of_projects(self._database, project_ids)

    def disruptions(self, project_ids: Iterable[str]) -> dict[tuple[str, str], records.Disruption]:
        """See :class:`Store`."""
        return disruptions.of_projects(self._database, project_ids)

    def disrupt(self, disruption: records.Disruption) -> bool:
        """See :class:`Store`."""
        return disruptions.write(self._database, disruption)

    def known_hosts(self) -> dict[str, datetime.datetime | None]:
        """See :class:`Store`."""
        return known_hosts.known(self._database)

    def write_known_hosts(
        self,
        change: Change,
        now: datetime.datetime,
        outgoing: Sequence[records.Outgoing],
    ) -> bool:
        """See :class:`Store`."""
        return known_hosts.write(self._database, change, now, outgoing)
