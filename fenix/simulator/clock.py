"""Virtual time: a clock that stands still until it is set, and what happens when."""

from __future__ import annotations

import datetime
import heapq
import itertools
from collections.abc import Callable

EPOCH = datetime.datetime(2030, 1, 1)


def moment(seconds: float) -> datetime.datetime:
    """Virtual seconds as naive UTC."""
    return EPOCH + datetime.timedelta(seconds=seconds)


def seconds_of(when: datetime.datetime) -> float:
    """Naive UTC as virtual seconds; the inverse of :func:`moment`."""
    return (when - EPOCH).total_seconds()


class Clock:
    """A :class:`fenix.timing.Clock` that the simulation sets."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._now = EPOCH

    def set(self, seconds: float) -> None:
        """Go to a time; never back."""
        if seconds > self.seconds:
            self.seconds = seconds
            self._now = moment(seconds)

    def now(self) -> datetime.datetime:
        """The present time, naive UTC."""
        return self._now

    def monotonic(self) -> float:
        """The present time in seconds."""
        return self.seconds


class Agenda:
    """What will happen, in order of time; of the same time, in the order it was entered."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()

    def after(self, seconds: float, step: Callable[[], None]) -> None:
        """Do something in so many seconds."""
        self.at(self._clock.seconds + max(seconds, 0.0), step)

    def at(self, seconds: float, step: Callable[[], None]) -> None:
        """Do something at a time."""
        heapq.heappush(self._heap, (seconds, next(self._count), step))

    def next_at(self) -> float | None:
        """When the next thing happens; None when nothing is entered."""
        return self._heap[0][0] if self._heap else None

    def run_due(self) -> None:
        """Do everything whose time has come."""
        while self._heap and self._heap[0][0] <= self._clock.seconds:
            heapq.heappop(self._heap)[2]()
