"""How often a project may write: a token bucket for each, in the memory of this process.

Kept here and not in the database, because counting there would cost a write for every write, on
what the limit is there to protect. So the limit is one process's: with several workers or hosts a
project gets as many times as much at the most, and never less than was configured.
"""

from __future__ import annotations

import math
import threading

from fenix import exceptions, timing

_MINUTE = 60.0
#: Buckets that are kept before those that are full again are forgotten.
_MANY = 10000


class WritesTooOften(exceptions.TooManyRequests):
    """429 with the seconds after which a write is taken again."""

    def __init__(self, message: str, seconds: int) -> None:
        super().__init__(message)
        self.headers = {"Retry-After": str(seconds)}


class WriteLimit:
    """Takes note of writes.

    :param per_minute: writes of one project; as many may come at once after a minute without any.
        0: no limit.
    """

    def __init__(self, per_minute: int, clock: timing.Clock) -> None:
        self._size = float(per_minute)
        self._rate = per_minute / _MINUTE
        self._clock = clock
        self._lock = threading.Lock()
        #: By project: what was left, and when.
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, project_id: str) -> None:
        """Count a write.

        :raises TooManyRequests: the project has none left; nothing is counted then.
        """
        if not self._size:
            return
        now = self._clock.monotonic()
        with self._lock:
            left = self._now(project_id, now)
            if left >= 1:
                self._left[project_id] = (left - 1, now)
                if len(self._left) > _MANY:
                    self._forget(now)
                return
        seconds = max(1, math.ceil((1 - left) / self._rate))
        raise WritesTooOften(
            f"project {project_id!r} has written more than {self._size:.0f} times in a minute; "
            f"nothing was done: send the same again in {seconds} s (Retry-After). The operator can "
            f"raise [api] project_writes_per_minute",
            seconds,
        )

    def _now(self, project_id: str, now: float) -> float:
        left, at = self._left.get(project_id, (self._size, now))
        return min(self._size, left + (now - at) * self._rate)

    def _forget(self, now: float) -> None:
        """A bucket that is full says no more than none."""
        full = [p for p in self._left if self._now(p, now) >= self._size]
        for project_id in full:
            del self._left[project_id]
