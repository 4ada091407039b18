"""How much must be scaled in for a session to get through, and what it does then."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence

from fenix.planner.course import Course
from fenix.planner.model import Cloud, Item, Source, total
from fenix.planner.orders import by_rule, cheapest
from fenix.planner.placement import Rooms
from fenix.planner.search import Options, best_course
from fenix.planner.sequence import Shortage

#: Hosts for whose instances room is bought, one after the other.
_MOST_HOSTS = 16


@dataclasses.dataclass(frozen=True, slots=True)
class Saving:
    """What makes it worth while to ask for more than is needed.

    ``wave``: seconds that a session is shorter with a wave less. ``least``: seconds that room for
    one host more has to save; 0: it is never asked for.
    """

    wave: float = 0.0
    least: float = 0.0


@dataclasses.dataclass(frozen=True, slots=True)
class Lack:
    """What must be scaled in.

    ``first``: so that the first host which is left can be emptied. ``instances``, ``vcpus``: so
    that none is left for want of room, as far as scaling in helps. ``cloud``, ``course``: as they
    are when it has been done.
    """

    first: Shortage
    instances: int
    vcpus: float
    cloud: Cloud
    course: Course

    @property
    def whole(self) -> Shortage:
        """All that is missing."""
        return Shortage(self.first.host, self.instances, self.vcpus)


NO_SAVING = Saving()


def lack(cloud: Cloud, course: Course, options: Options, saving: Saving = NO_SAVING) -> Lack | None:
    """What keeps hosts from being emptied and can be scaled in; None: nothing of the kind.

    Room is bought for the host for which least is missing, and the rest is planned again, until
    no host is left. It does not matter which instances go: it is amounts that projects are asked
    for.

    :param course: the best one for the cloud as it is.
    :param saving: when to ask for more than that.
    """
    first: Shortage | None = None
    gone: list[Item] = []
    for _ in range(_MOST_HOSTS):
        bought = _missing(cloud, course) if course.left else None
        if bought is None:
            break
        source, items = bought
        if first is None:
            first = _shortage(source.name, items)
        gone.extend(items)
        cloud, course = _without(cloud, items, options)
    if first is None:
        return None
    while saving.least > 0 and not course.left:
        more = _next_host(cloud)
        then = _without(cloud, more, options)
        if not more or (course.waves - then[1].waves) * saving.wave < saving.least:
            break
        gone.extend(more)
        cloud, course = then
    whole = _shortage(first.host, gone)
    return Lack(first, whole.instances, whole.vcpus, cloud, course)


def _shortage(host: str, items: Sequence[Item]) -> Shortage:
    return Shortage(host, len(items), math.ceil(total(i.size for i in items).vcpus))


def _missing(cloud: Cloud, course: Course) -> tuple[Source, list[Item]] | None:
    """The host for which least is missing, with its instances that find no place."""
    rooms = at_the_end(cloud, course)
    least: tuple[tuple[bool, int, float, str], Source, list[Item]] | None = None
    for source in course.left:
        if not source.items or any(i.stuck for i in source.items):
            continue
        mark = rooms.mark()
        _, unplaced = rooms.fill(source.items, without={source.name})
        rooms.undo(mark)
        if not unplaced and not course.steps:
            # It is not room that is missing.
            return None
        vcpus = total(i.size for i in unplaced).vcpus
        # One that stays disabled gives nothing back.
        key = (source.room is None, len(unplaced), vcpus, source.name)
        if unplaced and (least is None or key < least[0]):
            least = (key, source, unplaced)
    return None if least is None else least[1:]


def _next_host(cloud: Cloud) -> tuple[Item, ...]:
    """What is on the cheapest host that has instances."""
    line = [s for s in by_rule(cheapest)(cloud.sources) if s.items and s.room is not None]
    return line[0].items if line else ()


def _without(cloud: Cloud, items: Iterable[Item], options: Options) -> tuple[Cloud, Course]:
    gone = {i.item_id for i in items}
    sources = tuple(s.left_by(gone) for s in cloud.sources)
    less = dataclasses.replace(cloud, sources=sources)
    return less, best_course(less, options)


def at_the_end(cloud: Cloud, course: Course) -> Rooms:
    """What is free when every host of the course is done."""
    items = {i.item_id: i for s in cloud.sources for i in s.items}
    after = {s.name: s.after for s in cloud.sources}
    left = {s.name for s in course.left}
    where: dict[str, str] = {}
    for step in course.steps:
        where.update(step.targets)
    rooms = [*cloud.rooms, *(after[s.host] for s in course.steps)]
    # The hosts that are left are targets as long as no host is maintained.
    if all(after[s.host] is None and not s.targets for s in course.steps):
        rooms.extend(s.room for s in cloud.sources if s.name in left and s.open)
    found = Rooms([r for r in rooms if r is not None], cloud.groups)
    for item_id, name in where.items():
        if name in found:
            found.put(items[item_id], name)
    return found
