"""The picture of a cloud that the planner decides on."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable


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
class Item:
    """An instance. ``apart``: ids of groups of which a host takes one member at the most."""

    item_id: str
    size: Size
    apart: tuple[str, ...] = ()


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
    """A host that may take instances: what is free, and the groups with a member on it."""

    name: str
    free: Size
    apart: frozenset[str] = frozenset()


def total(sizes: Iterable[Size]) -> Size:
    """The sum of sizes."""
    vcpus = memory_mb = disk_gb = 0.0
    for size in sizes:
        vcpus += size.vcpus
        memory_mb += size.memory_mb
        disk_gb += size.disk_gb
    return Size(vcpus, memory_mb, disk_gb)
