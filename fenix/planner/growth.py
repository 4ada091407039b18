"""How fast the number of hosts that are done can grow: the bound on waves behind ``bounds``.

Instances are indivisible. A host with 3 vCPUs free holds no instance of 4; so amounts are
*weighed* before they are added up: by a threshold, an amount counts as often as the threshold
fits into it. Any such weight is fair to the course: what fits into a host together does not weigh
more than the host (the weight of a sum is at least the sum of weights).
"""

from __future__ import annotations

import collections
import dataclasses
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence

from fenix.planner.model import Cloud, Size, Source

_EXACT = 1e-6
#: Thresholds of each resource that are tried, the largest first.
_MOST_THRESHOLDS = 12

Weight = Callable[[float], float]


def _vcpus(size: Size) -> float:
    return size.vcpus


def _memory(size: Size) -> float:
    return size.memory_mb


def _disk(size: Size) -> float:
    return size.disk_gb


RESOURCES: tuple[Callable[[Size], float], ...] = (_vcpus, _memory, _disk)


@dataclasses.dataclass(frozen=True, slots=True)
class Scale:
    """One resource of a cloud in one weight; hosts of the session that give room only.

    ``rooms``: free on settled hosts. ``whole``: each host when it is empty. ``used``: what is on
    each. ``gap``: what is free on each now, in one piece.
    """

    rooms: float
    whole: tuple[float, ...]
    used: tuple[float, ...]
    gap: tuple[float, ...]

    @property
    def spare(self) -> float:
        """What hosts that are out at the same time weigh at most: the others hold everything."""
        return self.rooms + sum(
            max(0.0, whole - used) for whole, used in zip(self.whole, self.used, strict=True)
        )

    def fitting(self) -> int:
        """How many hosts that is."""
        return _prefix(sorted(self.whole), self.spare)

    def first(self, able: Sequence[int]) -> int:
        """The most hosts of ``able`` that are emptied into the gaps of the others."""
        costs = sorted(self.used[n] + self.gap[n] for n in able)
        return _prefix(costs, self.rooms + sum(self.gap))


def giving(cloud: Cloud) -> list[Source]:
    """Hosts of the session that take instances once they are done."""
    return [s for s in cloud.sources if s.after is not None]


def scales(cloud: Cloud) -> Iterator[Scale]:
    """Every resource, as it is and by thresholds: the sizes of instances."""
    hosts = giving(cloud)
    for of in RESOURCES:
        on = [collections.Counter(of(i.size) for i in s.items) for s in hosts]
        whole = [max(0.0, of(s.after.free)) for s in hosts if s.after is not None]
        rooms = [max(0.0, of(r.free)) for r in cloud.rooms]
        sizes = sorted({size for sizes in on for size in sizes if size > 0}, reverse=True)
        for weight in (_as_it_is, *(_by(t) for t in sizes[:_MOST_THRESHOLDS])):
            yield Scale(
                sum(weight(r) for r in rooms),
                tuple(weight(w) for w in whole),
                tuple(sum(n * weight(size) for size, n in sizes.items()) for sizes in on),
                tuple(
                    weight(max(0.0, w - sum(n * size for size, n in sizes.items())))
                    for w, sizes in zip(whole, on, strict=True)
                ),
            )


def _as_it_is(amount: float) -> float:
    return amount


def _by(threshold: float) -> Weight:
    return lambda amount: float(math.floor(amount / threshold + _EXACT))


def emptied_first(cloud: Cloud, known: Iterable[Scale]) -> tuple[int, list[int]]:
    """The most hosts of a first wave, and which may be among them.

    Nothing is done yet: instances go into what is free on the other hosts. So a host with an
    instance that fits nowhere else now is not among them.
    """
    hosts = giving(cloud)
    free = [r.free for r in cloud.rooms] + [s.room.free for s in hosts if s.room is not None]
    fitting: dict[Size, int] = {}
    able = []
    for number, source in enumerate(hosts):
        own = source.room.free if source.room is not None else Size()
        for size in {i.size for i in source.items}:
            if size not in fitting:
                fitting[size] = sum(1 for f in free if f.holds(size))
            if fitting[size] <= own.holds(size):
                break
        else:
            able.append(number)
    return min((scale.first(able) for scale in known), default=len(able)), able


def least_waves(scale: Scale, first: int, able: Sequence[int], together: int) -> int:
    """The least waves in which all hosts are done; 0 when there is no first one.

    After a wave, what is free on hosts that are done is at most what the first ones held, and the
    gaps of all that are done. What was on the hosts of the next wave has to fit into that.

    :param first: the most hosts of the first wave. :param able: those that can be among them.
    :param together: the most hosts that are out at the same time.
    """
    count = len(scale.whole)
    if not count or not first or not together:
        return 0
    held = _sums(sorted((scale.used[n] for n in able), reverse=True))[min(first, len(able))]
    left = (max(0.0, w - u) for w, u in zip(scale.whole, scale.used, strict=True))
    gaps = _sums(sorted(left, reverse=True))
    used = sorted(scale.used)
    done, waves, received = first, 1, 0.0
    while done < count:
        received += min(scale.spare, scale.rooms + held + gaps[done])
        more = min(done + together, first + _prefix(used, received), count)
        if more <= done:
            return waves + 1
        done, waves = more, waves + 1
    return waves


def _sums(values: Sequence[float]) -> list[float]:
    return [0.0, *itertools.accumulate(values)]


def _prefix(values: Sequence[float], limit: float) -> int:
    """How many of sorted values fit into a limit together."""
    fitting = itertools.takewhile(lambda held: held <= limit + _EXACT, itertools.accumulate(values))
    return sum(1 for _ in fitting)
