"""Model time: the cloud's own seconds, faster than real ones or moved by hand."""

import datetime
import threading
import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """Where model time comes from. All times are seconds since the cloud began, as floats."""

    epoch: datetime.datetime

    def now(self) -> float:
        """Model seconds since the beginning."""

    def real_delay(self, until: float) -> float | None:
        """Real seconds from now until model time ``until``; None if nobody can say."""

    def watch(self, moved: Callable[[], None]) -> None:
        """Call ``moved`` whenever time was moved by hand."""


def utc(clock: Clock, at: float) -> datetime.datetime:
    """Model time ``at`` as an aware UTC date, for the API's time stamps."""
    return clock.epoch + datetime.timedelta(seconds=at)


class ModelClock:
    """Model seconds are real seconds times ``speed``."""

    def __init__(self, speed: float = 1.0, epoch: datetime.datetime | None = None) -> None:
        if speed <= 0:
            raise ValueError(f"speed must be positive, not {speed}")
        self.epoch = epoch or datetime.datetime.now(datetime.UTC)
        self._lock = threading.Lock()
        self._speed = speed
        self._model = 0.0
        self._real = time.monotonic()
        self._moved: list[Callable[[], None]] = []

    @property
    def speed(self) -> float:
        """Model seconds per real second; may be changed at any time."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        if speed <= 0:
            raise ValueError(f"speed must be positive, not {speed}")
        with self._lock:
            real = time.monotonic()
            self._model += (real - self._real) * self._speed
            self._real, self._speed = real, speed
        for moved in self._moved:
            moved()

    def now(self) -> float:
        """Model seconds since the beginning."""
        with self._lock:
            return self._model + (time.monotonic() - self._real) * self._speed

    def real_delay(self, until: float) -> float | None:
        """Real seconds from now until model time ``until``, 0 if it has passed."""
        return max(0.0, (until - self.now()) / self._speed)

    def watch(self, moved: Callable[[], None]) -> None:
        """Call ``moved`` whenever the speed changes."""
        self._moved.append(moved)


class ManualClock:
    """Time stands still until somebody calls :meth:`advance`: for simulators and tests."""

    def __init__(self, start: float = 0.0, epoch: datetime.datetime | None = None) -> None:
        self.epoch = epoch or datetime.datetime.now(datetime.UTC)
        self._now = start
        self._moved: list[Callable[[], None]] = []

    def now(self) -> float:
        """Model seconds since the beginning."""
        return self._now

    def advance(self, seconds: float) -> float:
        """Move time forward; everything due until then happens, in order. Returns the new time."""
        if seconds < 0:
            raise ValueError(f"time does not go back ({seconds})")
        return self.advance_to(self._now + seconds)

    def advance_to(self, when: float) -> float:
        """Move time forward to model time ``when`` (never back). Returns the new time."""
        self._now = max(self._now, when)
        for moved in self._moved:
            moved()
        return self._now

    def real_delay(self, until: float) -> float | None:
        """Nobody can say: always None."""
        return None

    def watch(self, moved: Callable[[], None]) -> None:
        """Call ``moved`` after every advance."""
        self._moved.append(moved)
