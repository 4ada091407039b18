"""The picture of a cloud that the planner decides on.

Amounts are vCPUs, MiB and GiB after allocation ratios and reserves; times are seconds.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Mapping
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


NO_NEEDS = Needs()
NO_OFFERS = Offers()
_NOBODY: Mapping[str, int] = MappingProxyType({})


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
    """

    item_id: str
    size: Size
    apart: tuple[str, ...] = ()
    group: str | None = None
    needs: Needs = NO_NEEDS
    stuck: str = ""


@dataclasses.dataclass(frozen=True)
class Source:
    """A host to be emptied, with what runs on it."""

    name: str
    items: tuple[Item, ...]

    @functools.cached_property
    def used(self) -> Size:
        """The sum of its items."""
        return total(i.size for i in self.items)


@dataclasses.dataclass(frozen=True, slots=True)
class Room:
    """A host that may take instances.

    ``free``: what is left of it. ``apart``: groups of members kept apart that have one here.
    ``members``: how many members of a group are here or on their way, by group id.
    """

    name: str
    free: Size
    apart: frozenset[str] = frozenset()
    members: Mapping[str, int] = dataclasses.field(default_factory=lambda: _NOBODY)
    offers: Offers = NO_OFFERS


def total(sizes: Iterable[Size]) -> Size:
    """The sum of sizes."""
    vcpus = memory_mb = disk_gb = 0.0
    for size in sizes:
        vcpus += size.vcpus
        memory_mb += size.memory_mb
        disk_gb += size.disk_gb
    return Size(vcpus, memory_mb, disk_gb)
