"""Going on after the machines' clocks were set back.

Rows say until when they are held and when they are due. Those of a clock that was an hour ahead
would keep everybody waiting for an hour once it is right.
"""

from __future__ import annotations

import datetime
import logging

from fenix import timing
from fenix.db import future
from fenix.db.api import Database

LOG = logging.getLogger(__name__)

#: Clocks of engines that agree do not differ by so much.
_MARGIN = datetime.timedelta(seconds=60)


class Skew:
    """Finds such rows. A hold that is renewed, by however wrong a clock, is left alone."""

    def __init__(self, database: Database, clock: timing.Clock, lease: float) -> None:
        self._database = database
        self._clock = clock
        self._patience = lease
        self._ahead = datetime.timedelta(seconds=2 * lease) + _MARGIN
        #: When each was seen first, on the steady clock.
        self._seen: dict[future.Held, float] = {}

    def look(self) -> None:
        """Free what is held by nobody any more, and wake what sleeps too long."""
        now, moment = self._clock.now(), self._clock.monotonic()
        self._seen = {
            held: self._seen.get(held, moment)
            for held in future.holds(self._database, now + self._ahead)
        }
        for held, since in list(self._seen.items()):
            if moment - since >= self._patience and future.free(self._database, held, now):
                LOG.warning(
                    "The %s %s was held until %s by an engine whose clock was ahead, and that "
                    "shows no life: it is free now",
                    *held,
                )
        for session_id in future.sleepers(self._database, now, _MARGIN):
            LOG.warning("Session %s sleeps by a clock that was ahead: woken", session_id)
            future.wake(self._database, session_id, now)
        late = future.late_events(self._database, now, _MARGIN)
        if late:
            LOG.warning("%d notifications wait by a clock that was ahead: sent now", len(late))
            future.send(self._database, late, now)
