"""When each host of a course is expected to be emptied, and to be done.

Hosts follow one another as the session lets them: the first ones together, then the controllers
one at a time, then each host as soon as those that its instances go to are done.
"""

from __future__ import annotations

import dataclasses
import heapq
from collections.abc import Iterable, Mapping

from fenix.planner.course import Course, Step
from fenix.planner.model import Cloud, Group, Item, Times


@dataclasses.dataclass(frozen=True, slots=True)
class Turn:
    """One host's times, in seconds from the beginning of the session."""

    drain_at: float
    empty_at: float
    done_at: float


@dataclasses.dataclass(frozen=True, slots=True)
class Timeline:
    """``phases``: seconds by what the session does then, in its order; ``turns``: by host."""

    phases: Mapping[str, float]
    turns: Mapping[str, Turn]

    @property
    def seconds(self) -> float:
        """The whole session."""
        return sum(self.phases.values())

    @property
    def makespan(self) -> float:
        """From the first drain to the last host enabled."""
        if not self.turns:
            return 0.0
        turns = self.turns.values()
        return max(t.done_at for t in turns) - min(t.drain_at for t in turns)


@dataclasses.dataclass(frozen=True, slots=True)
class Canaries:
    """``hosts`` that are maintained before all others; these begin ``soak`` seconds after them."""

    hosts: int = 0
    soak: float = 0.0


NO_CANARIES = Canaries()


def timeline(
    course: Course,
    cloud: Cloud,
    times: Times,
    limit: int = 0,
    controllers: int = 0,
    canaries: Canaries = NO_CANARIES,
    scaling: float = 0.0,
) -> Timeline:
    """The expected times of a course.

    :param limit: the most hosts at the same time; 0: none.
    :param controllers: hosts that are maintained before the computes, one at a time; the first
        canaries are among them.
    :param scaling: seconds in which projects scale in before anything is moved.
    """
    items = {i.item_id: i for s in cloud.sources for i in s.items}
    pace = _Pace(cloud.groups, times)
    asked = times.answer + times.once
    turns: dict[str, Turn] = {}
    scaled = prepared = asked + scaling
    for step in course.first:
        empty = pace.drain(_of(step, items), scaled + times.answer)
        turns[step.host] = Turn(scaled + times.answer, empty, empty)
        prepared = max(prepared, empty)
    ready = prepared + controllers * times.controller
    at_once = len(course.steps) or 1
    places = [ready] * min(limit or at_once, at_once)
    alone = {s.name for s in cloud.sources if s.alone}
    last_alone = done = ready
    tried = canaries.hosts - controllers
    opened = ready + canaries.soak if canaries.hosts and tried <= 0 else ready
    for number, step in enumerate(course.steps):
        if 0 < tried == number:
            opened = done + canaries.soak
        begin = max(
            [opened, *(turns[h].done_at for h in step.onto if h in turns and not step.first)]
        )
        if step.host in alone:
            begin = max(begin, last_alone)
        begin = max(begin, heapq.heappop(places))
        if step.first:
            known = turns[step.host]
            end = begin + times.host
            turns[step.host] = Turn(known.drain_at, known.empty_at, end)
        else:
            empty = begin
            if step.targets:
                empty = pace.drain(_of(step, items), begin + times.answer)
            end = empty + times.host
            turns[step.host] = Turn(begin, empty, end)
        heapq.heappush(places, end)
        last_alone = end if step.host in alone else last_alone
        done = max(done, end)
    return Timeline(
        {
            "MAINTENANCE": asked,
            "SCALE_IN": scaling,
            "PREPARE_MAINTENANCE": prepared - scaled,
            "controllers": ready - prepared,
            "computes": done - ready,
            "MAINTENANCE_COMPLETE": times.answer + times.once,
        },
        turns,
    )


def _of(step: Step, items: Mapping[str, Item]) -> list[Item]:
    return [items[i] for i in step.targets]


class _Pace:
    """When members of groups may be moved: each place of a group is free again after a while."""

    def __init__(self, groups: Mapping[str, Group], times: Times) -> None:
        self._groups = groups
        self._times = times
        self._places: dict[str, list[float]] = {}

    def drain(self, items: Iterable[Item], begin: float) -> float:
        """Move instances off a host; :returns: when the last one has gone."""
        lanes = [begin] * max(1, self._times.parallel_moves)
        end = begin
        for item in items:
            start = heapq.heappop(lanes)
            claims = self._claims(item)
            for places, _ in claims:
                start = max(start, heapq.heappop(places))
            gone = start + self._times.move
            for places, recovery in claims:
                heapq.heappush(places, gone + recovery)
            heapq.heappush(lanes, gone)
            end = max(end, gone)
        return end

    def _claims(self, item: Item) -> list[tuple[list[float], float]]:
        """The places that a move takes, with how long each stays taken after it."""
        claims = []
        for group_id in item.apart:
            # Of a group that is kept apart one member moves at a time.
            claims.append((self._places.setdefault(f"apart {group_id}", [0.0]), 0.0))
        group = self._groups.get(item.group) if item.group is not None else None
        if group is not None:
            count = max(1, group.max_impacted)
            places = self._places.setdefault(f"group {group.group_id}", [0.0] * count)
            claims.append((places, group.recovery_time))
        return claims
