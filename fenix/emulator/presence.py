"""Which servers answer, and since when not: what an application's user would see."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from fenix.emulator.server import Server


@dataclass(slots=True, eq=False)
class Interval:
    """A time when a server did not answer; model seconds, ``end`` None while it lasts."""

    server_id: str
    name: str
    start: float
    reason: str
    end: float | None = None


@dataclass(slots=True, eq=False)
class Group:
    """Servers that do the same work; ``answering`` of them do at the moment."""

    name: str
    members: set[str] = field(default_factory=set)
    answering: int = 0
    silent_since: float | None = None
    """None before the first member answered and while one answers."""
    outages: list[tuple[float, float]] = field(default_factory=list)


class Presence:
    """Keeps who answers, in constant time per change."""

    def __init__(self) -> None:
        self.groups: dict[str, Group] = {}
        self._groups_of: dict[str, list[Group]] = {}
        self._answering: set[str] = set()
        self._intervals: dict[str, list[Interval]] = {}

    def answering(self, server_id: str) -> bool:
        """Whether the server answers now."""
        return server_id in self._answering

    def intervals(self, server_id: str) -> list[Interval]:
        """When it did not answer, oldest first."""
        return self._intervals.get(server_id, [])

    def all_intervals(self) -> dict[str, list[Interval]]:
        """The same by server id."""
        return {key: list(found) for key, found in self._intervals.items() if found}

    def update(self, server: Server, at: float, reason: str) -> None:
        """See whether the server answers at model time ``at``; ``reason`` is why it may not."""
        answers = (
            server.running and not server.deleted and server.host is not None and server.host.up
        )
        before = server.id in self._answering
        if answers == before:
            if not answers:
                self._still_silent(server, at, reason)
            return
        if answers:
            self._answering.add(server.id)
            self._close(server.id, at)
        else:
            self._answering.discard(server.id)
            self._open(server, at, reason)
        for group in self._groups_of.get(server.id, ()):
            self._count(group, 1 if answers else -1, at)

    def join(self, name: str, servers: Iterable[Server], at: float) -> Group:
        """Make the servers members of the group ``name``."""
        group = self.groups.setdefault(name, Group(name))
        for server in servers:
            if server.id in group.members:
                continue
            group.members.add(server.id)
            self._groups_of.setdefault(server.id, []).append(group)
            if server.id in self._answering:
                self._count(group, 1, at)
        return group

    def leave(self, server: Server) -> None:
        """A deleted server is no member any more."""
        for group in self._groups_of.pop(server.id, ()):
            group.members.discard(server.id)

    def group_names(self, server_id: str) -> list[str]:
        """The groups a server is in."""
        return [group.name for group in self._groups_of.get(server_id, ())]

    def group_outages(self, at: float) -> dict[str, float]:
        """Longest outage by group; one that lasts counts up to ``at`` if there are members."""
        found = {}
        for group in self.groups.values():
            lengths = [end - start for start, end in group.outages]
            if group.silent_since is not None and group.members:
                lengths.append(at - group.silent_since)
            found[group.name] = max(lengths, default=0.0)
        return found

    def _count(self, group: Group, change: int, at: float) -> None:
        group.answering += change
        if group.answering == 0:
            group.silent_since = at
        elif group.silent_since is not None:
            if at > group.silent_since:
                group.outages.append((group.silent_since, at))
            group.silent_since = None

    def _open(self, server: Server, at: float, reason: str) -> None:
        opened = Interval(server.id, server.name, at, reason)
        self._intervals.setdefault(server.id, []).append(opened)

    def _close(self, server_id: str, at: float) -> None:
        intervals = self._intervals.get(server_id)
        if intervals and intervals[-1].end is None:
            intervals[-1].end = at
            if intervals[-1].start == at:
                intervals.pop()

    def _still_silent(self, server: Server, at: float, reason: str) -> None:
        intervals = self._intervals.get(server.id)
        if not intervals:
            self._open(server, at, reason)
        elif reason == "deleted" and intervals[-1].reason != reason:
            self._close(server.id, at)
            self._open(server, at, reason)
