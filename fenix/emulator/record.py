"""The referee's notes: what was called, moved, interrupted and broken in the cloud."""

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import accumulate

from fenix.emulator.presence import Interval, Presence


@dataclass(slots=True, eq=False)
class Move:
    """One server's way to another host. Times are model seconds; ``end`` None while it lasts.

    ``kind`` is ``live``, ``cold``, ``resize``, ``evacuate`` or ``own`` (the project replaced the
    server by another itself); ``result`` is a migration's last status, e.g. ``completed``,
    ``confirmed``, ``reverted``, ``error``, ``cancelled``, and None while it lasts.
    """

    server_id: str
    name: str
    project_id: str
    group: str | None
    kind: str
    source: str
    dest: str | None
    start: float
    end: float | None = None
    active: float | None = None
    """When the server was ACTIVE (or what it was before) on the other host."""
    result: str | None = None
    reason: str | None = None

    @property
    def done(self) -> bool:
        """Whether the server did change its host."""
        return self.result in ("completed", "confirmed", "finished", "done")


@dataclass(slots=True, frozen=True)
class Violation:
    """Something that must never be: ``kind`` is ``capacity``, ``anti-affinity`` or ``affinity``."""

    at: float
    kind: str
    host: str
    detail: str


class Record:
    """Everything the emulated cloud saw. Read it with the cloud's lock held or at rest."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.presence = Presence()
        self.api_calls: Counter[tuple[str, str]] = Counter()
        self.api_total = 0
        self.api_statuses: Counter[int] = Counter()
        self.moves: list[Move] = []
        self.violations: list[Violation] = []
        self.webhooks: list[tuple[float, str, int]] = []
        """(model time, URL, HTTP status or 0) of every alarm delivered."""

    def call(self, method: str, template: str, status: int) -> None:
        """Count an API call, e.g. ``("GET", "/compute/v2.1/servers/{server_id}", 200)``."""
        self.api_calls[method, template] += 1
        self.api_statuses[status] += 1
        self.api_total += 1

    def reset_calls(self) -> None:
        """Begin counting API calls anew."""
        self.api_calls.clear()
        self.api_statuses.clear()
        self.api_total = 0

    def violation(self, at: float, kind: str, host: str, detail: str) -> None:
        """Note something that must never be."""
        self.violations.append(Violation(at, kind, host, detail))

    def moves_of(self, server_id: str) -> list[Move]:
        """The moves of one server, oldest first."""
        return [move for move in self.moves if move.server_id == server_id]

    def interruptions(self, server_id: str) -> list[Interval]:
        """When the server did not answer, oldest first; the last may be open (``end`` None)."""
        return self.presence.intervals(server_id)

    def all_interruptions(self) -> dict[str, list[Interval]]:
        """The same for every server that was ever interrupted, by server id."""
        return self.presence.all_intervals()

    def group_outages(self, at: float | None = None) -> dict[str, float]:
        """Longest time in model seconds that no member of a group answered, by group name.

        An outage that lasts counts up to ``at`` (default now), unless the group has no members.
        """
        return self.presence.group_outages(self._now() if at is None else at)

    def most_impacted(
        self, recovery_time: float = 0.0, *, without: Collection[str] = ()
    ) -> dict[str, int]:
        """Most members of a group that were on the way at the same time, by group name.

        A member counts from the request of its move until it is ACTIVE on the other host and
        ``recovery_time`` model seconds more; a move that failed counts until it ended. ``without``
        leaves out kinds of moves, such as ``own``, which is also that of scaling in and out.
        """
        changes: dict[str, list[tuple[float, int]]] = {}
        for move in self.moves:
            if move.group is not None and move.kind not in without:
                end = move.end if move.active is None else move.active + recovery_time
                steps = changes.setdefault(move.group, [])
                steps.append((move.start, 1))
                if end is not None:
                    steps.append((max(end, move.start), -1))
        found = {}
        for group, steps in changes.items():
            counts = accumulate(change for _, change in sorted(steps))
            found[group] = max(counts, default=0)
        return found
