"""How many members of a group may be on the way at once."""

from __future__ import annotations

import testtools

from fenix.planner.model import Group
from fenix.planner.pace import Impact, pace


def _group(most: int, recovery: float = 0.0) -> Group:
    return Group("g", 10, max_impacted=most, recovery_time=recovery)


class PaceTest(testtools.TestCase):
    """Members on their way, recovering, and down."""

    def test_as_many_as_the_group_bears_in_the_order_wanted(self) -> None:
        found = pace(_group(2), 0, [], (), ["c", "a", "b"])
        self.assertEqual((("c", "a"), None), (found.start, found.again_at))

    def test_one_on_its_way_takes_a_place_for_as_long_as_it_takes(self) -> None:
        found = pace(_group(2), 1000, [Impact("x")], (), ["a", "b"])
        self.assertEqual((("a",), None), (found.start, found.again_at))

    def test_a_recovering_one_takes_a_place_until_its_time_is_over(self) -> None:
        group, impacts = _group(1, 10), [Impact("x", ended=5)]
        self.assertEqual(15, pace(group, 14.9, impacts, (), ["a"]).again_at)
        self.assertEqual(("a",), pace(group, 15, impacts, (), ["a"]).start)

    def test_the_time_at_which_enough_have_recovered(self) -> None:
        impacts = [Impact("x", 1), Impact("y", 2), Impact("z", 3)]
        self.assertEqual(12, pace(_group(2, 10), 4, impacts, (), ["a"]).again_at)

    def test_members_that_are_down_take_places(self) -> None:
        self.assertEqual((), pace(_group(1), 0, [], {"x"}, ["a"]).start)
        self.assertEqual(("a",), pace(_group(2), 0, [], {"x"}, ["a", "b"]).start)

    def test_a_member_that_is_down_and_moved_counts_once(self) -> None:
        self.assertEqual(("a",), pace(_group(2), 0, [Impact("x")], {"x"}, ["a"]).start)

    def test_one_that_is_down_may_be_moved_itself(self) -> None:
        self.assertEqual(("x",), pace(_group(1), 0, [], {"x"}, ["x", "a"]).start)
        self.assertEqual((), pace(_group(1), 0, [Impact("y")], {"x"}, ["x"]).start)

    def test_nobody_moves_again_while_it_recovers(self) -> None:
        found = pace(_group(3, 10), 5, [Impact("a", 1)], (), ["a"])
        self.assertEqual(((), 11), (found.start, found.again_at))
