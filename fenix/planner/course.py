"""The course of a session: which host is emptied after which, and where its instances go.

A course is found by following an order of hosts to its end: in every wave, each host in turn is
emptied if its instances find room on hosts that are maintained by then. A host depends on the
hosts that its instances go to, and on nothing else; so a course has no barriers, and its waves are
the longest chain of hosts that depend on one another (design section 6).
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence

from fenix.planner.model import Cloud, Item, Size, Source, largest_first, total
from fenix.planner.placement import Placement, Rooms

#: Hosts that are tried in vain, one after the other, before a wave is taken as full.
_VAIN = 64


@dataclasses.dataclass(frozen=True)
class Step:
    """One host's turn. ``wave`` counts from 1; ``targets``: host by instance id.

    ``first``: it is emptied onto hosts that are not maintained yet.
    """

    host: str
    wave: int
    targets: Placement
    first: bool = False

    @functools.cached_property
    def onto(self) -> frozenset[str]:
        """The hosts that its instances go to."""
        return frozenset(self.targets.values())


@dataclasses.dataclass(frozen=True)
class Course:
    """Steps in the order in which they begin, and the hosts that cannot be emptied."""

    steps: tuple[Step, ...]
    left: tuple[Source, ...] = ()

    @functools.cached_property
    def waves(self) -> int:
        """The longest chain of hosts."""
        return max((s.wave for s in self.steps), default=0)

    @property
    def first(self) -> tuple[Step, ...]:
        """Hosts that are emptied onto hosts which are not maintained yet."""
        return tuple(s for s in self.steps if s.first)

    @functools.cached_property
    def moves(self) -> int:
        """How often an instance is moved."""
        return sum(len(s.targets) for s in self.steps)


def chained(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Steps with the wave that each really needs: one more than the hosts that it depends on."""
    wave_of: dict[str, int] = {}
    found = []
    for step in steps:
        wave = 1
        if not step.first:
            wave += max((wave_of.get(host, 0) for host in step.onto), default=0)
        wave_of[step.host] = wave
        found.append(dataclasses.replace(step, wave=wave))
    return tuple(found)


def _positive(size: Size) -> Size:
    """An overcommitted host takes nothing away from the others."""
    return Size(max(size.vcpus, 0), max(size.memory_mb, 0), max(size.disk_gb, 0))


def fill_wave(
    order: Sequence[Source], rooms: Rooms, limit: int
) -> tuple[list[tuple[Source, Placement]], list[Source]]:
    """Empty hosts into rooms, each in its turn, as many as fit.

    :param limit: the most hosts.
    :returns: hosts with the targets of their instances, and the hosts that are left.
    """
    free = total(_positive(rooms.free(name)) for name in rooms.names())
    chosen: list[tuple[Source, Placement]] = []
    left: list[Source] = []
    vain = 0
    alone = False
    failed: set[object] = set()
    for source in order:
        if len(chosen) >= limit or vain >= _VAIN or (source.alone and alone):
            left.append(source)
            continue
        if source.items and (not free.holds(source.used) or source.shape in failed):
            left.append(source)
            continue
        placement = rooms.empty(source)
        if placement is None:
            failed.add(source.shape)
            left.append(source)
            vain += 1
        else:
            vain = 0
            alone = alone or source.alone
            free = free - source.used
            chosen.append((source, placement))
    return chosen, left


def follow(
    order: Sequence[Source], rooms: Rooms, limit: int, most: int, wave: int = 1
) -> tuple[list[Step], list[Source]]:
    """Empty hosts wave after wave, until all are or no further one can be.

    :param rooms: what is free on settled hosts; emptied hosts are added.
    :param most: waves after which the course is of no interest any more.
    :param wave: the number of the first.
    """
    steps: list[Step] = []
    waiting = list(order)
    while waiting and wave <= most:
        chosen, waiting = fill_wave(waiting, rooms, limit)
        if not chosen:
            break
        for source, placement in chosen:
            steps.append(Step(source.name, wave, placement))
            if source.after is not None:
                rooms.add(source.after)
        wave += 1
    return steps, waiting


class Preparation:
    """Hosts that are emptied onto others, of which most are not maintained yet.

    Rooms where an instance can stay are filled before those where it cannot. What was put on a
    host that is emptied as well goes on elsewhere, before anything is moved.

    :param latest: hosts in the order in which they come into question while an instance waits;
        empty: the one that it fills best. An instance that waits on a host which has its turn
        late is out of the way of those before it.
    """

    def __init__(self, cloud: Cloud, latest: Sequence[str] = ()) -> None:
        self._cloud = cloud
        self._settled = Rooms(cloud.rooms, cloud.groups)
        self._passing = Rooms((s.room for s in cloud.sources if s.room and s.open), cloud.groups)
        self._chosen: dict[str, tuple[Source, Placement]] = {}
        self._content: dict[str, list[tuple[Item, str]]] = {}
        self._latest = latest

    def add(self, source: Source) -> bool:
        """Empty a further host; False, and nothing is changed, when that cannot be."""
        settled, passing = self._settled.mark(), self._passing.mark()
        self._close(source.name)
        leaving = [(item, source.name) for item in source.items]
        leaving += self._content.get(source.name, [])
        found: list[tuple[Item, str, str]] = []
        for item, owner in sorted(leaving, key=lambda pair: largest_first(pair[0])):
            target = None if item.stuck else self._place(item)
            if target is None:
                self._settled.undo(settled)
                self._passing.undo(passing)
                return False
            found.append((item, owner, target))
        self._content.pop(source.name, None)
        self._chosen[source.name] = (source, {})
        for item, owner, target in found:
            self._chosen[owner][1][item.item_id] = target
            if target in self._passing:
                self._content.setdefault(target, []).append((item, owner))
        return True

    def _close(self, name: str) -> None:
        """Nothing more goes to a host that is emptied."""
        if name in self._passing:
            free = self._passing.free(name)
            self._passing.put(Item("", free + Size(1, 1, 1)), name)

    def _place(self, item: Item) -> str | None:
        for rooms, among in ((self._settled, ()), (self._passing, self._latest)):
            target = rooms.find_among(item, among) if among else rooms.find(item)
            if target is not None:
                rooms.put(item, target)
                return target
        return None

    def result(self) -> tuple[list[tuple[Source, Placement]], list[Source], Rooms]:
        """Targets, the other hosts with what they hold then, and what is free on settled hosts.

        The hosts that were emptied are among the settled ones.
        """
        for source, _ in self._chosen.values():
            if source.after is not None:
                self._settled.add(source.after)
        others = [
            s.joined_by([item for item, _ in self._content.get(s.name, ())])
            for s in self._cloud.sources
            if s.name not in self._chosen
        ]
        return list(self._chosen.values()), others, self._settled
