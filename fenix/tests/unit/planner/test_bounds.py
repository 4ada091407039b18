"""Bounds, held against every course that there is on very small clouds."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator

import testtools
from hypothesis import given, settings
from hypothesis import strategies as st

from fenix.planner import bounds
from fenix.planner.course import Course, Step, chained
from fenix.planner.model import Cloud, Group, Item, Room, Times
from fenix.planner.placement import Placement
from fenix.planner.timeline import timeline
from fenix.tests.unit.planner.clouds import cloud, faults, host, size

TIMES = Times(move=10, host=100, controller=50, parallel_moves=2)


@st.composite
def tiny(draw: st.DrawFn) -> Cloud:
    """Up to three hosts with up to two instances each, and perhaps room outside."""
    groups = {
        "a": Group("a", 0, anti_affinity=True, max_impacted=1, recovery_time=60),
        "b": Group("b", 0, max_impacted=draw(st.integers(1, 2)), recovery_time=200),
    }
    hosts = []
    for number in range(draw(st.integers(1, 3))):
        capacity = draw(st.sampled_from([2, 4, 6]))
        items: list[Item] = []
        free = capacity
        for vcpus in draw(st.lists(st.integers(1, 4), max_size=2)):
            group = draw(st.sampled_from([None, "a", "b", "b"]))
            if vcpus <= free and not (group == "a" and any(i.group == "a" for i in items)):
                free -= vcpus
                items.append(Item(f"{number}/{len(items)}", size(vcpus), group=group))
        made = host(f"h{number}", capacity, *items)
        hosts.append(dataclasses.replace(made, alone=draw(st.booleans())))
    rooms = [Room("out", size(draw(st.integers(1, 4))))] if draw(st.booleans()) else []
    return cloud(*hosts, rooms=rooms, groups=groups)


def courses(made: Cloud) -> Iterator[Course]:
    """Every course that empties all hosts, whichever are first, in any order, onto any host."""
    names = [s.name for s in made.sources]
    for order in itertools.permutations(names):
        for first in range(len(order) + 1):
            yield from _courses(made, order, first)


def _courses(made: Cloud, order: tuple[str, ...], first: int) -> Iterator[Course]:
    on = {s.name: list(s.items) for s in made.sources}
    for steps in _steps(made, order, first, on):
        course = Course(chained(steps))
        if not faults(made, course):
            yield course


def _steps(
    made: Cloud, order: tuple[str, ...], first: int, on: dict[str, list[Item]], at: int = 0
) -> Iterator[list[Step]]:
    if at == len(order):
        yield []
        return
    name, is_first = order[at], at < first
    outside = [r.name for r in made.rooms]
    targets = [*outside, *(order[first:] if is_first else order[:at])]
    there = on[name]
    for chosen in itertools.product(targets, repeat=len(there)):
        placement: Placement = dict(zip((i.item_id for i in there), chosen, strict=True))
        then = {n: [*held] for n, held in on.items()}
        then[name] = []
        for item, target in zip(there, chosen, strict=True):
            if target in then:
                then[target].append(item)
        step = Step(name, 1, placement, first=is_first)
        for rest in _steps(made, order, first, then, at + 1):
            yield [step, *rest]


class BoundsTest(testtools.TestCase):
    """No course is below them."""

    @given(tiny(), st.sampled_from([0, 1, 2]), st.sampled_from([0, 1]))
    @settings(deadline=None, max_examples=80)
    def test_no_course_is_below(self, made: Cloud, limit: int, controllers: int) -> None:
        least = bounds.bounds(made, TIMES, limit, controllers)
        for course in itertools.islice(courses(made), 3000):
            self.assertGreaterEqual(course.waves, bounds.waves(made))
            self.assertGreaterEqual(course.moves, bounds.moves(made))
            taken = timeline(course, made, TIMES, limit, controllers)
            self.assertGreaterEqual(taken.makespan, least.makespan, course)

    def test_a_group_s_pace_and_the_work_on_the_last_host_together(self) -> None:
        groups = {"g": Group("g", 2, max_impacted=1, recovery_time=500)}
        items = [Item(f"i{n}", size(1), group="g") for n in range(2)]
        made = cloud(*(host(f"h{n}", 4, i) for n, i in enumerate(items)), groups=groups)
        least = bounds.bounds(made, TIMES)
        self.assertEqual(520, least.group_pace)
        self.assertEqual(620, least.makespan)

    def test_the_first_host_has_to_be_emptied(self) -> None:
        full = cloud(*(host(f"h{n}", 8, 1, 1, 1) for n in range(2)))
        # Two moves after one another in two lanes; then host, a move, host.
        self.assertEqual(20 + 100 + 10 + 100, bounds.bounds(full, TIMES).makespan)
        begun = cloud(host("e", 8), *full.sources)
        self.assertEqual(100 + 10 + 100, bounds.bounds(begun, TIMES, 2).makespan)

    def test_controllers_before_the_first_drain_do_not_count(self) -> None:
        begun = cloud(host("a", 4), host("b", 4, 1))
        self.assertEqual(
            bounds.bounds(begun, TIMES).makespan, bounds.bounds(begun, TIMES, 0, 3).makespan
        )
        full = cloud(host("a", 4, 1), host("b", 4, 1))
        more = bounds.bounds(full, TIMES, 0, 3).makespan - bounds.bounds(full, TIMES).makespan
        self.assertEqual(3 * 50, more)

    def test_hosts_that_are_worked_on_one_at_a_time(self) -> None:
        hosts = [dataclasses.replace(host(f"h{n}", 4), alone=True) for n in range(3)]
        self.assertEqual(300, bounds.bounds(cloud(*hosts), TIMES).makespan)
