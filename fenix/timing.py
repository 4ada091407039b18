"""Time as the service uses it: naive UTC, and a clock that tests and simulations replace."""

from __future__ import annotations

import datetime
import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

LOG = logging.getLogger(__name__)

#: How much faster or slower than time itself a clock may run, to make up for a difference.
_SLEW = 0.5
#: Seconds; a difference that no drift of a clock explains.
_LEAP = 2.0

WIRE_FORMAT = "%Y-%m-%d %H:%M:%S"


class Clock(Protocol):
    """A source of the present time."""

    def now(self) -> datetime.datetime:
        """The present time, naive UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back, for leases and time-outs inside one process."""
        ...


class SteadyTime:
    """The machine's wall clock without its leaps.

    It runs on a clock that never goes back and makes up for what it differs from the wall clock,
    but never runs slower or faster than by half. So a wall clock that is set by an hour expires
    no deadline and makes nothing stand still: a minute of waiting takes 40 to 120 seconds until
    the hour is made up for. Suspension of the machine counts as time that has passed.
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = lambda: time.clock_gettime(time.CLOCK_BOOTTIME),
    ) -> None:
        self._wall, self.steady = wall, steady
        self._lock = threading.Lock()
        self._read_at, self._time = steady(), wall()
        self._leapt = False

    def time(self) -> float:
        """Seconds since the epoch."""
        with self._lock:
            at, wall = self.steady(), self._wall()
            passed = max(0.0, at - self._read_at)
            behind = wall - (self._time + passed)
            most = passed * _SLEW
            self._time += passed + max(-most, min(most, behind))
            self._read_at = at
            leapt, self._leapt = abs(behind) > _LEAP and not self._leapt, abs(behind) > _LEAP
            found = self._time
        if leapt:
            LOG.warning(
                "The clock of this machine was set by %+.0f s. Times of the service follow slowly; "
                "to have it at once, restart every process of the service on this machine",
                behind,
            )
        return found


#: One of a process, so that all its parts agree.
_PROCESS = SteadyTime()


class SystemClock:
    """The clock of the machine, without its leaps."""

    def now(self) -> datetime.datetime:
        """The present time, naive UTC."""
        found = datetime.datetime.fromtimestamp(_PROCESS.time(), datetime.UTC)
        return found.replace(tzinfo=None)

    def monotonic(self) -> float:
        """Seconds that never go back; suspension counts."""
        return _PROCESS.steady()


def parse(text: str) -> datetime.datetime:
    """Read a time as clients write it (contract section 1).

    :param text: ``YYYY-MM-DD HH:MM:SS`` (taken as UTC), or with ``T``, ``Z``, an offset.
    :returns: naive UTC.
    :raises ValueError: when it is none of these, or a date alone.
    """
    value = text.strip()
    if len(value) < len("2000-01-01 00:00"):
        raise ValueError(f"{text!r} is not a time such as '2026-01-31 23:30:00'")
    parsed = datetime.datetime.fromisoformat(value)
    if parsed.tzinfo is not None:
        parsed = parsed.astimezone(datetime.UTC).replace(tzinfo=None)
    return parsed


def wire(moment: datetime.datetime | None) -> str | None:
    """A time as API bodies and notifications carry it: ``YYYY-MM-DD HH:MM:SS``, UTC."""
    return None if moment is None else moment.strftime(WIRE_FORMAT)
