"""Decisions of a session: which hosts are emptied next, and where their instances go."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Mapping, Sequence

from fenix.planner.course import Course, fill_wave
from fenix.planner.model import Group, Room, Source, total
from fenix.planner.orders import by_rule, cheapest
from fenix.planner.placement import Placement, Rooms

#: Hosts that begin now, with a target for every instance.
Chosen = list[tuple[Source, Placement]]


@dataclasses.dataclass(frozen=True, slots=True)
class Shortage:
    """What must be scaled in so that one host can be emptied."""

    host: str
    instances: int
    vcpus: float


def next_hosts(
    sources: Sequence[Source],
    rooms: Sequence[Room],
    limit: int,
    groups: Mapping[str, Group] | None = None,
) -> Chosen:
    """Hosts that can be emptied now, at the same time, whatever comes later.

    :param sources: hosts not yet maintained that nobody is emptying.
    :param rooms: what is free on the hosts that may take instances for good.
    :param limit: the most hosts to return.
    :param groups: what groups of instances bear, by id.
    """
    return fill_wave(by_rule(cheapest)(sources), Rooms(rooms, groups), limit)[0]


def by_course(
    course: Course,
    sources: Sequence[Source],
    rooms: Sequence[Room],
    limit: int,
    groups: Mapping[str, Group] | None = None,
) -> Chosen:
    """Hosts whose turn has come: their instances have the targets that the course gave them.

    A host that is empty already begins at once. An instance that was not there when the course
    was found takes any room.
    """
    waiting = {s.name: s for s in sources}
    left = Rooms(rooms, groups)
    nothing: Placement = {}
    chosen: Chosen = [(s, nothing) for s in by_rule(cheapest)(sources) if not s.items][:limit]
    for step in course.steps:
        source = waiting.get(step.host)
        if source is None or not source.items:
            continue
        if len(chosen) >= limit:
            break
        placement = _as_planned(source, {} if step.first else step.targets, left)
        if placement is not None:
            chosen.append((source, placement))
    return chosen


def _as_planned(source: Source, targets: Placement, rooms: Rooms) -> Placement | None:
    mark = rooms.mark()
    placed: Placement = {}
    for item in source.largest_first:
        target = targets.get(item.item_id)
        if target is None and not item.stuck:
            target = rooms.find(item)
        if target is None or target not in rooms or rooms.why_not(item, target) is not None:
            rooms.undo(mark)
            return None
        rooms.put(item, target)
        placed[item.item_id] = target
    return placed


def on_course(
    course: Course,
    sources: Sequence[Source],
    settled: Collection[str],
    busy: Collection[str],
) -> bool:
    """Whether some host that waits will have its turn when others are done.

    :param settled: hosts that take instances now. :param busy: hosts that are emptied or worked
        on, and will take instances then.
    """
    waiting = {s.name for s in sources}
    reached = {*settled, *busy}
    return any(
        step.host in waiting and step.onto <= reached and step.onto & set(busy)
        for step in course.steps
        if not step.first
    )


def shortage(
    sources: Sequence[Source],
    rooms: Sequence[Room],
    groups: Mapping[str, Group] | None = None,
) -> Shortage | None:
    """How much is missing to empty the host for which least is missing.

    :returns: None when a host can be emptied as it is, or there is none with instances.
    """
    left = Rooms(rooms, groups)
    least: tuple[int, float, str] | None = None
    for source in sources:
        if not source.items:
            continue
        mark = left.mark()
        _, unplaced = left.fill(source.items, without={source.name})
        left.undo(mark)
        if not unplaced:
            return None
        missing = (len(unplaced), total(i.size for i in unplaced).vcpus, source.name)
        least = missing if least is None else min(least, missing)
    if least is None:
        return None
    instances, vcpus, host = least
    return Shortage(host, instances, math.ceil(vcpus))
