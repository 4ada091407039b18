"""How fast the engine reacts to replies, seen from outside of it.

The reaction to a reply is the time from the moment the API begins to send its 200 until the
engine next turns to the outside: begins a call to Nova, Placement or Aodh, or has given a
notification to the message bus. Of a question to every project (MAINTENANCE, SCALE_IN,
MAINTENANCE_COMPLETE) only the last reply counts, because the engine has to wait for it. A reply
about a host whose turn has not come, as the ``vnf`` workflow asks for, counts for nothing: the
engine has to wait for the host before it. The demo's bus is inside the process and looks for
messages every 50 ms, so the figure is higher than on a broker; while many hosts are worked on at
once, the next call may be for another one than the reply was about.
"""

from __future__ import annotations

import bisect
import dataclasses
import datetime
import math
import threading
from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa

from fenix import timing
from fenix.db import models
from fenix.db.api import Database
from fenix.workflow.hold import Ports

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_MOMENT = datetime.timedelta(milliseconds=1)


@dataclasses.dataclass(frozen=True)
class Reaction:
    """Milliseconds, over all replies that count."""

    p50: float
    p99: float


class Witness:
    """Notes when replies were answered and when the engine called."""

    def __init__(self) -> None:
        self._clock = timing.SystemClock()
        self._lock = threading.Lock()
        self._accepted: dict[str, list[datetime.datetime]] = {}
        self._called: list[datetime.datetime] = []

    def api(self, application: Application) -> Application:
        """The same WSGI application, with the times of its 200s to projects noted."""

        def watched(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            parts = environ.get("PATH_INFO", "").strip("/").split("/")
            reply = environ["REQUEST_METHOD"] == "PUT" and len(parts) in (4, 5)

            def start(status: str, *more: Any) -> Any:
                if reply and status.startswith("200"):
                    with self._lock:
                        self._accepted.setdefault(parts[3], []).append(self._clock.now())
                return start_response(status, *more)

            return application(environ, start)

        return watched

    def ports(self, ports: Ports) -> Ports:
        """The same ports, with the times of the engine's calls noted."""

        def managers() -> Any:
            self._note()
            return ports.managers()

        cloud: Any = _Noted(ports.cloud, self._note)
        return Ports(cloud=cloud, managers=managers, reservations=ports.reservations)

    def _note(self) -> None:
        with self._lock:
            self._called.append(self._clock.now())

    def reaction(self, database: Database) -> Reaction | None:
        """What was measured; None when nothing was."""
        with database.reader() as session:
            sent = session.scalars(
                sa.select(models.outbox.c.sent_at).where(models.outbox.c.sent_at.is_not(None))
            )
            outside = sorted([*self._called, *sent])
            waits = session.execute(
                sa.select(
                    models.project_waits.c.project_id,
                    models.project_waits.c.state,
                    models.project_waits.c.host,
                    models.project_waits.c.opened_at,
                    models.project_waits.c.replied_at,
                ).where(models.project_waits.c.replied_at.is_not(None))
            ).all()
            rows = session.execute(sa.select(models.hosts.c.hostname, models.hosts.c.started_at))
            begun = {host.hostname: host.started_at for host in rows}
        took = []
        for wait in waits:
            if wait.host is None and any(_after(wait, other) for other in waits):
                continue
            answered = _first(self._accepted.get(wait.project_id, ()), wait.replied_at)
            called = None if answered is None else _first(outside, answered)
            if answered is not None and called is not None and not _ahead(wait, begun, answered):
                took.append((called - answered).total_seconds() * 1000)
        if not took:
            return None
        took.sort()
        return Reaction(_percentile(took, 50), _percentile(took, 99))


class _Noted:
    """Passes every call on, after it was noted."""

    def __init__(self, port: object, note: Callable[[], None]) -> None:
        self._port = port
        self._note = note

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def noted(*args: Any, **more: Any) -> Any:
            self._note()
            return method(*args, **more)

        return noted


def _after(wait: Any, other: Any) -> bool:
    """Whether ``other`` is the same question to another project, answered later."""
    return bool(
        other.state == wait.state
        and other.host is None
        and other.opened_at <= wait.replied_at < other.replied_at
    )


def _ahead(
    wait: Any, begun: dict[str, datetime.datetime | None], answered: datetime.datetime
) -> bool:
    """Whether a host had not had its turn when its question was answered."""
    began = begun.get(wait.host)
    return wait.host is not None and (began is None or began > answered)


def _first(times: Iterable[datetime.datetime], since: datetime.datetime) -> Any:
    ordered = list(times)
    at = bisect.bisect_left(ordered, since)
    return ordered[at] if at < len(ordered) else None


def _percentile(ordered: list[float], percent: int) -> float:
    return round(ordered[math.ceil(len(ordered) * percent / 100) - 1], 1)
