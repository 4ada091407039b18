"""How much is to be scaled in."""

from __future__ import annotations

import testtools

from fenix.planner.lack import Lack, Saving, lack
from fenix.planner.model import Cloud, Item
from fenix.planner.search import Options, asks_to_scale_in, best_course
from fenix.planner.sequence import Shortage
from fenix.tests.unit.planner.clouds import alike, cloud, faults, host, size

OPTIONS = Options(20)


def missing(made: Cloud, saving: Saving | None = None) -> Lack | None:
    """What is missing in a cloud."""
    course = best_course(made, OPTIONS)
    return lack(made, course, OPTIONS, saving or Saving())


class LackTest(testtools.TestCase):
    """As much as is needed, and what it buys."""

    def found(self, made: Cloud, saving: Saving | None = None) -> Lack:
        found = missing(made, saving)
        assert found is not None
        self.assertEqual((), found.course.left)
        self.assertEqual([], faults(found.cloud, found.course))
        return found

    def test_one_host_s_worth_takes_equal_hosts_through(self) -> None:
        found = self.found(alike(3, 2, 2))
        self.assertEqual(Shortage("h000", 2, 2), found.whole)
        self.assertEqual(found.first, found.whole)

    def test_enough_for_the_hosts_that_come_later(self) -> None:
        # Room for the small host lets the session begin, and leaves the large ones behind.
        made = cloud(host("a", 2, 1, 1), host("b", 8, 4, 4), host("c", 8, 4, 4))
        found = self.found(made)
        self.assertEqual(Shortage("a", 2, 2), found.first)
        self.assertEqual(Shortage("a", 4, 10), found.whole)

    def test_hosts_that_would_be_left_later(self) -> None:
        made = cloud(host("a", 2), host("b", 2, 1, 1), host("c", 8, 4, 4), host("d", 8, 4, 4))
        self.assertFalse(asks_to_scale_in(made, best_course(made, OPTIONS)))
        self.assertEqual("c", self.found(made).first.host)

    def test_nothing_when_every_host_can_be_emptied(self) -> None:
        self.assertIsNone(missing(alike(4, 4, 3)))

    def test_nothing_when_it_is_not_room_that_is_missing(self) -> None:
        stuck = [Item(f"i{n}", size(1), stuck="in ERROR") for n in range(2)]
        self.assertIsNone(missing(cloud(host("a", 2, stuck[0]), host("b", 2, stuck[1]))))

    def test_more_as_long_as_it_pays(self) -> None:
        made = alike(10, 4, 4)
        self.assertEqual((4, 10), self.figures(made, None))
        # A second host's worth: 10 waves -> 5; a third: 5 -> 4; a fourth: 4 -> 3.
        self.assertEqual((8, 5), self.figures(made, Saving(wave=600, least=1200)))
        self.assertEqual((4, 10), self.figures(made, Saving(wave=600, least=3600)))

    def figures(self, made: Cloud, saving: Saving | None) -> tuple[int, int]:
        """Instances that are to go, and the waves then."""
        found = self.found(made, saving)
        return found.instances, found.course.waves
