"""Where instances fit: best-fit decreasing into rooms, keeping members of groups apart."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from fenix.planner.model import Item, Room, Size

Placement = dict[str, str]


class Rooms:
    """Free capacity that is used up as items are placed."""

    def __init__(self, rooms: Iterable[Room]) -> None:
        self._free: dict[str, Size] = {}
        self._apart: dict[str, set[str]] = {}
        for room in rooms:
            self._free[room.name] = room.free
            self._apart[room.name] = set(room.apart)

    def copy(self) -> Rooms:
        """An independent copy, to try something on."""
        made = Rooms(())
        made._free = dict(self._free)
        made._apart = {name: set(groups) for name, groups in self._apart.items()}
        return made

    def free(self, name: str) -> Size:
        """What is left of one room."""
        return self._free[name]

    def add(self, room: Room) -> None:
        """Take a further room into account."""
        self._free[room.name] = room.free
        self._apart[room.name] = set(room.apart)

    def find(self, item: Item, without: Collection[str] = ()) -> str | None:
        """The room that ``item`` fills best; None when it fits nowhere.

        :param without: rooms that are not to be used.
        """
        best: tuple[float, float, str] | None = None
        size, apart = item.size, item.apart
        for name, free in self._free.items():
            if free.vcpus < size.vcpus or not free.holds(size) or name in without:
                continue
            if apart and not self._apart[name].isdisjoint(apart):
                continue
            rank = (free.vcpus - size.vcpus, free.memory_mb - size.memory_mb, name)
            if best is None or rank < best:
                best = rank
        return None if best is None else best[2]

    def put(self, item: Item, name: str) -> None:
        """Use a room for an item."""
        self._free[name] = self._free[name] - item.size
        self._apart[name].update(item.apart)

    def fill(
        self, items: Iterable[Item], without: Collection[str] = ()
    ) -> tuple[Placement, list[Item]]:
        """Place items, largest first.

        :returns: room by item id, and the items that found none.
        """
        placed: Placement = {}
        left: list[Item] = []
        for item in sorted(items, key=_largest_first):
            name = self.find(item, without)
            if name is None:
                left.append(item)
            else:
                self.put(item, name)
                placed[item.item_id] = name
        return placed, left


def _largest_first(item: Item) -> tuple[float, float, float, str]:
    size = item.size
    return (-size.vcpus, -size.memory_mb, -size.disk_gb, item.item_id)
