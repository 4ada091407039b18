"""Orders in which hosts are tried."""

from __future__ import annotations

import collections
import math
import random
from collections.abc import Callable, Iterable, Iterator, Mapping

from fenix.planner.model import Group, Size, Source

#: Hosts of a line among which the next one is chosen.
_AHEAD = 32

Rule = Callable[[Source], tuple[float, ...]]
Order = Callable[[Iterable[Source]], list[Source]]


def cheapest(source: Source) -> tuple[float, ...]:
    """Fewest instances first."""
    return (len(source.items), source.used.vcpus)


def roomiest(source: Source) -> tuple[float, ...]:
    """Hosts first that give most room for what they need: so the room grows fastest."""
    return (_fullness(source), len(source.items))


def largest(source: Source) -> tuple[float, ...]:
    """Hosts first that are hardest to empty."""
    return (-source.used.vcpus, -source.used.memory_mb)


RULES: tuple[Rule, ...] = (cheapest, roomiest, largest)


def by_rule(rule: Rule) -> Order:
    """The order of a rule; hosts that are alike by name."""
    return lambda sources: sorted(sources, key=lambda s: (rule(s), s.name))


def near(rule: Rule, distance: float, seed: int) -> Order:
    """An order near that of a rule; always the same one for the same seed.

    :param distance: by which share of the line a host may be out of its place.
    """

    def ordered(sources: Iterable[Source]) -> list[Source]:
        line = by_rule(rule)(sources)
        # Orders to try; nobody gains by guessing them.
        chance = random.Random(seed)  # noqa: S311  # nosec B311
        place = {s.name: n + chance.random() * distance * len(line) for n, s in enumerate(line)}
        return sorted(line, key=lambda s: place[s.name])

    return ordered


def spread(order: Order, groups: Mapping[str, Group], together: int, move: float) -> Order:
    """An order in which hosts that are emptied together share few groups that take their time.

    In the place of each host comes, of those that follow, the one that waits least for the hosts
    shortly before it.

    :param together: hosts that are emptied together, about.
    :param move: seconds that one move takes.
    """

    def ordered(sources: Iterable[Source]) -> list[Source]:
        line, found = order(sources), []
        members = {s.name: _slow(s, groups) for s in line}
        recent: collections.Counter[str] = collections.Counter()

        def wait(source: Source) -> float:
            longest = 0.0
            for group_id, count in members[source.name].items():
                group = groups[group_id]
                rounds = math.ceil((recent[group_id] + count) / group.max_impacted) - 1
                longest = max(longest, rounds * (move + group.recovery_time))
            return longest

        while line:
            nearest = range(min(_AHEAD, len(line)))
            chosen = line.pop(min(nearest, key=lambda n: (wait(line[n]), n)))
            found.append(chosen)
            recent.update(members[chosen.name])
            if len(found) > together:
                recent.subtract(members[found[-together - 1].name])
        return found

    return ordered


def _slow(source: Source, groups: Mapping[str, Group]) -> collections.Counter[str]:
    return collections.Counter(i.group for i in source.items if i.group in groups and i.group)


def _fullness(source: Source) -> float:
    """The scarcest resource's share in use; more than 1: the host gives nothing back."""
    if source.after is None:
        return 2.0
    return max(_shares(source.used, source.after.free), default=0.0)


def _shares(part: Size, whole: Size) -> Iterator[float]:
    for one, of in (
        (part.vcpus, whole.vcpus),
        (part.memory_mb, whole.memory_mb),
        (part.disk_gb, whole.disk_gb),
    ):
        if one > 0:
            yield one / of if of > 0 else 2.0
