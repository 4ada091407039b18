"""An engine that is killed at a chosen moment: right before or after a commit or an outside call.

Every such moment is a point, counted from 1. A session is simulated once without a death to learn
how many there are, then once for each.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

WRITES = ("disable", "enable", "live_migrate", "cold_migrate", "confirm", "abort")
_COMMITS = ("commit", "erase", "disrupt")


class Death(BaseException):
    """SIGKILL: nothing catches it, and what was not written is lost."""


@dataclasses.dataclass
class Mortality:
    """When the engine dies.

    :ivar at: the points at which an engine dies, in order; the next engine goes on after each.
    :ivar late: None: the engine is killed. Seconds: it is stopped right before a call, the call
        takes effect so much later, and it finds then that it has lost its lease.
    :ivar lost: the number of the notification, of those that are sent once, whose sender dies
        before the broker has it; None: none.
    :ivar points: what was passed, in order.
    """

    at: tuple[int, ...] = ()
    late: float | None = None
    lost: int | None = None
    sent_once: int = 0
    points: list[str] = dataclasses.field(default_factory=list)
    left_behind: list[Callable[[], Any]] = dataclasses.field(default_factory=list)

    def store(self, store: Any) -> Any:
        """The same store, in which an engine may die before and after a commit."""
        return _Mortal(store, _COMMITS, self)

    def cloud(self, cloud: Any) -> Any:
        """The same cloud, in which an engine may die before and after a call."""
        return _Mortal(cloud, WRITES, self)

    def loses_next(self) -> bool:
        """Whether the next notification that is sent once does not leave."""
        self.sent_once += 1
        return self.sent_once == self.lost

    def passes(self, point: str, call: Callable[[], Any] | None = None) -> None:
        """An engine is at a point. :raises Death: it gets no further."""
        self.points.append(point)
        if len(self.points) in self.at:
            if call is not None and self.late is not None:
                self.left_behind.append(call)
            raise Death(point)


class _Mortal:
    def __init__(self, inner: Any, names: tuple[str, ...], mortality: Mortality) -> None:
        self._inner = inner
        self._names = names
        self._mortality = mortality

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        if name not in self._names:
            return method

        def mortal(*arguments: Any, **more: Any) -> Any:
            def call() -> Any:
                return method(*arguments, **more)

            self._mortality.passes(f"before {name}", call if name in WRITES else None)
            done = call()
            self._mortality.passes(f"after {name}")
            return done

        return mortal
