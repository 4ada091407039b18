"""Telling host observers: a carrier of the outbox for each.

What is to be told to an observer is a row of the outbox that belongs to no session: so for one
host events are told in order over all sessions, and none is told twice at the same time.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from oslo_config import cfg
from oslo_db import exception as db_exc

from fenix import exceptions, timing
from fenix.cloud.keystone import ServiceAuth
from fenix.db import history, observers, records
from fenix.db.api import Database
from fenix.notifications.carrier import Carrier
from fenix.workflow.observer import BaseHostObserver, HostEvent

LOG = logging.getLogger(__name__)

_PAUSE = 1.0
_WARN_AFTER = 3
_PARALLEL = 4


class _Notes:
    """A :class:`fenix.workflow.observer.Memory`."""

    def __init__(self, database: Database, observer: str, hostname: str) -> None:
        self._database = database
        self._key = (observer, hostname)

    def recall(self) -> Any:
        """See :class:`fenix.workflow.observer.Memory`."""
        return observers.recall(self._database, *self._key)

    def keep(self, value: Any) -> None:
        """See :class:`fenix.workflow.observer.Memory`."""
        observers.keep(self._database, *self._key, value)


class _Telling:
    """Tells one observer what a row says."""

    def __init__(
        self, name: str, observer: BaseHostObserver, database: Database, clock: timing.Clock
    ) -> None:
        self._name = name
        self._observer = observer
        self._database = database
        self._clock = clock

    def deliver(self, row: records.Outgoing) -> None:
        """See :class:`.Carrier`."""
        said = row.payload
        event = HostEvent(
            hostname=said["host"],
            state=said["state"],
            session_id=said["session_id"],
            at=row.created_at,
            event_id=row.message_id,
        )
        try:
            done = self._observer.observe(event, _Notes(self._database, self._name, event.hostname))
        except db_exc.DBError:
            raise
        except exceptions.FenixError as error:
            raise exceptions.Unavailable(str(error)) from error
        except Exception as error:
            # A plug-in's defect is not the sender's, and may have to do with what it met.
            LOG.exception("The observer %s raised", self._name)
            raise exceptions.Unavailable(f"{type(error).__name__}: {error}") from error
        if done is not None:
            LOG.info("Observer %s: %s: %s", self._name, event.hostname, done)
            history.append(self._database, self._line(event, done))

    def _line(self, event: HostEvent, done: str) -> records.Event:
        return records.Event(
            session_id=event.session_id,
            at=self._clock.now(),
            kind="observer",
            message=f"{self._name}: {event.hostname} {done}",
            host=event.hostname,
            data={"observer": self._name, "state": event.state, "message_id": event.event_id},
        )


def carriers(
    conf: cfg.ConfigOpts,
    classes: Iterable[tuple[str, type[BaseHostObserver]]],
    database: Database,
    clock: timing.Clock,
) -> list[Carrier]:
    """A carrier for each configured observer.

    :raises PluginError: one cannot be made; the engine does not start.
    """
    found = []
    for name, observer in classes:
        try:
            made = observer(conf, ServiceAuth(conf))
        except Exception as error:
            raise exceptions.PluginError(
                f"fenix.host_observers: {name}: {type(error).__name__}: {error}"
            ) from error
        found.append(
            Carrier(
                name=records.observer_carrier(name),
                deliver=_Telling(name, made, database, clock).deliver,
                pause=_PAUSE,
                time_limit=conf.service_auth.timeout or 0,
                give_up=conf.engine.host_observer_give_up,
                parallel=_PARALLEL,
                warn_after=_WARN_AFTER,
                trying="it is tried again, and no session waits for it; see to that service, or "
                "take the observer out of [engine] host_observers",
                remedy="do there by hand what it was to be told",
            )
        )
    return found
