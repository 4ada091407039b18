"""What will happen in the cloud, and when: one heap and at most one thread."""

import heapq
import itertools
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from fenix.emulator.clock import Clock

LOG = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Appointment:
    """Something to be done at a model time."""

    at: float
    action: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        """It will not happen. Harmless when it has already."""
        self.cancelled = True


class Agenda:
    """Runs actions at their model time, under the cloud's lock.

    Whoever looks at the cloud calls :meth:`settle` first, so what is due has happened by then,
    each action at its own exact time. With a running clock one thread sees to it that things
    also happen when nobody looks; it ends when nothing is left to do.
    """

    def __init__(self, clock: Clock, lock: threading.RLock) -> None:
        self.clock = clock
        self.now = clock.now()
        self._changed = threading.Condition(lock)
        self._heap: list[tuple[float, int, Appointment]] = []
        self._count = itertools.count()
        self._thread: threading.Thread | None = None
        self._settling = False
        self._closed = False
        clock.watch(self._moved)

    def at(self, when: float, action: Callable[[], None]) -> Appointment:
        """Do ``action`` at model time ``when``, at once if that has passed. Needs the lock."""
        made = Appointment(max(when, self.now), action)
        heapq.heappush(self._heap, (made.at, next(self._count), made))
        if not self._closed and self.clock.real_delay(when) is not None:
            self._wake()
        return made

    def after(self, seconds: float, action: Callable[[], None]) -> Appointment:
        """Do ``action`` so many model seconds from now. Needs the lock."""
        return self.at(self.now + seconds, action)

    def next_at(self) -> float | None:
        """Model time of the next appointment, None if there is none. Needs the lock."""
        while self._heap and self._heap[0][2].cancelled:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def settle(self) -> float:
        """Let everything happen that is due; returns the model time. Needs the lock."""
        if self._settling:
            return self.now
        self._settling = True
        try:
            until = self.clock.now()
            while (due := self.next_at()) is not None and due <= until:
                appointment = heapq.heappop(self._heap)[2]
                self.now = max(self.now, appointment.at)
                appointment.action()
            self.now = max(self.now, until)
        finally:
            self._settling = False
        return self.now

    def close(self) -> None:
        """End the thread; nothing happens by itself any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _moved(self) -> None:
        with self._changed:
            self.settle()
            self._changed.notify_all()

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="cloud-agenda", daemon=True)
            self._thread.start()
        else:
            self._changed.notify_all()

    def _run(self) -> None:
        with self._changed:
            while not self._closed:
                try:
                    self.settle()
                except Exception:  # the thread outlives one bad action
                    LOG.exception("an action of the emulated cloud failed")
                due = self.next_at()
                if due is None:
                    break
                self._changed.wait(self.clock.real_delay(due))
            self._thread = None
