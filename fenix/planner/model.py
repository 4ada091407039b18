"""The picture of a cloud that the planner decides on.

Amounts are vCPUs, MiB and GiB after allocation ratios and reserves; times are seconds.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType


@dataclasses.dataclass(frozen=True, slots=True)
class Size:
    """An amount of vCPUs, MiB of memory and GiB of disk."""

    vcpus: float = 0
    memory_mb: float = 0
    disk_gb: float = 0

    def __add__(self, other: Size) -> Size:
        return Size(
            self.vcpus + other.vcpus,
            self.memory_mb + other.memory_mb,
            self.disk_gb + other.disk_gb,
        )

    def __sub__(self, other: Size) -> Size:
        return Size(
            self.vcpus - other.vcpus,
            self.memory_mb - other.memory_mb,
            self.disk_gb - other.disk_gb,
        )

    def holds(self, other: Size) -> bool:
        """Whether ``other`` fits into this amount."""
        return (
            self.vcpus >= other.vcpus
            and self.memory_mb >= other.memory_mb
            and self.disk_gb >= other.disk_gb
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Needs:
    """What an instance demands of its host beside vCPUs, memory and disk.

    ``required``, ``forbidden``: traits. ``zone``: the availability zone it must stay in.
    ``labels``: pairs of a key and the values that the metadata of the host's aggregates may have
    for it. ``project``: whose instance it is, where hosts are kept for projects. ``resources``:
    pairs of a resource class that is counted (``PCPU``, ``VGPU``, a custom one) and an amount.
    """

    required: frozenset[str] = frozenset()
    forbidden: frozenset[str] = frozenset()
    zone: str | None = None
    labels: frozenset[tuple[str, frozenset[str]]] = frozenset()
    project: str | None = None
    resources: tuple[tuple[str, float], ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Offers:
    """What a host has beside vCPUs, memory and disk; the other side of :class:`Needs`.

    ``labels``: pairs of a key and a value, of the metadata of its aggregates. ``projects``: the
    only ones whose instances it takes; empty: all. ``resources``: free amounts by class.
    """

    traits: frozenset[str] = frozenset()
    zone: str | None = None
    labels: frozenset[tuple[str, str]] = frozenset()
    projects: frozenset[str] = frozenset()
    resources: tuple[tuple[str, float], ...] = ()

    def lacks(self, needs: Needs) -> str | None:
        """What keeps an instance from this host for good; None when nothing does.

        Counted resources are left out: how much of them is free changes with every move.
        """
        missing = needs.required - self.traits
        if missing:
            return f"lacks trait {', '.join(sorted(missing))}"
        if needs.forbidden & self.traits:
            return f"has forbidden trait {', '.join(sorted(needs.forbidden & self.traits))}"
        if needs.zone is not None and needs.zone != self.zone:
            return f"is not in availability zone {needs.zone}"
        if self.projects and needs.project not in self.projects:
            return "is kept for other projects"
        for key, wanted in sorted(needs.labels, key=lambda pair: pair[0]):
            if not any(k == key and value in wanted for k, value in self.labels):
                return f"is in no aggregate with {key}={' or '.join(sorted(wanted))}"
        return None


@dataclasses.dataclass(frozen=True, slots=True)
class Wish:
    """A server group whose members are kept together, or apart, where that costs nothing."""

    group: str
    together: bool


NO_NEEDS = Needs()
NO_OFFERS = Offers()
_NOBODY: Mapping[str, int] = MappingProxyType({})
_NO_GROUPS: Mapping[str, Group] = MappingProxyType({})


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """Instances that stand in for one another, and what they bear (contract section 4).

    ``size``: members that exist. ``max_per_host``: 0 = no limit. ``max_impacted``: members
    impacted at the same time, at least 1. ``recovery_time``: seconds that an impact counts on.
    """

    group_id: str
    size: int
    anti_affinity: bool = False
    max_per_host: int = 0
    max_impacted: int = 1
    recovery_time: float = 0.0
    resource_mitigation: bool = False

    @property
    def per_host(self) -> int:
        """The most members that a host takes; 0 = no limit."""
        return 1 if self.anti_affinity else self.max_per_host


@dataclasses.dataclass(frozen=True, slots=True)
class Item:
    """An instance.

    ``apart``: ids of groups of which a host takes one member at the most. ``group``: id of the
    group whose limits it counts for. ``stuck``: why it cannot be moved at all; empty: it can.
    ``wish``: which hosts are preferred, among those that it may go to.
    """

    item_id: str
    size: Size
    apart: tuple[str, ...] = ()
    group: str | None = None
    needs: Needs = NO_NEEDS
    stuck: str = ""
    wish: Wish | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Room:
    """A host that may take instances.

    ``free``: what is left of it. ``apart``: groups of members kept apart that have one here.
    ``members``: how many members of a group are here or on their way, by group id. ``wishers``:
    groups of wishes that have a member here.
    """

    name: str
    free: Size
    apart: frozenset[str] = frozenset()
    members: Mapping[str, int] = dataclasses.field(default_factory=lambda: _NOBODY)
    offers: Offers = NO_OFFERS
    wishers: frozenset[str] = frozenset()


@dataclasses.dataclass(frozen=True)
class Source:
    """A host to be emptied, with what runs on it.

    ``room``: the host as a target as long as nothing has been done to it; None: it never takes an
    instance, now or later (it was disabled before the session). ``open``: it takes instances
    now. ``alone``: it is a controller too; of such hosts one is worked on at a time.
    """

    name: str
    items: tuple[Item, ...]
    room: Room | None = None
    open: bool = True
    alone: bool = False

    @functools.cached_property
    def used(self) -> Size:
        """The sum of its items."""
        return total(i.size for i in self.items)

    @functools.cached_property
    def largest_first(self) -> tuple[Item, ...]:
        """Its items in the order in which they are placed."""
        return tuple(sorted(self.items, key=largest_first))

    @functools.cached_property
    def shape(self) -> tuple[object, ...]:
        """The same for hosts whose instances find room in the same places."""
        return tuple(
            (i.size, i.apart, i.group, i.needs, i.stuck, i.wish) for i in self.largest_first
        )

    @functools.cached_property
    def after(self) -> Room | None:
        """The host once it is empty and maintained; None: it takes nothing."""
        if self.room is None:
            return None
        offers = _counted(self.room.offers, self.items, 1)
        return Room(self.name, self.room.free + self.used, offers=offers)

    def joined_by(self, arrived: Iterable[Item]) -> Source:
        """The host with further instances on it."""
        if self.room is None or not arrived:
            return self
        more = tuple(arrived)
        room = Room(
            self.name,
            self.room.free - total(i.size for i in more),
            offers=_counted(self.room.offers, more, -1),
        )
        return dataclasses.replace(self, items=(*self.items, *more), room=room)

    def left_by(self, gone: Collection[str]) -> Source:
        """The host without some instances, by their ids."""
        stay = tuple(i for i in self.items if i.item_id not in gone)
        if len(stay) == len(self.items):
            return self
        if self.room is None:
            return dataclasses.replace(self, items=stay)
        went = [i for i in self.items if i.item_id in gone]
        members = collections.Counter(self.room.members)
        members.subtract(i.group for i in went if i.group is not None)
        apart = {g for i in went for g in i.apart} - {g for i in stay for g in i.apart}
        room = Room(
            self.name,
            self.room.free + total(i.size for i in went),
            self.room.apart - apart,
            dict(members),
            _counted(self.room.offers, went, 1),
        )
        return dataclasses.replace(self, items=stay, room=room)


@dataclasses.dataclass(frozen=True, slots=True)
class Cloud:
    """What a session has before it.

    ``sources``: computes that nothing has been done to yet. ``rooms``: hosts on which an
    instance may stay: maintained ones, those outside the session. ``groups``: by id.
    """

    sources: tuple[Source, ...]
    rooms: tuple[Room, ...] = ()
    groups: Mapping[str, Group] = dataclasses.field(default_factory=lambda: _NO_GROUPS)

    def without_wishes(self) -> Cloud:
        """The same cloud, in which nobody prefers a host; itself where nobody does."""
        if not any(i.wish for s in self.sources for i in s.items):
            return self
        plain = [
            dataclasses.replace(s, items=tuple(dataclasses.replace(i, wish=None) for i in s.items))
            for s in self.sources
        ]
        return dataclasses.replace(self, sources=tuple(plain))


@dataclasses.dataclass(frozen=True, slots=True)
class Times:
    """How long things take, in seconds.

    ``move``: one instance. ``host``: a compute, from empty to enabled; ``controller``: a
    controller. ``answer``: a project's answer to a question. ``scale_in``: to that of SCALE_IN.
    ``once``: the actions before and after all hosts. ``parallel_moves``: how many instances leave
    a host at once.
    """

    move: float
    host: float
    controller: float = 0.0
    answer: float = 0.0
    scale_in: float = 0.0
    once: float = 0.0
    parallel_moves: int = 1


def total(sizes: Iterable[Size]) -> Size:
    """The sum of sizes."""
    vcpus = memory_mb = disk_gb = 0.0
    for size in sizes:
        vcpus += size.vcpus
        memory_mb += size.memory_mb
        disk_gb += size.disk_gb
    return Size(vcpus, memory_mb, disk_gb)


def _counted(offers: Offers, items: Iterable[Item], sign: int) -> Offers:
    """What is free of counted resources once items have left (or, with -1, have come)."""
    counted = dict(offers.resources)
    for item in items:
        for kind, amount in item.needs.resources:
            counted[kind] = counted.get(kind, 0) + sign * amount
    found = tuple(sorted(counted.items()))
    return offers if found == offers.resources else dataclasses.replace(offers, resources=found)


def largest_first(item: Item) -> tuple[float, float, float, str]:
    """Sorts items in the order in which they are placed."""
    size = item.size
    return (-size.vcpus, -size.memory_mb, -size.disk_gb, item.item_id)
