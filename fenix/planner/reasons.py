"""Why a host cannot be emptied, and what would unblock it."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from fenix.planner.course import Course
from fenix.planner.lack import at_the_end
from fenix.planner.model import Cloud, Group, Item, Room, Size, Source
from fenix.planner.placement import Rooms

_NAMED = 3


@dataclasses.dataclass(frozen=True, slots=True)
class Reason:
    """``why`` a host cannot be emptied, and ``remedy``: what would help."""

    host: str
    why: str
    remedy: str


def reasons(cloud: Cloud, course: Course) -> tuple[Reason, ...]:
    """A reason for each host that the course leaves, as things are when all others are done."""
    if not course.left:
        return ()
    judge = _Judge(cloud, course)
    return tuple(judge.reason(s) for s in course.left)


class _Judge:
    def __init__(self, cloud: Cloud, course: Course) -> None:
        self._cloud = cloud
        self._left = course.left
        self._everywhere = _everything_empty(cloud)
        self._rooms = at_the_end(cloud, course)
        self._begun = bool(course.steps)

    def reason(self, source: Source) -> Reason:
        """What keeps its instances from leaving."""
        mark = self._rooms.mark()
        _, unplaced = self._rooms.fill(source.items, without={source.name})
        why, remedy = self._of(source, unplaced)
        self._rooms.undo(mark)
        return Reason(source.name, why, remedy)

    def _of(self, source: Source, unplaced: Sequence[Item]) -> tuple[str, str]:
        stuck = [i for i in source.items if i.stuck]
        if stuck:
            named = "; ".join(f"{i.item_id} is {i.stuck}" for i in stuck[:_NAMED])
            return (
                f"{len(stuck)} of its instances cannot be moved: {named}",
                "do what is said of each instance",
            )
        if not unplaced:
            return (
                "its instances find room only on hosts that cannot be emptied in their turn",
                "free capacity for a second host, or let more instances move twice "
                "(second_moves_percent)",
            )
        found = [self._for_good(source, item) for item in unplaced]
        distinct = list(dict.fromkeys(f for f in found if f is not None))[:_NAMED]
        if distinct:
            return ("; ".join(why for why, _ in distinct), "; ".join(r for _, r in distinct))
        return self._mutual(source, unplaced[0]) or self._no_room(source, unplaced)

    def _for_good(self, source: Source, item: Item) -> tuple[str, str] | None:
        """What freeing room does not help against."""
        return (
            self._nowhere(source, item)
            or self._too_large(source, item)
            or self._group(source, item)
        )

    def _nowhere(self, source: Source, item: Item) -> tuple[str, str] | None:
        """No other host has what it demands beside its size, or it is counted and too little."""
        others = [r for r in self._everywhere if r.name != source.name]
        if not others:
            return (
                "there is no other host in use that could take its instances",
                "enable another host, or start the session with further hosts",
            )
        lacking = [r.offers.lacks(item.needs) for r in others]
        if all(lacking):
            return (
                f"{_named(item)} may run on no other host: {_most_often(lacking)}",
                "add a host that has what it demands, or let its project move it itself "
                "(OWN_ACTION)",
            )
        suited = [r for r, lacks in zip(others, lacking, strict=True) if not lacks]
        for kind, amount in item.needs.resources:
            most = max(dict(r.offers.resources).get(kind, 0) for r in suited)
            if most < amount:
                return (
                    f"{_named(item)} needs {amount:g} {kind}, and no other host has more than "
                    f"{most:g}",
                    f"add a host with {amount:g} {kind}, or let its project move it itself "
                    f"(OWN_ACTION)",
                )
        return None

    def _too_large(self, source: Source, item: Item) -> tuple[str, str] | None:
        suited = [
            r
            for r in self._everywhere
            if r.name != source.name and r.offers.lacks(item.needs) is None
        ]
        if any(r.free.holds(item.size) for r in suited):
            return None
        return (
            f"{_named(item)} is larger than any other host that it may run on",
            "add a host that is large enough, or let its project replace it by smaller ones "
            "(OWN_ACTION)",
        )

    def _group(self, source: Source, item: Item) -> tuple[str, str] | None:
        """A group that is on as many hosts as there are."""
        limits = {g: (1, _members(self._cloud, g, apart=True)) for g in item.apart}
        group = self._cloud.groups.get(item.group or "")
        if group is not None and group.per_host:
            limits[group.group_id] = (group.per_host, max(group.size, _size(self._cloud, group)))
        hosts = len(self._everywhere)
        for group_id, (per_host, members) in sorted(limits.items()):
            if members > (hosts - 1) * per_host:
                needed = -(-members // per_host) + 1
                return (
                    f"group {group_id} has {members} members, at most {per_host} on a host, and "
                    f"there are {hosts} hosts: none of these can be empty",
                    f"scale the group in to {(hosts - 1) * per_host}, add hosts until there are "
                    f"{needed}, or let more members share a host while it lasts",
                )
        return None

    def _mutual(self, source: Source, item: Item) -> tuple[str, str] | None:
        """Room there would be on a host that cannot be emptied either."""
        empties = {r.name: r for r in self._everywhere}
        for other in self._left:
            room = empties.get(other.name)
            if other is source or room is None:
                continue
            trial = Rooms([room], self._cloud.groups)
            if trial.why_not(item, room.name) is None:
                return (
                    f"{_named(item)} would fit on {other.name} if that were empty, but "
                    f"{other.name} cannot be emptied either: they block one another",
                    f"free {_amount(item.size)} on another host, or scale in one of their "
                    f"instances",
                )
        return None

    def _no_room(self, source: Source, unplaced: Sequence[Item]) -> tuple[str, str]:
        item = unplaced[0]
        why = collections.Counter(
            _kind(self._rooms.why_not(item, name))
            for name in self._rooms.names()
            if name != source.name
        )
        each = ", ".join(f"{n} {words}" for words, n in why.most_common(_NAMED))
        missing = sum(i.size.vcpus for i in unplaced)
        return (
            f"{len(unplaced)} of its {len(source.items)} instances find no room, the largest is "
            f"{_named(item)}; of the other hosts {each or 'there are none'}",
            f"scale in {len(unplaced)} instances with {missing:g} vCPU, or enable a host",
        )


def _everything_empty(cloud: Cloud) -> list[Room]:
    """Every host that may take instances, as if nothing of the session were on it."""
    return [*cloud.rooms, *(s.after for s in cloud.sources if s.after is not None)]


def _members(cloud: Cloud, group_id: str, *, apart: bool) -> int:
    here = sum(1 for s in cloud.sources for i in s.items if apart and group_id in i.apart)
    return here + sum(1 for r in cloud.rooms if group_id in r.apart)


def _size(cloud: Cloud, group: Group) -> int:
    here = sum(1 for s in cloud.sources for i in s.items if i.group == group.group_id)
    return here + sum(r.members.get(group.group_id, 0) for r in cloud.rooms)


def _named(item: Item) -> str:
    return f"{item.item_id} ({_amount(item.size)})"


def _amount(size: Size) -> str:
    return f"{size.vcpus:g} vCPU, {size.memory_mb:g} MiB, {size.disk_gb:g} GiB"


def _most_often(words: Iterable[str | None]) -> str:
    counts: Mapping[str, int] = collections.Counter(w for w in words if w)
    return ", ".join(f"{n} {w}" for w, n in sorted(counts.items(), key=lambda p: -p[1])[:_NAMED])


def _kind(why: str | None) -> str:
    """Without the figures, which differ from host to host."""
    if why is None:
        return "have room for it alone"
    for unit in ("vCPU", "MiB", "GiB of disk"):
        if why.endswith(f"{unit} free"):
            return f"have too little {unit}"
    return why
