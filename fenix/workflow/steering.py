"""Which hosts come next: the planner's course, followed as long as it holds."""

from __future__ import annotations

import dataclasses

from fenix import states
from fenix.db import records
from fenix.planner import sequence
from fenix.planner.course import Course
from fenix.planner.lack import Lack, Saving, lack
from fenix.planner.model import Cloud, Times
from fenix.planner.placement import Rooms
from fenix.planner.plan import Plan, plan
from fenix.planner.reasons import reasons
from fenix.planner.search import Options, asks_to_scale_in, best_course
from fenix.planner.sequence import Chosen
from fenix.workflow.capacity import Picture
from fenix.workflow.hold import Hold
from fenix.workflow.inventory import blocking
from fenix.workflow.limits import Limits

_COURSE = "course"
#: Hosts of which a message tells the reason.
_NAMED = 3


@dataclasses.dataclass(frozen=True, slots=True)
class _Kept:
    """A course, with what it was found for."""

    cloud: Cloud
    options: Options
    course: Course


class Steering:
    """Decides for one session; the course is kept in memory and found again after a takeover."""

    def __init__(self, hold: Hold, limits: Limits) -> None:
        self._hold = hold
        self._snapshot = hold.snapshot
        self._limits = limits

    def plan(self, times: Times) -> Plan:
        """Everything that the session has before it.

        Instances that cannot be moved as they are count as stuck: a session would stop before
        any work, and say so.
        """
        cloud = Picture(self._snapshot).cloud(judge=blocking)
        controllers = sum(1 for h in self._snapshot.session_hosts() if not h.is_compute)
        return plan(
            cloud,
            dataclasses.replace(self._options(), times=times),
            times,
            controllers,
            self._limits.canaries(),
            self._saving(),
        )

    def who_blocks(self, short: sequence.Shortage) -> set[str]:
        """Projects whose own groups keep a host from being emptied, although there is room.

        :returns: empty when it is room that is missing, which every project can free.
        """
        picture = Picture(self._snapshot)
        others = [r for r in picture.rooms(picture.usable()) if r.name != short.host]
        source = picture.source(self._snapshot.hosts[short.host])
        _, unplaced = Rooms(others, picture.groups).fill(source.items)
        if any(not any(r.free.holds(i.size) for r in others) for i in unplaced):
            return set()
        grouped = [i for i in unplaced if i.apart or i.group in picture.groups]
        if len(grouped) < len(unplaced):
            return set()
        return {self._snapshot.instances[i.item_id].project_id for i in unplaced}

    def why_not(self) -> str:
        """Why hosts that are left cannot be emptied, and what would unblock them."""
        cloud = Picture(self._snapshot).cloud(judge=blocking)
        found = reasons(cloud, self._course(cloud, self._options()))
        return "; ".join(f"{r.host}: {r.why} ({r.remedy})" for r in found[:_NAMED])

    def _options(self, first: int | None = None) -> Options:
        """What the session may do now.

        :param first: the most hosts to empty onto unmaintained ones; None: as many as may begin.
        """
        if first is None:
            first = self._limits.may_begin()
        percent = self._hold.conf.workflow.second_moves_percent
        times = self._limits.expecting.times().times if self._snapshot.groups else None
        return Options(percent, self._limits.at_once(), first, times)

    def way_on(self) -> str:
        """The event that free capacity allows: start, empty a host, or scale in."""
        cloud = Picture(self._snapshot).cloud()
        if not any(s.items for s in cloud.sources):
            return states.START
        course = self._course(cloud, self._options())
        if course.first:
            return states.EMPTY_A_HOST
        return states.ASK_SCALE_IN if asks_to_scale_in(cloud, course) else states.START

    def lack(self) -> Lack | None:
        """What projects are to scale in for no host to be left; None: nothing that would help."""
        cloud = Picture(self._snapshot).cloud()
        options = self._options()
        return lack(cloud, self._course(cloud, options), options, self._saving())

    def _saving(self) -> Saving:
        least = float(self._hold.conf.workflow.scale_in_saving)
        return Saving(self._limits.expecting.usual() if least else 0.0, least)

    def first(self) -> Chosen:
        """Hosts to empty onto hosts that are not maintained yet."""
        cloud = Picture(self._snapshot).cloud()
        course = self._course(cloud, self._options())
        source = {s.name: s for s in cloud.sources}
        return [(source[s.host], s.targets) for s in course.first]

    def next(self, waiting: list[records.Host], places: int) -> Chosen:
        """Hosts of those that wait to begin with now, in the order of the course.

        A course that does not hold any more is found anew: when a host's turn does not come,
        although nothing is under work that it could be waiting for.
        """
        picture = Picture(self._snapshot)
        sources = [picture.source(h) for h in waiting]
        rooms = picture.rooms(picture.settled())
        kept = self._snapshot.tried.get(_COURSE)
        if isinstance(kept, _Kept):
            chosen = sequence.by_course(kept.course, sources, rooms, places, picture.groups)
            busy = [h.hostname for h in picture.busy()]
            settled = [r.name for r in rooms]
            if chosen or sequence.on_course(kept.course, sources, settled, busy):
                return chosen
        course = self._course(picture.cloud(), self._options(first=0))
        return sequence.by_course(course, sources, rooms, places, picture.groups)

    def ahead(self, waiting: list[records.Host]) -> list[str]:
        """Hosts of those that wait to begin with when those under work are in use again."""
        picture = Picture(self._snapshot)
        kept = self._snapshot.tried.get(_COURSE)
        if not isinstance(kept, _Kept):
            return []
        sources = [picture.source(h) for h in waiting]
        chosen = sequence.by_course(
            kept.course, sources, picture.rooms_to_come(), self._limits.at_once(), picture.groups
        )
        return [s.name for s, _ in chosen]

    def _course(self, cloud: Cloud, wanted: Options) -> Course:
        """The course for a picture; the one that is kept when nothing has changed."""
        kept = self._snapshot.tried.get(_COURSE)
        if isinstance(kept, _Kept) and (kept.cloud, kept.options) == (cloud, wanted):
            return kept.course
        course = best_course(cloud, wanted)
        self._snapshot.tried[_COURSE] = _Kept(cloud, wanted, course)
        return course
