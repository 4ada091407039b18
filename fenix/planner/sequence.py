"""Which hosts are emptied next, and where their instances go."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

from fenix.planner.model import Group, Room, Size, Source, total
from fenix.planner.placement import Placement, Rooms

_CANDIDATES = 16


@dataclasses.dataclass(frozen=True, slots=True)
class Shortage:
    """What must be scaled in so that one host can be emptied."""

    host: str
    instances: int
    vcpus: float


def _cheapest_first(source: Source) -> tuple[int, float, str]:
    return (len(source.items), source.used.vcpus, source.name)


def next_hosts(
    sources: Sequence[Source],
    rooms: Sequence[Room],
    limit: int,
    groups: Mapping[str, Group] | None = None,
) -> list[tuple[Source, Placement]]:
    """Hosts that can be emptied now, at the same time, with a target for every instance.

    :param sources: hosts not yet maintained that nobody is emptying.
    :param rooms: what is free on the hosts that may take instances for good.
    :param limit: the most hosts to return.
    :param groups: what groups of instances bear, by id.
    """
    left = Rooms(rooms, groups)
    free = total(_positive(r.free) for r in rooms)
    chosen: list[tuple[Source, Placement]] = []
    for source in sorted(sources, key=_cheapest_first):
        if len(chosen) >= limit:
            break
        used = source.used
        if source.items and not free.holds(used):
            continue
        placement = left.fill_all(source.items)
        if placement is not None:
            free = free - used
            chosen.append((source, placement))
    return chosen


def _positive(size: Size) -> Size:
    """An overcommitted host takes nothing away from the others."""
    return Size(max(size.vcpus, 0), max(size.memory_mb, 0), max(size.disk_gb, 0))


def first_hosts(
    sources: Sequence[Source],
    rooms: Sequence[Room],
    second_moves: int,
    limit: int,
    groups: Mapping[str, Group] | None = None,
) -> list[tuple[Source, Placement]]:
    """Hosts to empty onto hosts that are not maintained yet, when none is empty.

    Their instances are moved onto hosts that will be emptied later, so most of them move twice.

    :param rooms: what is free on every enabled host, also on ``sources``.
    :param second_moves: how many instances may move twice; one host is allowed whatever this is.
    :param limit: the most hosts to return.
    """
    order = [s for s in sorted(sources, key=_cheapest_first) if s.items]
    fallback: list[tuple[Source, Placement]] = []
    for start in range(min(len(order), _CANDIDATES)):
        chosen = _longest_prefix(order[start:], rooms, second_moves, limit, groups)
        if chosen and not _stuck(sources, rooms, chosen, groups):
            return chosen
        fallback = fallback or chosen
    return fallback


def _longest_prefix(
    order: Sequence[Source],
    rooms: Sequence[Room],
    second_moves: int,
    limit: int,
    groups: Mapping[str, Group] | None,
) -> list[tuple[Source, Placement]]:
    def allowed(count: int) -> bool:
        return count == 1 or sum(len(s.items) for s in order[:count]) <= second_moves

    best: list[tuple[Source, Placement]] = []
    low, high = 1, min(len(order), max(1, limit))
    while low <= high:
        count = (low + high) // 2
        found = _empty_together(order[:count], rooms, groups) if allowed(count) else None
        if found is None:
            high = count - 1
        else:
            best, low = found, count + 1
    return best


def _empty_together(
    sources: Sequence[Source], rooms: Sequence[Room], groups: Mapping[str, Group] | None
) -> list[tuple[Source, Placement]] | None:
    emptied = {s.name for s in sources}
    left = Rooms((r for r in rooms if r.name not in emptied), groups)
    chosen = []
    for source in sources:
        placement, unplaced = left.fill(source.items)
        if unplaced:
            return None
        chosen.append((source, placement))
    return chosen


def _stuck(
    sources: Sequence[Source],
    rooms: Sequence[Room],
    first: Sequence[tuple[Source, Placement]],
    groups: Mapping[str, Group] | None,
) -> bool:
    """Whether hosts would be left that cannot be emptied once ``first`` are maintained."""
    names = {s.name for s in sources}
    used = {s.name: s.used for s in sources}
    capacity = {
        r.name: Room(r.name, r.free + used.get(r.name, Size()), offers=r.offers) for r in rooms
    }
    emptied = {s.name for s, _ in first}
    content = {s.name: list(s.items) for s in sources if s.name not in emptied}
    items = {i.item_id: i for s in sources for i in s.items}
    targets = Rooms((r for r in rooms if r.name not in names), groups)
    for _, placement in first:
        for item_id, target in placement.items():
            if target in content:
                content[target].append(items[item_id])
            else:
                targets.put(items[item_id], target)
    for name in emptied & capacity.keys():
        targets.add(capacity[name])
    waiting = {n: Source(n, tuple(c)) for n, c in content.items()}
    while waiting:
        done = []
        for source in sorted(waiting.values(), key=_cheapest_first):
            if targets.fill_all(source.items) is not None:
                done.append(source.name)
                break
        if not done:
            return True
        for name in done:
            del waiting[name]
            if name in capacity:
                targets.add(capacity[name])
    return False


def shortage(
    sources: Sequence[Source],
    rooms: Sequence[Room],
    groups: Mapping[str, Group] | None = None,
) -> Shortage | None:
    """How much is missing to empty the host for which least is missing.

    :returns: None when a host can be emptied as it is, or there is none with instances.
    """
    found: list[tuple[int, float, str]] = []
    for source in sources:
        if not source.items:
            continue
        left = Rooms((r for r in rooms if r.name != source.name), groups)
        _, unplaced = left.fill(source.items)
        if not unplaced:
            return None
        found.append((len(unplaced), total(i.size for i in unplaced).vcpus, source.name))
    if not found:
        return None
    instances, vcpus, host = min(found)
    return Shortage(host, instances, math.ceil(vcpus))
