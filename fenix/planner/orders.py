"""Orders in which hosts are tried."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator

from fenix.planner.model import Size, Source

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
