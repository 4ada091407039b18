"""What this engine holds: leases are renewed while it works, and checked before it acts."""

from __future__ import annotations

import logging
import threading

from oslo_db import exception as db_exc

from fenix import exceptions, timing
from fenix.db import claims, records
from fenix.db.api import Database

LOG = logging.getLogger(__name__)


class Leases:
    """Leases of one engine, counted from before they were asked for, on a steady clock."""

    def __init__(
        self, database: Database, engine_id: str, clock: timing.Clock, seconds: float
    ) -> None:
        self.engine_id = engine_id
        self.seconds = seconds
        self._database = database
        self._clock = clock
        self._until: dict[str, float] = {}
        self._lock = threading.Lock()

    def due(self, free: int) -> list[str]:
        """Sessions that this engine may take now.

        :param free: threads that have nothing to do; with more of them than sessions, one that
            waits for another engine is adopted.
        """
        now = self._clock.now()
        found = claims.due(self._database, self.engine_id, now, self.seconds, max(free, 1))
        if len(found) < free:
            adopted = claims.adopt(self._database, self.engine_id, now)
            found += [adopted] if adopted is not None else []
        return found

    def forget(self) -> None:
        """Leave all sessions that this engine does not hold to others."""
        claims.forget(self._database, self.engine_id)

    def take(self, session_id: str) -> records.Session | None:
        """Claim a session; None when it is not due, or another engine's."""
        until = self._clock.monotonic() + self.seconds
        session = claims.claim(
            self._database, session_id, self.engine_id, self._clock.now(), self.seconds
        )
        if session is not None:
            with self._lock:
                self._until[session_id] = until
        return session

    def drop(self, session_id: str) -> None:
        """This engine has finished with a session."""
        with self._lock:
            self._until.pop(session_id, None)

    def holds(self) -> dict[str, str]:
        """What is left of each lease, for a report. Takes no lock: the asker may have it."""
        now = self._clock.monotonic()
        return {s: f"{until - now:.1f} s of lease left" for s, until in dict(self._until).items()}

    def check(self, session_id: str) -> None:
        """Make sure that the session is still this engine's.

        :raises LostLease: the lease was not renewed in time.
        """
        with self._lock:
            until = self._until.get(session_id, 0.0)
        if self._clock.monotonic() >= until:
            raise exceptions.LostLease(
                f"the lease on session {session_id} ended before it could be renewed"
            )

    def renew(self) -> None:
        """Renew everything that is held; leases that were lost are not got back."""
        now = self._clock.monotonic()
        with self._lock:
            held = [s for s, until in self._until.items() if until > now]
        if not held:
            return
        try:
            renewed = claims.renew(
                self._database, held, self.engine_id, self._clock.now(), self.seconds
            )
            kept = claims.held(self._database, held, self.engine_id)
        except db_exc.DBError as error:
            LOG.warning("Leases of %d sessions were not renewed: %s", len(held), error)
            return
        with self._lock:
            for session_id in held:
                if session_id not in self._until:
                    continue
                if session_id not in kept:
                    self._until[session_id] = 0.0
                elif session_id in renewed:
                    self._until[session_id] = now + self.seconds
