"""The planner's picture of a session: what is free where, and what is to be moved."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Callable, Iterable

from fenix.db import records
from fenix.planner.model import Cloud, Group, Item, Room, Size, Source, Wish, total
from fenix.workflow.demands import Demands
from fenix.workflow.snapshot import Snapshot


def size(instance: records.Instance, pinned: float = 0.0) -> Size:
    """What an instance takes of its host; ``pinned``: vCPUs that are counted by themselves."""
    return Size(instance.vcpus - pinned, instance.memory_mb, instance.disk_gb)


def words(amount: Size) -> str:
    """An amount for a message."""
    return f"{amount.vcpus:g} vCPU, {amount.memory_mb:g} MiB, {amount.disk_gb:g} GiB"


def _is_size(known: Size, instance: records.Instance, pinned: float) -> bool:
    return (
        known.vcpus == instance.vcpus - pinned
        and known.memory_mb == instance.memory_mb
        and known.disk_gb == instance.disk_gb
    )


class Picture:
    """Sources and rooms, as of the moment it is made."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        apart: list[list[object]] = snapshot.session.progress.get("apart", [])
        self._apart = {str(group_id) for group_id, _hard in apart}
        self._arriving: dict[str, list[records.Instance]] | None = None
        self._demands = Demands(snapshot.hosts.values())
        #: Whether members of a group would like to be together, by group id.
        self._wishes: dict[str, bool] = snapshot.session.progress.get("wishes") or {}
        self._others: dict[str, list[str]] = snapshot.session.progress.get("others_groups", {})

    def item(self, instance: records.Instance) -> Item:
        """An instance as the planner sees it; made anew only when it has changed."""
        group = instance.group_id
        apart = (group,) if group is not None and group in self._apart else ()
        member_of = self._snapshot.member_of.get(instance.instance_id)
        needs, pinned = self._demands.needs(instance), self._demands.pinned(instance)
        wish = None
        if group is not None and group in self._wishes:
            wish = Wish(group, self._wishes[group])
        known = self._snapshot.items.get(instance.instance_id)
        if (
            known is None
            or known.apart != apart
            or known.wish != wish
            or known.group != member_of
            or known.needs != needs
            or not _is_size(known.size, instance, pinned)
        ):
            known = Item(
                instance.instance_id,
                size(instance, pinned),
                apart,
                member_of,
                needs=needs,
                wish=wish,
            )
            self._snapshot.items[instance.instance_id] = known
        return known

    def source(self, host: records.Host) -> Source:
        """A host with the instances that are on it now."""
        return Source(
            host.hostname,
            tuple(self.item(i) for i in self._snapshot.on(host.hostname)),
            room=None if host.found_disabled else next(iter(self.rooms([host]))),
            open=not host.disabled,
            alone=host.is_controller,
        )

    def cloud(self, judge: Callable[[records.Instance], str | None] | None = None) -> Cloud:
        """What the session has before it.

        A host that is being emptied or worked on counts as what it is afterwards.

        :param judge: says why an instance cannot be moved, if so.
        """
        sources = [self.source(h) for h in self.unmaintained()]
        if judge is not None:
            sources = [self._judged(s, judge) for s in sources]
        return Cloud(
            tuple(sources),
            tuple(self.rooms_to_come()),
            self.groups,
        )

    def _judged(self, source: Source, judge: Callable[[records.Instance], str | None]) -> Source:
        items = []
        for item in source.items:
            why = judge(self._snapshot.instances[item.item_id])
            items.append(item if why is None else dataclasses.replace(item, stuck=why))
        return dataclasses.replace(source, items=tuple(items))

    @property
    def groups(self) -> dict[str, Group]:
        """What groups bear, by id."""
        return self._snapshot.groups

    def rooms_to_come(self) -> list[Room]:
        """What is free on settled hosts, and on those under work once they are in use again."""
        later = [self.source(h).after for h in self.busy()]
        return [*self.rooms(self.settled()), *(room for room in later if room is not None)]

    def busy(self) -> list[records.Host]:
        """Computes of the session that are being emptied or worked on."""
        return [
            h
            for h in self._snapshot.computes()
            if h.phase in ("draining", "maintaining", "returning")
        ]

    def rooms(self, hosts: Iterable[records.Host]) -> list[Room]:
        """What is free on hosts, less what is on its way to them."""
        if self._arriving is None:
            self._arriving = {}
            for instance in self._snapshot.under_way():
                if instance.move_target and instance.move_target != instance.host:
                    self._arriving.setdefault(instance.move_target, []).append(instance)
        arriving = self._arriving
        return [self._room(h, arriving.get(h.hostname, [])) for h in hosts]

    def _room(self, host: records.Host, arriving: list[records.Instance]) -> Room:
        there = [*self._snapshot.on(host.hostname), *arriving]
        used = total(size(i, self._demands.pinned(i)) for i in there) + Size(
            host.used_vcpus, host.used_memory_mb, host.used_disk_gb
        )
        if host.outside and host.hostname in self._snapshot.reserved:
            used = used + Size(*self._snapshot.reserved[host.hostname])
        groups = {i.group_id for i in there if i.group_id}
        groups.update(self._others.get(host.hostname, ()))
        return Room(
            host.hostname,
            Size(host.vcpus, host.memory_mb, host.disk_gb) - used,
            frozenset(groups & self._apart),
            self._members(host, there),
            self._demands.offers(host, there),
            frozenset(groups & self._wishes.keys()),
        )

    def _members(self, host: records.Host, there: list[records.Instance]) -> dict[str, int]:
        """How many members of which group are on a host, or on their way to it."""
        member_of = self._snapshot.member_of
        if not member_of:
            return {}
        counts = collections.Counter(self._snapshot.others_on.get(host.hostname, {}))
        counts.update(member_of[i.instance_id] for i in there if i.instance_id in member_of)
        return dict(counts)

    def settled(self) -> list[records.Host]:
        """Hosts on which an instance may stay: maintained ones, and those outside."""
        return [
            h
            for h in self._snapshot.hosts.values()
            if h.is_compute
            and not h.found_disabled
            and (h.outside or (h.maintained and h.phase == "done"))
        ]

    def unmaintained(self) -> list[records.Host]:
        """Computes of the session that nothing has been done to yet."""
        return [h for h in self._snapshot.computes() if h.phase == "pending"]

    def usable(self) -> list[records.Host]:
        """Every host that can take an instance, if need be for a while only."""
        waiting = [h for h in self.unmaintained() if not h.found_disabled and not h.disabled]
        return [*self.settled(), *waiting]
