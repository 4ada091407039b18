"""The search for the best course: orders of hosts, and how many are emptied first."""

from __future__ import annotations

import collections
import dataclasses
import math
import sys
from collections.abc import Sequence

from fenix.planner import bounds
from fenix.planner.course import Course, Preparation, Step, chained, follow
from fenix.planner.model import Cloud, Source, Times
from fenix.planner.orders import RULES, Order, by_rule, cheapest, near, spread
from fenix.planner.placement import Rooms
from fenix.planner.timeline import timeline

#: How much is tried beyond the rules: placements of instances, and orders.
_EFFORT = 80_000
_MOST_ORDERS = 120
#: Orders after one another that bring nothing, before the search is given up.
_PATIENCE = 24
#: The same where nothing but time is to be gained, where groups set the pace.
_PACED_PATIENCE = 12
#: Hosts that are tried in vain, one after the other, before no further one is emptied first.
_VAIN = 96
#: Instances of first hosts x hosts, up to which it is tried to let them wait on late hosts.
_MOST_LATE = 20_000
#: Single hosts that are tried as the first one, where one alone is emptied first.
_MOST_FIRST = 24
#: Parts of the time of a host's work in which the times of courses are compared.
_STEPS = 20


@dataclasses.dataclass(frozen=True, slots=True)
class Options:
    """What an admin has set.

    ``second_moves_percent``: the share of instances that may move twice; 0: as few moves as
    possible, 100: as few waves as possible. ``limit``: the most hosts at the same time; 0: none.
    ``first``: the most that are emptied onto unmaintained ones; 0: none, None: no limit of its
    own. ``times``: how long things take, to choose the course that is done first where groups
    set the pace; None: that is not looked at.
    """

    second_moves_percent: int = 20
    limit: int = 0
    first: int | None = None
    # They change a little with every session; a course that was found remains as good.
    times: Times | None = dataclasses.field(default=None, compare=False)

    @property
    def most(self) -> int:
        """The limit as a number that counts."""
        return self.limit or sys.maxsize

    @property
    def most_first(self) -> int:
        """How many may be emptied first, as a number that counts."""
        return self.most if self.first is None else min(self.most, self.first)

    def second_moves(self, cloud: Cloud) -> int:
        """How many instances may move twice."""
        return sum(len(s.items) for s in cloud.sources) * self.second_moves_percent // 100

    def cost(self, left: int, waves: int, moves: int, steps: int = 0) -> tuple[int, ...]:
        """Less is better: hosts left, then waves and moves in the order that the share says.

        :param steps: the time that it takes, in steps of a twentieth of a host's work: less
            important than what the share puts first.
        """
        if self.second_moves_percent <= 0:
            return (left, moves, waves, steps)
        return (left, waves, steps, moves)

    def steps(self, seconds: float) -> int:
        """Seconds in steps; one step is a move at least."""
        if self.times is None:
            return 0
        return math.ceil(seconds / max(self.times.host / _STEPS, self.times.move, 1.0))


def best_course(cloud: Cloud, options: Options) -> Course:
    """The best course that is found; the same for the same picture.

    Orders by rule are followed first, then, as long as there is something to gain and the
    effort is within its limit, orders near them.

    With a host that is empty, or room outside, nothing is emptied onto hosts that are not
    maintained yet (contract section 6), unless every instance may move twice, or hosts would
    be left. A host that takes
    no instances when it is done, and is empty, makes no such beginning.

    Wishes of instances are granted unless hosts would be left, or it takes more waves.
    """
    found = _search(cloud, options)
    plain = cloud.without_wishes()
    if plain is not cloud:
        other = _search(plain, options)
        if (len(other.left), other.waves) < (len(found.left), found.waves):
            left = {s.name for s in other.left}
            return Course(other.steps, tuple(s for s in cloud.sources if s.name in left))
    return found


def _search(cloud: Cloud, options: Options) -> Course:
    search = _Search(cloud, options)
    if cloud.sources:
        search.run()
    return search.best


def asks_to_scale_in(cloud: Cloud, course: Course) -> bool:
    """Whether a course gets nowhere: no host is emptied, and none that is empty takes instances."""
    gives = {s.name for s in cloud.sources if s.room is not None}
    begins = any(s.first or s.targets or s.host in gives for s in course.steps)
    return any(s.items for s in cloud.sources) and not begins


class _Search:
    def __init__(self, cloud: Cloud, options: Options) -> None:
        self._cloud = cloud
        self._options = options
        self._second_moves = options.second_moves(cloud)
        self._effort = self._vain = 0
        # Answers are left out: those that a session has had by now would make its course another
        # than the plan's.
        times = options.times
        self._times = dataclasses.replace(times, answer=0.0, once=0.0) if times else None
        self._is_paced = self._times is not None and _paced(cloud)
        self.best = Course((), cloud.sources)
        self._least = self._cost(self.best)

    def run(self) -> None:
        """Try orders; the best course is kept."""
        for rule in RULES:
            self._straight(by_rule(rule))
        preparing = self._options.first != 0 and bool(
            self._options.second_moves_percent >= 100 or self.best.left or not self._begun()
        )
        alone = self._alone() if preparing else frozenset()
        if preparing:
            for rule in RULES:
                self._prepared(by_rule(rule), alone)
        goal = self._goal()
        self._effort = self._vain = 0
        together = bounds.together(self._cloud) if self._is_paced else 0
        for seed in range(_MOST_ORDERS):
            patience = _PACED_PATIENCE if self._least[:2] <= goal[:2] else _PATIENCE
            if self._least <= goal or self._effort > _EFFORT or self._vain > patience:
                return
            self._vain += 1
            order = near(RULES[seed % len(RULES)], (seed // len(RULES) % 8 + 1) / 8, seed)
            if self._is_paced and self._times is not None:
                order = spread(order, self._cloud.groups, together, self._times.move)
            self._straight(order)
            if preparing:
                self._prepared(order, alone)

    def _begun(self) -> bool:
        """Whether there is a host with which to begin."""
        gives = {s.name for s in self._cloud.sources if s.room is not None}
        useful = any(s.targets or s.host in gives for s in self.best.steps)
        return useful or not self.best.left

    def _goal(self) -> tuple[int, ...]:
        """What is certainly as good as it gets."""
        moves = bounds.moves(self._cloud)
        if self._options.second_moves_percent > 0:
            moves = sys.maxsize
        steps = 0
        if self._is_paced and self._times is not None:
            least = bounds.bounds(self._cloud, self._times, self._options.limit)
            steps = self._options.steps(least.makespan)
        return self._options.cost(0, bounds.waves(self._cloud), moves, steps)

    def _cost(self, course: Course, steps: int = 0) -> tuple[int, ...]:
        return self._options.cost(len(course.left), course.waves, course.moves, steps)

    def _offer(self, course: Course) -> Course:
        self._effort += course.moves + len(course.steps)
        cost = self._cost(course)
        if self._is_paced and cost[:2] <= self._least[:2] and course.steps:
            cost = self._cost(course, self._steps(course))
        if cost < self._least:
            self.best, self._least, self._vain = course, cost, 0
        return course

    def _steps(self, course: Course) -> int:
        if self._times is None:
            return 0
        taken = timeline(course, self._cloud, self._times, self._options.limit)
        return self._options.steps(taken.makespan)

    def _straight(self, order: Order) -> None:
        """Follow an order onto settled hosts only."""
        rooms = Rooms(self._cloud.rooms, self._cloud.groups)
        steps, left = follow(order(self._cloud.sources), rooms, self._options.most, sys.maxsize)
        self._offer(Course(chained(steps), tuple(left)))

    def _alone(self) -> frozenset[str]:
        """Hosts that can be emptied one at a time."""
        open_rooms = [s.room for s in self._cloud.sources if s.room is not None and s.open]
        rooms = Rooms([*self._cloud.rooms, *open_rooms], self._cloud.groups)
        found = set()
        for source in self._cloud.sources:
            mark = rooms.mark()
            if source.items and source.room and rooms.empty(source, {source.name}) is not None:
                found.add(source.name)
            rooms.undo(mark)
        return frozenset(found)

    def _prepared(self, order: Order, alone: frozenset[str]) -> None:
        """Empty the first hosts of an order onto unmaintained ones, as many as pay."""
        line = [s for s in order(self._cloud.sources) if s.name in alone]
        line = self._together(line)
        high = len(line)
        if high <= 1:
            self._one_first(order, alone)
            return
        found = self._after(line[:high], order, sys.maxsize)
        low = 1
        while low < high:
            middle = (low + high) // 2
            fewer = self._after(line[:middle], order, found.waves)
            if self._cost(fewer) < self._cost(found):
                found, high = fewer, middle
            else:
                low = middle + 1

    def _one_first(self, order: Order, alone: frozenset[str]) -> None:
        """Empty one host first; cheap ones are tried, each followed by the others in order."""
        line = [s for s in by_rule(cheapest)(self._cloud.sources) if s.name in alone]
        tried: set[object] = set()
        for source in line:
            if len(tried) >= _MOST_FIRST or (tried and self._effort > _EFFORT):
                return
            if source.shape not in tried:
                tried.add(source.shape)
                found = self._after([source], order, sys.maxsize)
                if self._options.second_moves_percent <= 0 and not found.left:
                    self._alike(source, line, order)
                    return

    def _alike(self, source: Source, line: Sequence[Source], order: Order) -> None:
        """Try hosts with as many instances as the cheapest one that works."""
        other = [s for s in line if len(s.items) == len(source.items) and s is not source]
        for one in other[:_MOST_FIRST]:
            if self._effort > _EFFORT:
                return
            self._after([one], order, sys.maxsize)

    def _together(self, line: Sequence[Source]) -> list[Source]:
        """Hosts of a line that can be emptied together, within what may move twice."""
        preparation = Preparation(self._cloud)
        chosen: list[Source] = []
        moves = vain = 0
        failed: set[object] = set()
        for source in line:
            if len(chosen) >= max(1, self._options.most_first) or vain >= _VAIN:
                break
            if chosen and moves + len(source.items) > self._second_moves:
                continue
            if source.shape not in failed and preparation.add(source):
                chosen.append(source)
                moves += len(source.items)
                vain = 0
            else:
                failed.add(source.shape)
                vain += 1
        return chosen

    def _after(self, first: Sequence[Source], order: Order, most: int) -> Course:
        """The course that begins with hosts emptied onto unmaintained ones.

        What was on these waits where it fits best, or on hosts that have their turn late.
        """
        found = self._waiting(first, order, most, ())
        names = {s.name for s in first}
        if sum(len(s.items) for s in first) * len(self._cloud.sources) > _MOST_LATE:
            return found
        latest = [s.name for s in reversed(order(self._cloud.sources)) if s.name not in names]
        other = self._waiting(first, order, most, latest)
        return other if self._cost(other) < self._cost(found) else found

    def _waiting(
        self, first: Sequence[Source], order: Order, most: int, latest: Sequence[str]
    ) -> Course:
        preparation = Preparation(self._cloud, latest)
        if not all(preparation.add(source) for source in first):
            return Course((), self._cloud.sources)
        chosen, others, rooms = preparation.result()
        steps = [Step(source.name, 1, placement, first=True) for source, placement in chosen]
        more, left = follow(order(others), rooms, self._options.most, most, wave=2)
        return self._offer(Course(chained([*steps, *more]), tuple(left)))


def _paced(cloud: Cloud) -> bool:
    """Whether there is a group of which not all that have to move may do so at once."""
    moving = collections.Counter(i.group for s in cloud.sources for i in s.items if i.group)
    return any(n > cloud.groups[g].max_impacted for g, n in moving.items() if g in cloud.groups)
