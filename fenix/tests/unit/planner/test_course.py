"""Courses: sound on any cloud, and as good as the bound where the bound can be met."""

from __future__ import annotations

import testtools
from hypothesis import given, settings
from hypothesis import strategies as st

from fenix.planner import bounds, sequence
from fenix.planner.model import Cloud, Group, Item, Needs, Offers, Room, Source
from fenix.planner.search import Options, best_course
from fenix.tests.unit.planner.clouds import alike, cloud, faults, host, size


@st.composite
def clouds(draw: st.DrawFn) -> Cloud:
    """Unequal hosts with instances of many sizes, some in groups, and perhaps room outside."""
    groups = {
        "a": Group("a", 0, anti_affinity=True),
        "b": Group("b", 0, max_per_host=draw(st.integers(1, 3))),
    }
    hosts = []
    for number in range(draw(st.integers(1, 7))):
        capacity = draw(st.sampled_from([4, 8, 16]))
        items: list[Item] = []
        free = capacity
        seen: dict[str, int] = {}
        for vcpus in draw(st.lists(st.integers(1, 5), max_size=6)):
            group = draw(st.sampled_from([None, None, "a", "b"]))
            limit = groups[group].per_host if group else 99
            if vcpus <= free and seen.get(group or "", 0) < limit:
                free -= vcpus
                seen[group or ""] = seen.get(group or "", 0) + 1
                items.append(Item(f"{number}/{len(items)}", size(vcpus), group=group))
        hosts.append(host(f"h{number}", capacity, *items))
    rooms = [Room("out", size(draw(st.integers(0, 8))))] if draw(st.booleans()) else []
    return cloud(*hosts, rooms=rooms, groups=groups)


class CourseTest(testtools.TestCase):
    """Whole courses."""

    def best(self, made: Cloud, percent: int = 100, **more: int) -> sequence.Course:
        course = best_course(made, Options(percent, **more))
        self.assertEqual([], faults(made, course))
        return course

    @given(clouds(), st.sampled_from([0, 20, 100]), st.sampled_from([0, 1, 2]))
    @settings(deadline=None, max_examples=60)
    def test_any_course_is_sound_and_not_below_the_bounds(
        self, made: Cloud, percent: int, limit: int
    ) -> None:
        course = self.best(made, percent, limit=limit)
        if not course.left:
            self.assertGreaterEqual(course.waves, bounds.waves(made))
            self.assertGreaterEqual(course.moves, bounds.moves(made))

    def test_the_same_picture_gives_the_same_course(self) -> None:
        made = alike(9, 7, 3, 5, 6)
        self.assertEqual(self.best(made, 20), self.best(made, 20))

    def test_equal_hosts_meet_the_bound_of_waves(self) -> None:
        for count, capacity, loads in ((10, 10, (8,)), (40, 10, (5, 7, 9)), (25, 4, (3,))):
            made = alike(count, capacity, *loads)
            self.assertEqual(bounds.waves(made), self.best(made).waves, (count, loads))

    def test_fewest_moves_when_nobody_may_move_twice(self) -> None:
        made = alike(12, 10, 8, 7, 9)
        course = self.best(made, 0)
        self.assertEqual(1, len(course.first))
        self.assertEqual(bounds.moves(made), course.moves)

    def test_the_share_that_may_move_twice_is_kept_to(self) -> None:
        made = alike(20, 10, 8)
        for percent in (10, 20, 30):
            course = self.best(made, percent)
            self.assertLessEqual(course.moves - 160, 160 * percent // 100)

    def test_as_few_are_emptied_first_as_give_the_fewest_waves(self) -> None:
        # Two at once: five waves of two; more than two would not fit.
        course = self.best(alike(10, 10, 8))
        self.assertEqual((5, 2), (course.waves, len(course.first)))

    def test_an_empty_host_is_a_beginning(self) -> None:
        course = self.best(cloud(host("a", 4), *(host(n, 4, 1, 1) for n in "bcd")), 20)
        self.assertEqual((), course.first)
        self.assertEqual("a", course.steps[0].host)

    def test_with_all_second_moves_an_empty_host_is_joined_by_others(self) -> None:
        made = cloud(host("z", 10), *alike(12, 10, 5).sources)
        self.assertGreater(self.best(made, 20).waves, self.best(made, 100).waves)

    def test_a_host_that_stays_disabled_is_no_beginning(self) -> None:
        made = cloud(Source("off", ()), *alike(4, 4, 2).sources)
        self.assertEqual(1, len(self.best(made, 0).first))

    def test_room_outside_is_used_before_hosts_that_are_emptied_later(self) -> None:
        made = cloud(host("a", 6, 1, 2), host("b", 6, 4), rooms=[Room("out", size(1))])
        course = self.best(made, 0)
        self.assertEqual("out", course.steps[0].targets["a/0"])

    def test_what_is_moved_twice_waits_on_a_host_that_has_its_turn_late(self) -> None:
        # On the fullest hosts it would keep those from being the next ones.
        small = ((4, 4, 2), (2, 2, 2, 4), (2, 2, 2, 2, 2), (2, 2, 2, 4))
        hosts = [host(f"small-{n}", 16, *held) for n, held in enumerate(small)]
        hosts.append(host("middle", 32, 4, 4, 4, 4, 2, 2))
        hosts.extend(host(f"large-{n}", 64, *[2] * 8, *[4] * 6) for n in range(2))
        made = cloud(*hosts)
        course = self.best(made, 0)
        self.assertEqual((0, bounds.moves(made)), (len(course.left), course.moves))

    def test_the_limit(self) -> None:
        course = self.best(alike(8, 4, 1), 100, limit=2)
        self.assertLessEqual(len(course.first), 2)

    def test_the_first_choice_leaves_nobody_behind(self) -> None:
        # Emptying the small host first would leave no target for the big ones.
        made = cloud(
            host("small", 2, 1), host("big-1", 8, 4, 1), host("big-2", 8, 4, 1), host("r", 9, 3)
        )
        self.assertEqual((), self.best(made, 0).left)

    def test_hosts_that_are_controllers_too_go_one_at_a_time(self) -> None:
        made = alike(4, 4, 0)
        alone = Cloud(tuple(Source(s.name, (), s.room, alone=True) for s in made.sources))
        chosen, left = sequence.fill_wave(alone.sources, sequence.Rooms(()), 9)
        self.assertEqual((1, 3), (len(chosen), len(left)))

    def test_nothing_to_do(self) -> None:
        self.assertEqual((), best_course(Cloud(()), Options()).steps)


class FollowingTest(testtools.TestCase):
    """What of a course can begin now."""

    def setUp(self) -> None:
        super().setUp()
        self.made = alike(4, 4, 3)
        self.course = best_course(self.made, Options(0))
        self.first = self.course.first[0].host

    def test_in_turn(self) -> None:
        second = self.course.steps[1]
        after = {s.name: s.after for s in self.made.sources}
        room = after[self.first]
        assert room is not None
        now = [
            Source(s.name, tuple(i for i in self._items() if i.item_id in step.targets))
            for step in self.course.steps[1:]
            for s in self.made.sources
            if s.name == step.host
        ]
        self.assertEqual([], sequence.by_course(self.course, now, [], 9))
        self.assertTrue(sequence.on_course(self.course, now, [], [self.first]))
        self.assertFalse(sequence.on_course(self.course, now, [], []))
        chosen = sequence.by_course(self.course, now, [room], 9)
        self.assertEqual([(second.host, second.targets)], [(s.name, t) for s, t in chosen])
        full = Room(room.name, size(0))
        self.assertEqual([], sequence.by_course(self.course, now, [full], 9))

    def test_an_instance_that_has_come_takes_any_room(self) -> None:
        last = self.course.steps[-1]
        new = Source(last.host, (Item("new", size(1)),))
        chosen = sequence.by_course(self.course, [new], [Room("m", size(2))], 1)
        self.assertEqual([{"new": "m"}], [t for _, t in chosen])

    def _items(self) -> list[Item]:
        return [i for s in self.made.sources for i in s.items]


class BoundsTest(testtools.TestCase):
    """Bounds whose value is known."""

    def test_together(self) -> None:
        self.assertEqual(2, bounds.together(alike(10, 10, 8)))
        self.assertEqual(5, bounds.waves(alike(10, 10, 8)))
        self.assertEqual(0, bounds.waves(alike(3, 4, 4)))

    def test_unequal_hosts_are_packed_into_what_is_free(self) -> None:
        # Free are 10; hosts of 6 go out one at a time, whatever their number.
        made = cloud(*(host(f"h{n}", 6, 2, 2) for n in range(5)))
        self.assertEqual(5, bounds.waves(made))
        self.assertEqual(3, bounds.bins([6, 6, 6, 4, 4], 10))
        self.assertEqual(4, bounds.bins([5.5, 6, 7, 8], 10))
        self.assertEqual(2, bounds.bins([5, 5, 5, 5], 10))

    def test_a_bin_is_no_larger_than_what_its_pieces_make(self) -> None:
        # 848 in all, four times 212: but pieces of 16 fill no more than 208 of it.
        pieces = [64.0] * 9 + [32.0] * 6 + [16.0] * 5
        self.assertEqual(5, bounds.bins(pieces, 212))
        self.assertEqual(4, bounds.bins([p + 0.5 for p in pieces], 216))

    def test_free_room_in_pieces_takes_no_larger_instance(self) -> None:
        # 12 are free, 2 on each host: none takes an instance of 4, so none can be emptied.
        made = cloud(*(host(f"h{n}", 10, 4, 4) for n in range(6)))
        self.assertEqual((0, 0), (bounds.together(made), bounds.waves(made)))
        self.assertEqual(6, len(best_course(made, Options(100)).left))

    def test_what_the_first_wave_frees_is_all_that_the_second_has(self) -> None:
        # One host alone can be emptied into gaps of 2; on an average 20 ÷ 2 are thought of.
        pieces = (host(f"h{n}", 16, 4, 4, 4, 2) for n in range(19))
        made = cloud(*pieces, host("z", 16, *[2] * 6))
        self.assertEqual((2, 12), (bounds.together(made), bounds.waves(made)))
        self.assertGreaterEqual(best_course(made, Options(100)).waves, 12)

    def test_the_fewest_moves_need_a_first_host_that_can_be_emptied(self) -> None:
        # The one with a single instance cannot: nowhere are 5 free.
        made = cloud(host("a", 9, 5), host("b", 6, 1, 1, 1), host("c", 6, 1, 1, 1, 1))
        self.assertEqual(8 + 3, bounds.moves(made))

    def test_a_group_kept_apart(self) -> None:
        items = [Item(f"i{n}", size(1), group="g") for n in range(3)]
        groups = {"g": Group("g", 3, anti_affinity=True)}
        made = cloud(*(host(f"h{n}", 9, i) for n, i in enumerate(items)), groups=groups)
        self.assertEqual(0, bounds.together(made))
        more = cloud(*made.sources, host("h3", 9), groups=groups)
        self.assertEqual((1, 4), (bounds.together(more), bounds.waves(more)))

    def test_zones_that_no_instance_may_leave_count_by_themselves(self) -> None:
        def zoned(name: str, zone: str, vcpus: int) -> Source:
            made = host(name, 4, Item(f"{name}/0", size(vcpus), needs=Needs(zone=zone)))
            assert made.room is not None
            room = Room(name, made.room.free, offers=Offers(zone=zone))
            return Source(name, made.items, room)

        made = cloud(*(zoned(f"n{n}", "n", 1) for n in range(4)), zoned("s0", "s", 2))
        self.assertEqual(3, bounds.together(made))
        self.assertEqual(2, bounds.waves(cloud(*made.sources[:4])))

    def test_group_pace(self) -> None:
        group = Group("g", 5, max_impacted=2, recovery_time=10)
        self.assertEqual(3 * 20 + 2 * 10, bounds.group_pace(5, group, 20))
