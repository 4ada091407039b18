"""Carriers: the ways on which a row of the outbox may leave.

A row names its carrier; :mod:`fenix.engine.outbox` sends what each carrier is to take, in order
per session and channel. Carriers do not wait for each other.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from fenix.db import records

_LONGEST_PAUSE = 30.0


@dataclasses.dataclass(frozen=True, slots=True)
class Carrier:
    """How rows with this ``name`` leave; times in seconds.

    :ivar deliver: takes one row and returns when it has arrived. It raises ``Unavailable`` (not
        taken: tried again), ``Unsure`` (it may have arrived: tried again, unless the row may be
        sent only once) or ``Undeliverable`` (never: the row is dead).
    :ivar pause: before the second try; doubled with each more, up to ``longest_pause``.
    :ivar time_limit: what ``deliver`` takes at most.
    :ivar give_up: a row older than this that is not taken is dead; None: it waits for ever.
    :ivar warn_after: after so many tries the history of the session says that they fail, and
        ``trying``, what happens and what to do; None: never.
    :ivar remedy: what to do when a row is dead, for the same history.
    :ivar parallel: how many channels are sent from at the same time by one engine.
    """

    name: str
    deliver: Callable[[records.Outgoing], None]
    pause: float
    longest_pause: float = _LONGEST_PAUSE
    time_limit: float = 0.0
    give_up: float | None = None
    parallel: int = 1
    warn_after: int | None = None
    trying: str = "it is tried again"
    remedy: str = ""
