"""The referee's notes: what was called, moved, interrupted and broken in the cloud."""

from collections import Counter
from dataclasses import dataclass

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

    def __init__(self) -> None:
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

    def group_outages(self, at: float | None = None) -> dict[str, float]:
        """Longest time in model seconds that no member of a group answered, by group name."""
        return self.presence.group_outages(at)
