"""What keeps an instance from a host: groups, traits, zones, aggregates, counted resources."""

from __future__ import annotations

import testtools

from fenix.planner.model import Group, Item, Needs, Offers, Room, Size, Source, Wish
from fenix.planner.placement import Rooms
from fenix.planner.search import Options, best_course
from fenix.tests.unit.planner.clouds import cloud, host, size

ONE = Size(1, 1024, 10)
WIDE = Size(8, 8192, 80)


def item(name: str, group: str | None = None, **needs: object) -> Item:
    return Item(name, ONE, group=group, needs=Needs(**needs))  # type: ignore[arg-type]


class GroupsTest(testtools.TestCase):
    """Members of a group per host."""

    def test_max_per_host(self) -> None:
        groups = {"g": Group("g", 5, max_per_host=2)}
        rooms = Rooms([Room("a", WIDE, members={"g": 1}), Room("b", WIDE)], groups)
        placed, left = rooms.fill([item(f"i{n}", "g") for n in range(4)])
        self.assertEqual({"i0": "a", "i1": "b", "i2": "b"}, placed)
        self.assertEqual(["i3"], [i.item_id for i in left])

    def test_anti_affinity_is_one_per_host_whatever_else_is_said(self) -> None:
        groups = {"g": Group("g", 3, anti_affinity=True, max_per_host=2)}
        placed, left = Rooms([Room("a", WIDE), Room("b", WIDE)], groups).fill(
            [item(f"i{n}", "g") for n in range(3)]
        )
        self.assertEqual({"i0": "a", "i1": "b"}, placed)
        self.assertEqual(["i2"], [i.item_id for i in left])

    def test_a_group_without_a_row_has_no_limit(self) -> None:
        placed, left = Rooms([Room("a", WIDE)], {}).fill([item(f"i{n}", "g") for n in range(3)])
        self.assertEqual((3, []), (len(placed), left))


class NeedsTest(testtools.TestCase):
    """What instances demand beside their size."""

    def where(self, wanted: Item, **offers: object) -> str | None:
        rooms = Rooms(
            [
                Room("plain", ONE),
                Room("special", WIDE, offers=Offers(**offers)),  # type: ignore[arg-type]
            ]
        )
        return rooms.find(wanted)

    def test_traits(self) -> None:
        wanted = item("i", required=frozenset({"AVX"}))
        self.assertEqual("special", self.where(wanted, traits=frozenset({"AVX", "SSE"})))
        self.assertIsNone(self.where(wanted, traits=frozenset({"SSE"})))
        shunned = item("i", forbidden=frozenset({"SLOW"}), required=frozenset({"AVX"}))
        self.assertIsNone(self.where(shunned, traits=frozenset({"AVX", "SLOW"})))

    def test_zone(self) -> None:
        self.assertEqual("special", self.where(item("i", zone="north"), zone="north"))
        self.assertIsNone(self.where(item("i", zone="south"), zone="north"))

    def test_aggregates(self) -> None:
        wanted = item("i", labels=frozenset({("disk", frozenset({"ssd", "nvme"}))}))
        self.assertEqual("special", self.where(wanted, labels=frozenset({("disk", "nvme")})))
        self.assertIsNone(self.where(wanted, labels=frozenset({("disk", "hdd")})))

    def test_a_host_kept_for_projects(self) -> None:
        rooms = Rooms([Room("kept", WIDE, offers=Offers(projects=frozenset({"p"})))])
        self.assertEqual("kept", rooms.find(item("i", project="p")))
        self.assertIsNone(rooms.find(item("i", project="q")))
        self.assertIsNone(rooms.find(Item("i", ONE)))

    def test_counted_resources_are_used_up(self) -> None:
        rooms = Rooms([Room("a", WIDE, offers=Offers(resources=(("PCPU", 3.0),)))])
        pinned = [item(f"i{n}", resources=(("PCPU", 2.0),)) for n in range(2)]
        placed, left = rooms.fill(pinned)
        self.assertEqual(({"i0": "a"}, [pinned[1]]), (placed, left))
        self.assertEqual("has 1 of 2 PCPU free", rooms.why_not(pinned[1], "a"))

    def test_what_cannot_be_moved_finds_no_room(self) -> None:
        stuck = Item("i", ONE, stuck="SUSPENDED")
        self.assertEqual(({}, [stuck]), Rooms([Room("a", WIDE)]).fill([stuck]))


class WishesTest(testtools.TestCase):
    """Server groups whose policy is soft."""

    def item(self, number: int, *, together: bool) -> Item:
        return Item(f"i{number}", size(2), wish=Wish("g", together))

    def test_apart_where_that_can_be(self) -> None:
        rooms = Rooms([Room("a", size(4)), Room("b", size(9))])
        placed, left = rooms.fill(self.item(n, together=False) for n in range(3))
        self.assertEqual({"i0": "a", "i1": "b", "i2": "a"}, placed)
        self.assertEqual([], left)

    def test_together_where_that_can_be(self) -> None:
        rooms = Rooms([Room("a", size(3)), Room("b", size(9), wishers=frozenset("g"))])
        placed, _ = rooms.fill(self.item(n, together=True) for n in range(5))
        self.assertEqual({"i0": "b", "i1": "b", "i2": "b", "i3": "b", "i4": "a"}, placed)

    def test_undone(self) -> None:
        rooms = Rooms([Room("a", size(4)), Room("b", size(9))])
        mark = rooms.mark()
        rooms.put(self.item(0, together=False), "a")
        self.assertEqual("b", rooms.find(self.item(1, together=False)))
        rooms.undo(mark)
        self.assertEqual("a", rooms.find(self.item(1, together=False)))

    def test_a_wish_leaves_no_host_and_costs_no_wave(self) -> None:
        # Apart, the pair would take the room of either large instance.
        pair = [Item(f"i{n}", size(2), wish=Wish("g", together=False)) for n in range(2)]
        rooms = [Room("a", size(4)), Room("b", size(6))]
        made = cloud(host("h", 10, *pair, 6), rooms=rooms)
        course = best_course(made, Options(20))
        self.assertEqual((1, ()), (course.waves, course.left))
        self.assertEqual({"i0": "a", "i1": "a", "h/2": "b"}, course.steps[0].targets)


class UndoTest(testtools.TestCase):
    """Trying something."""

    def test_everything_is_as_before(self) -> None:
        groups = {"g": Group("g", 3, anti_affinity=True)}
        rooms = Rooms([Room("a", ONE, offers=Offers(resources=(("PCPU", 2.0),)))], groups)
        first = Item("i", ONE, ("n",), "g", Needs(resources=(("PCPU", 2.0),)))
        mark = rooms.mark()
        rooms.put(first, "a")
        rooms.add(Room("b", WIDE))
        self.assertEqual("b", rooms.find(Item("j", ONE)))
        self.assertIsNone(rooms.find(first))
        rooms.undo(mark)
        self.assertEqual(["a"], rooms.names())
        self.assertEqual("a", rooms.find(first))

    def test_all_or_nothing(self) -> None:
        rooms = Rooms([Room("a", Size(2, 2048, 20))])
        self.assertIsNone(rooms.empty(Source("s", tuple(item(f"i{n}") for n in range(3)))))
        self.assertEqual(Size(2, 2048, 20), rooms.free("a"))
        self.assertEqual({"i0": "a", "i1": "a"}, rooms.empty(Source("s", (item("i0"), item("i1")))))
