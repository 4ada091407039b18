"""Small clouds for tests, and a check of courses that knows nothing of how they are found."""

from __future__ import annotations

import collections
from collections.abc import Mapping, Sequence

from fenix.planner.course import Course
from fenix.planner.model import Cloud, Group, Item, Room, Size, Source, total


def size(vcpus: float) -> Size:
    """So many vCPUs, with memory and disk in proportion."""
    return Size(vcpus, vcpus * 1024, vcpus * 10)


def host(name: str, capacity: float, *items: Item | float) -> Source:
    """A host with instances, given as items or by their vCPUs."""
    made = tuple(
        i if isinstance(i, Item) else Item(f"{name}/{n}", size(i)) for n, i in enumerate(items)
    )
    room = Room(
        name,
        size(capacity) - total(i.size for i in made),
        frozenset(g for i in made for g in i.apart),
        collections.Counter(i.group for i in made if i.group),
    )
    return Source(name, made, room)


def cloud(
    *hosts: Source, rooms: Sequence[Room] = (), groups: Mapping[str, Group] | None = None
) -> Cloud:
    """A cloud of these hosts."""
    return Cloud(tuple(hosts), tuple(rooms), groups or {})


def alike(count: int, capacity: int, *loads: int) -> Cloud:
    """Hosts alike, with instances of one vCPU; loads are repeated until there are enough."""
    return cloud(*(host(f"h{n:03d}", capacity, *[1] * loads[n % len(loads)]) for n in range(count)))


def faults(made: Cloud, course: Course) -> list[str]:
    """What is wrong with a course, by carrying it out host by host; nothing: it is sound."""
    wrong: list[str] = []
    capacity = {r.name: r.free for r in made.rooms}
    capacity.update({s.name: s.room.free + s.used for s in made.sources if s.room})
    where = {i.item_id: s.name for s in made.sources for i in s.items}
    items = {i.item_id: i for s in made.sources for i in s.items}
    moved: collections.Counter[str] = collections.Counter()
    done: set[str] = {r.name for r in made.rooms}
    waves = {r.name: 0 for r in made.rooms}
    first_done = False
    for step in course.steps:
        if not step.first and not first_done:
            done.update(s.host for s in course.first)
            first_done = True
        there = {i for i, name in where.items() if name == step.host}
        if there != set(step.targets):
            wrong.append(f"{step.host} has {sorted(there)}, moved are {sorted(step.targets)}")
        for item_id, target in step.targets.items():
            moved[item_id] += 1
            where[item_id] = target
            if not step.first and target not in done:
                wrong.append(f"{item_id} goes to {target}, which is not maintained")
            elif not step.first and waves[target] >= step.wave:
                wrong.append(f"{item_id} goes to {target} of the same wave")
        for name in set(step.targets.values()):
            held = [items[i] for i, place in where.items() if place == name]
            if not capacity[name].holds(total(i.size for i in held)):
                wrong.append(f"{name} is over its capacity after {step.host}")
            wrong.extend(_crowded(name, held, made.groups))
        done.add(step.host) if not step.first else None
        waves[step.host] = step.wave
    wrong.extend(f"{i} is moved {n} times" for i, n in moved.items() if n > 2)
    begun = {s.host for s in course.steps}
    if len(begun) != len(course.steps) or begun & {s.name for s in course.left}:
        wrong.append("a host is emptied twice, or left and emptied")
    if begun | {s.name for s in course.left} != {s.name for s in made.sources}:
        wrong.append("a host is forgotten")
    return wrong


def _crowded(name: str, held: Sequence[Item], groups: Mapping[str, Group]) -> list[str]:
    apart = collections.Counter(g for i in held for g in i.apart)
    members = collections.Counter(i.group for i in held if i.group)
    wrong = [f"{n} of {g} on {name}" for g, n in apart.items() if n > 1]
    for group_id, count in members.items():
        limit = groups[group_id].per_host if group_id in groups else 0
        if limit and count > limit:
            wrong.append(f"{count} of {group_id} on {name}")
    return wrong
