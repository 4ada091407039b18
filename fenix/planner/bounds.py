"""What no course can beat: lower bounds on waves, moves, group pace and makespan.

Each is a relaxation: what is left out (how instances fit into hosts one by one) can only make a
real course longer. The argument behind each is in the manual, page "The planner".
"""

from __future__ import annotations

import collections
import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence

from fenix.planner import growth
from fenix.planner.model import Cloud, Group, Room, Source, Times

_EXACT = 1e-6
#: Sums of sizes that are looked at to see how full a bin can be.
_MOST_SUMS = 50_000_000


@dataclasses.dataclass(frozen=True, slots=True)
class Bounds:
    """What is certain before anything is planned.

    ``together``: the most hosts that can be empty at once. ``group_pace``: seconds that the
    slowest group takes. ``makespan``: seconds from the first drain to the last host enabled,
    projects' answers left out.
    """

    together: int
    waves: int
    moves: int
    group_pace: float
    makespan: float


def bounds(cloud: Cloud, times: Times, limit: int = 0, controllers: int = 0) -> Bounds:
    """All bounds of a session.

    :param limit: hosts at the same time; 0: no limit.
    :param controllers: hosts that are maintained one at a time before the computes.
    """
    at_once = together(cloud)
    least = moves(cloud)
    pace = max(
        (group_pace(n, g, times.move) for g, n in _moving(cloud) if n),
        default=0.0,
    )
    count = len(cloud.sources)
    most = min(at_once, limit) if limit else at_once
    least_waves = waves(cloud)
    begin = _shortest_drain(cloud, times)
    # Cut the session at moments one host's work apart: every host is out at one of them, and no
    # more than may be at once.
    rounds = begin + math.ceil(count / most) * times.host if most else 0.0
    # Of the hosts of a longest chain each but the first takes an instance's move more: that into
    # the room which the one before it left.
    chain = begin + least_waves * times.host + max(0, least_waves - 1) * times.move
    drains = least * times.move / (times.parallel_moves * most) if most else 0.0
    # The host that the last member of a group leaves is worked on after that.
    paced = pace + times.host if pace else 0.0
    alone = sum(1 for s in cloud.sources if s.alone) * times.host
    work = max(rounds, chain, drains, alone)
    if not _has_a_beginning(cloud):
        # Controllers come after the first drain; meanwhile members of groups only recover.
        work += controllers * times.controller
    return Bounds(at_once, least_waves, least, pace, max(paced, work))


def _has_a_beginning(cloud: Cloud) -> bool:
    """Whether the first drain may be onto hosts that are done: nothing is emptied before."""
    return bool(cloud.rooms) or any(not s.items and s.room is not None for s in cloud.sources)


def _shortest_drain(cloud: Cloud, times: Times) -> float:
    """Seconds before the work on a first host can begin: it has to be emptied."""
    fewest = min((len(s.items) for s in cloud.sources), default=0)
    return math.ceil(fewest / max(1, times.parallel_moves)) * times.move


def waves(cloud: Cloud) -> int:
    """The least number of waves; 0 when there is no host, or none can be emptied.

    The hosts of a wave are out together, so their capacities fit into what is free: no fewer
    waves than hosts ÷ the most that can be out, and than bins that hold their capacities. And no
    wave is larger than the room that those before it have left in pieces that can be used
    (:mod:`fenix.planner.growth`).
    """
    return max((_island_waves(island) for island in islands(cloud)), default=0)


def _island_waves(cloud: Cloud) -> int:
    if not cloud.sources:
        return 0
    count = len(growth.giving(cloud))
    if not count:
        return 1
    known = list(growth.scales(cloud))
    at_once = _out_together(cloud, known)
    if not at_once:
        return 0
    first, able = growth.emptied_first(cloud, known)
    first = min(first, at_once)
    if not first:
        return 0
    found = math.ceil(count / at_once)
    for scale in known:
        found = max(
            found,
            bins(scale.whole, scale.spare),
            growth.least_waves(scale, first, able, at_once),
        )
    return found


def bins(sizes: Sequence[float], capacity: float) -> int:
    """A lower bound on the bins of a capacity that hold pieces of these sizes.

    Martello and Toth's L2: for every threshold, pieces that leave less than it cannot share a
    bin with it, and those above one half cannot share one with one another. Before that a bin is
    made as small as the fullest one that these pieces can make. Pieces larger than a bin are left
    out: they can never be packed.
    """
    found = sorted((s for s in sizes if 0 < s <= capacity + _EXACT), reverse=True)
    if not found:
        return 0
    capacity = _fullest(found, capacity)
    best = math.ceil(sum(found) / capacity - _EXACT)
    for threshold in {s for s in found if s <= capacity / 2}:
        alone = [s for s in found if s > capacity - threshold]
        wide = [s for s in found if capacity / 2 < s <= capacity - threshold]
        small = sum(s for s in found if threshold <= s <= capacity / 2)
        rest = len(wide) * capacity - sum(wide)
        more = max(0, math.ceil((small - rest) / capacity - _EXACT))
        best = max(best, len(alone) + len(wide) + more)
    return max(best, sum(1 for s in found if s > capacity / 2 + _EXACT))


def _fullest(sizes: Sequence[float], capacity: float) -> float:
    """The largest sum of some of the sizes within a capacity, where these are whole numbers."""
    if any(s != int(s) for s in sizes):
        return capacity
    unit = math.gcd(*(int(s) for s in sizes))
    most = int((capacity + _EXACT) // unit)
    if most * len(sizes) > _MOST_SUMS:
        return float(most * unit)
    within = (1 << (most + 1)) - 1
    reached = 1
    for size in sizes:
        reached |= reached << int(size) // unit & within
    return float((reached.bit_length() - 1) * unit)


def together(cloud: Cloud) -> int:
    """The most hosts of the session that can be empty at once, by every resource and group."""
    return sum(_together(island) for island in islands(cloud))


def _together(cloud: Cloud) -> int:
    giving = len(growth.giving(cloud))
    return _out_together(cloud, growth.scales(cloud)) + len(cloud.sources) - giving


def _out_together(cloud: Cloud, known: Iterable[growth.Scale]) -> int:
    """Of hosts that take instances again."""
    giving = len(growth.giving(cloud))
    most = min([giving, *(scale.fitting() for scale in known)])
    everywhere = giving + len(cloud.rooms)
    for members, per_host in _spread(cloud):
        most = min(most, everywhere - math.ceil(members / per_host))
    return max(most, 0)


def _spread(cloud: Cloud) -> Iterable[tuple[int, int]]:
    """Members, and how many of them a host takes, of each group that is kept apart."""
    seen: collections.Counter[str] = collections.Counter()
    apart: collections.Counter[str] = collections.Counter()
    for source in cloud.sources:
        for item in source.items:
            apart.update(item.apart)
            if item.group is not None:
                seen[item.group] += 1
    for room in cloud.rooms:
        apart.update(room.apart)
        seen.update({g: n for g, n in room.members.items() if g in cloud.groups})
    for members in apart.values():
        yield members, 1
    for group_id, members in seen.items():
        group = cloud.groups.get(group_id)
        if group is not None and group.per_host:
            yield members, group.per_host


def islands(cloud: Cloud) -> list[Cloud]:
    """Parts of the cloud that share no capacity: zones that no instance may leave."""
    zones: dict[str | None, list[Source]] = {}
    for source in cloud.sources:
        zone = source.room.offers.zone if source.room is not None else None
        zones.setdefault(zone, []).append(source)
    closed = {
        zone
        for zone, sources in zones.items()
        if zone is not None and all(i.needs.zone == zone for s in sources for i in s.items)
    }
    if not closed or len(closed) < len(zones):
        return [cloud]
    return [
        Cloud(tuple(sources), _rooms_of(cloud.rooms, zone), cloud.groups)
        for zone, sources in zones.items()
    ]


def _rooms_of(rooms: Iterable[Room], zone: str | None) -> tuple[Room, ...]:
    return tuple(r for r in rooms if r.offers.zone == zone)


def moves(cloud: Cloud) -> int:
    """One move for each instance, and a second one where no host is empty to begin with.

    Then the instances of one host at least go to hosts that are emptied later.
    """
    everything = sum(len(s.items) for s in cloud.sources)
    if _has_a_beginning(cloud):
        return everything
    hosts, known = growth.giving(cloud), list(growth.scales(cloud))
    _, able = growth.emptied_first(cloud, known)
    fewest = (len(hosts[n].items) for n in able if all(scale.first([n]) for scale in known))
    return everything + min(fewest, default=0)


def _moving(cloud: Cloud) -> list[tuple[Group, int]]:
    counts = collections.Counter(
        i.group for s in cloud.sources for i in s.items if i.group is not None
    )
    return [(cloud.groups[g], n) for g, n in sorted(counts.items()) if g in cloud.groups]


def members_moving(cloud: Cloud) -> Mapping[str, int]:
    """How many members of each group have to move at least once."""
    return {g.group_id: n for g, n in _moving(cloud)}


def group_pace(members: int, group: Group, move: float) -> float:
    """The least time in which members can move, so many impacted at once (design section 6).

    :param members: that must move. :param move: seconds that one move takes.
    """
    rounds = math.ceil(members / max(1, group.max_impacted))
    return rounds * move + (rounds - 1) * group.recovery_time
