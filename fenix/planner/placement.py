"""Where instances fit: best-fit decreasing into rooms, within what groups allow."""

from __future__ import annotations

import bisect
from collections.abc import Collection, Iterable, Mapping

from fenix.planner.model import (
    NO_NEEDS,
    Group,
    Item,
    Needs,
    Offers,
    Room,
    Size,
    Source,
    Wish,
    largest_first,
)

Placement = dict[str, str]

#: Free vCPUs, free memory, name: rooms are kept in this order.
_Key = tuple[float, float, str]


class Rooms:
    """Free capacity that is used up as items are placed.

    Rooms are kept in the order of what is free, so that the best one is found without looking at
    all. What was done since a :meth:`mark` can be undone.

    :param groups: limits of groups, by id; a group that is not among them has none.
    """

    def __init__(self, rooms: Iterable[Room], groups: Mapping[str, Group] | None = None) -> None:
        self._free: dict[str, Size] = {}
        self._apart: dict[str, dict[str, int]] = {}
        self._members: dict[str, dict[str, int]] = {}
        self._wishers: dict[str, dict[str, int]] = {}
        self._offers: dict[str, Offers] = {}
        self._counted: dict[str, dict[str, float]] = {}
        self._per_host = {g.group_id: g.per_host for g in (groups or {}).values() if g.per_host}
        self._suits: dict[tuple[Needs, Offers], bool] = {}
        self._done: list[tuple[Item, str, Size] | str] = []
        for room in rooms:
            self._take_in(room)
        self._order: list[_Key] = sorted(self._key(name) for name in self._free)

    def _take_in(self, room: Room) -> None:
        self._free[room.name] = room.free
        self._apart[room.name] = dict.fromkeys(room.apart, 1)
        self._wishers[room.name] = dict.fromkeys(room.wishers, 1)
        self._members[room.name] = dict(room.members)
        self._offers[room.name] = room.offers
        self._counted[room.name] = dict(room.offers.resources)

    def _key(self, name: str) -> _Key:
        free = self._free[name]
        return (free.vcpus, free.memory_mb, name)

    def __len__(self) -> int:
        return len(self._free)

    def __contains__(self, name: str) -> bool:
        return name in self._free

    def names(self) -> list[str]:
        """Of every room."""
        return list(self._free)

    def free(self, name: str) -> Size:
        """What is left of one room."""
        return self._free[name]

    def add(self, room: Room) -> None:
        """Take a further room into account."""
        self._take_in(room)
        bisect.insort(self._order, self._key(room.name))
        self._done.append(room.name)

    def mark(self) -> int:
        """A point to which :meth:`undo` can go back."""
        return len(self._done)

    def undo(self, mark: int) -> None:
        """Take back what was put and added since ``mark``."""
        while len(self._done) > mark:
            last = self._done.pop()
            if isinstance(last, str):
                del self._order[self._position(last)]
                del self._free[last], self._apart[last], self._members[last]
                del self._offers[last], self._counted[last], self._wishers[last]
            else:
                item, name, free = last
                self._change(item, name, free, -1)

    def find(self, item: Item, without: Collection[str] = ()) -> str | None:
        """The room that ``item`` fills best, of those that it prefers if any can hold it.

        :param without: rooms that are not to be used.
        :returns: None when it fits nowhere.
        """
        size = item.size
        start = bisect.bisect_left(self._order, (size.vcpus, size.memory_mb, ""))
        second = None
        for index in range(start, len(self._order)):
            name = self._order[index][2]
            if self._free[name].holds(size) and name not in without and self._takes(item, name):
                if item.wish is None or self._is_wished(item.wish, name):
                    return name
                second = second or name
        return second

    def _is_wished(self, wish: Wish, name: str) -> bool:
        return bool(self._wishers[name].get(wish.group)) == wish.together

    def find_among(self, item: Item, names: Iterable[str]) -> str | None:
        """The first of these rooms that holds ``item``; None when none does."""
        for name in names:
            free = self._free.get(name)
            if free is not None and free.holds(item.size) and self._takes(item, name):
                return name
        return None

    def _takes(self, item: Item, name: str) -> bool:
        """Whether nothing but its size keeps an item from a room."""
        plain = not item.apart and item.group not in self._per_host
        return (plain or self._may_join(item, name)) and self._suited(item.needs, name)

    def why_not(self, item: Item, name: str) -> str | None:
        """What keeps ``item`` from one room now, as words; None when nothing does."""
        lacking = self._offers[name].lacks(item.needs)
        if lacking is not None:
            return lacking
        for kind, amount in item.needs.resources:
            if self._counted[name].get(kind, 0) < amount:
                return f"has {self._counted[name].get(kind, 0):g} of {amount:g} {kind} free"
        if not self._may_join(item, name):
            return f"has as many members of group {item.group or item.apart[0]} as it may"
        free, size = self._free[name], item.size
        if free.vcpus < size.vcpus:
            return f"has {free.vcpus:g} of {size.vcpus:g} vCPU free"
        if free.memory_mb < size.memory_mb:
            return f"has {free.memory_mb:g} of {size.memory_mb:g} MiB free"
        if free.disk_gb < size.disk_gb:
            return f"has {free.disk_gb:g} of {size.disk_gb:g} GiB of disk free"
        return None

    def _may_join(self, item: Item, name: str) -> bool:
        if item.apart:
            there = self._apart[name]
            if any(there.get(group) for group in item.apart):
                return False
        limit = self._per_host.get(item.group) if item.group is not None else None
        return limit is None or self._members[name].get(item.group or "", 0) < limit

    def _suited(self, needs: Needs, name: str) -> bool:
        offers = self._offers[name]
        if needs is NO_NEEDS and not offers.projects:
            return True
        pair = (needs, offers)
        suits = self._suits.get(pair)
        if suits is None:
            suits = self._suits[pair] = offers.lacks(needs) is None
        counted = self._counted[name]
        return suits and all(counted.get(kind, 0) >= amount for kind, amount in needs.resources)

    def put(self, item: Item, name: str) -> None:
        """Use a room for an item."""
        free = self._free[name]
        self._done.append((item, name, free))
        self._change(item, name, free - item.size, 1)

    def _change(self, item: Item, name: str, free: Size, sign: int) -> None:
        del self._order[self._position(name)]
        self._free[name] = free
        bisect.insort(self._order, self._key(name))
        for group in item.apart:
            self._apart[name][group] = self._apart[name].get(group, 0) + sign
        if item.group is not None:
            self._members[name][item.group] = self._members[name].get(item.group, 0) + sign
        if item.wish is not None:
            there = self._wishers[name]
            there[item.wish.group] = there.get(item.wish.group, 0) + sign
        for kind, amount in item.needs.resources:
            self._counted[name][kind] = self._counted[name].get(kind, 0) - sign * amount

    def _position(self, name: str) -> int:
        return bisect.bisect_left(self._order, self._key(name))

    def fill(
        self, items: Iterable[Item], without: Collection[str] = ()
    ) -> tuple[Placement, list[Item]]:
        """Place items, largest first.

        :returns: room by item id, and the items that found none.
        """
        placed: Placement = {}
        left: list[Item] = []
        for item in sorted(items, key=largest_first):
            name = None if item.stuck else self.find(item, without)
            if name is None:
                left.append(item)
            else:
                self.put(item, name)
                placed[item.item_id] = name
        return placed, left

    def empty(self, source: Source, without: Collection[str] = ()) -> Placement | None:
        """Place everything that is on a host; None, and nothing is placed, when that fails."""
        mark = self.mark()
        placed: Placement = {}
        for item in source.largest_first:
            name = None if item.stuck else self.find(item, without)
            if name is None:
                self.undo(mark)
                return None
            self.put(item, name)
            placed[item.item_id] = name
        return placed
