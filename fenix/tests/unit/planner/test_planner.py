"""Placement and sequence: small clouds whose best plan is known."""

from __future__ import annotations

import testtools
from hypothesis import given, settings
from hypothesis import strategies as st

from fenix.planner import sequence
from fenix.planner.model import Item, Room, Size, Source, total
from fenix.planner.placement import Rooms


def size(vcpus: float) -> Size:
    return Size(vcpus, vcpus * 1024, vcpus * 10)


def source(name: str, *vcpus: float, apart: str | None = None) -> Source:
    groups = (apart,) if apart else ()
    return Source(name, tuple(Item(f"{name}/{n}", size(v), groups) for n, v in enumerate(vcpus)))


def room(name: str, vcpus: float, *apart: str) -> Room:
    return Room(name, size(vcpus), frozenset(apart))


class PlacementTest(testtools.TestCase):
    """Best fit."""

    def test_the_fullest_room_that_fits_is_taken(self) -> None:
        rooms = Rooms([room("wide", 8), room("tight", 2)])
        self.assertEqual("tight", rooms.find(Item("i", size(2))))
        self.assertEqual("wide", rooms.find(Item("i", size(3))))
        self.assertIsNone(rooms.find(Item("i", size(9))))

    def test_every_resource_counts(self) -> None:
        rooms = Rooms([Room("h", Size(8, 512, 1000))])
        self.assertIsNone(rooms.find(Item("i", Size(1, 1024, 1))))
        self.assertIsNone(rooms.find(Item("i", Size(1, 1, 1001))))

    def test_members_are_kept_apart(self) -> None:
        rooms = Rooms([room("a", 4, "pair"), room("b", 4)])
        placed, left = rooms.fill(source("x", 1, 1, apart="pair").items)
        self.assertEqual({"x/0": "b"}, placed)
        self.assertEqual(["x/1"], [i.item_id for i in left])

    @given(st.lists(st.integers(1, 8), max_size=20), st.lists(st.integers(0, 16), max_size=8))
    @settings(deadline=None)
    def test_nothing_is_overfilled_and_nothing_is_lost(
        self, items: list[int], rooms: list[int]
    ) -> None:
        made = [room(f"r{n}", v) for n, v in enumerate(rooms)]
        instances = source("s", *items).items
        placed, left = Rooms(made).fill(instances)
        self.assertEqual(
            sorted(i.item_id for i in instances), sorted([*placed, *(i.item_id for i in left)])
        )
        for one in made:
            there = total(i.size for i in instances if placed.get(i.item_id) == one.name)
            self.assertTrue(one.free.holds(there))


class NextHostsTest(testtools.TestCase):
    """Hosts that can be emptied at the same time."""

    def test_as_many_as_fit(self) -> None:
        sources = [source("a", 1, 1), source("b", 1, 1), source("c", 1, 1)]
        chosen = sequence.next_hosts(sources, [room("m", 4)], 10)
        self.assertEqual(["a", "b"], [s.name for s, _ in chosen])

    def test_the_limit(self) -> None:
        sources = [source("a"), source("b"), source("c")]
        self.assertEqual(2, len(sequence.next_hosts(sources, [], 2)))
        self.assertEqual([], sequence.next_hosts(sources, [], 0))

    def test_a_host_that_does_not_fit_does_not_stop_another(self) -> None:
        sources = [source("big", 4), source("small", 1, 1)]
        chosen = sequence.next_hosts(sources, [room("m", 2)], 10)
        self.assertEqual(["small"], [s.name for s, _ in chosen])


class ShortageTest(testtools.TestCase):
    """What is missing to empty one host."""

    def test_how_much(self) -> None:
        sources = [source("a", *[1] * 4), source("b", *[1] * 4), source("c", *[1] * 3)]
        rooms = [room("a", 0), room("b", 0), room("c", 1)]
        short = sequence.shortage(sources, rooms)
        self.assertEqual(sequence.Shortage("a", 3, 3), short)

    def test_nothing(self) -> None:
        sources = [source("a", 1), source("b", 1)]
        self.assertIsNone(sequence.shortage(sources, [room("a", 3), room("b", 3)]))
        self.assertIsNone(sequence.shortage([], []))
