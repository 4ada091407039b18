"""The plan of a whole session: what it will do, how long that takes, and how good that is.

``plan(cloud, options, times)`` is what ``POST /v1/plan`` answers, and what a session follows:
both take their course from :func:`fenix.planner.search.best_course`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from fenix.planner import bounds as lower
from fenix.planner.bounds import Bounds
from fenix.planner.course import Course
from fenix.planner.lack import NO_SAVING, Saving, lack
from fenix.planner.model import Cloud, Times
from fenix.planner.reasons import Reason, reasons
from fenix.planner.search import Options, asks_to_scale_in, best_course
from fenix.planner.sequence import Shortage
from fenix.planner.timeline import NO_CANARIES, Canaries, Timeline, timeline

__all__ = ["GroupHit", "Move", "Options", "Plan", "plan"]


@dataclasses.dataclass(frozen=True, slots=True)
class Move:
    """An instance goes from one host to another in a wave."""

    instance_id: str
    source: str
    target: str
    wave: int


@dataclasses.dataclass(frozen=True, slots=True)
class GroupHit:
    """What a group goes through: ``members`` that move, in so many ``moves``.

    ``pace``: the seconds that this takes at least, as many impacted at once as it allows.
    """

    members: int
    moves: int
    pace: float


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """A course with what is known about it.

    ``blocked``: a reason for each host that cannot be emptied. ``scale_in``: what is missing for
    these to be emptied, as far as scaling in helps; None: nothing. ``timeline``: where nothing
    can begin before that has been done, with that.
    """

    course: Course
    bounds: Bounds
    timeline: Timeline
    groups: Mapping[str, GroupHit]
    blocked: tuple[Reason, ...]
    scale_in: Shortage | None

    @property
    def moves(self) -> tuple[Move, ...]:
        """Every move, in the order of the course."""
        return tuple(
            Move(instance_id, step.host, target, step.wave)
            for step in self.course.steps
            for instance_id, target in step.targets.items()
        )

    @property
    def waves_ratio(self) -> float | None:
        """Waves ÷ their lower bound; None when no host can be emptied, or some are left."""
        return _ratio(self.course.waves, self.bounds.waves, self.course)

    @property
    def moves_ratio(self) -> float | None:
        """Moves ÷ their lower bound; None as for :attr:`waves_ratio`."""
        return _ratio(self.course.moves, self.bounds.moves, self.course)

    @property
    def makespan_ratio(self) -> float | None:
        """Makespan ÷ its lower bound; projects' answers count in the former only."""
        if self.course.left or self.bounds.makespan <= 0:
            return None
        return self.makespan / self.bounds.makespan

    @property
    def makespan(self) -> float:
        """Seconds from the first drain to the last host enabled."""
        return self.timeline.makespan


def plan(
    cloud: Cloud,
    options: Options,
    times: Times,
    controllers: int = 0,
    canaries: Canaries = NO_CANARIES,
    saving: Saving = NO_SAVING,
) -> Plan:
    """Plan a whole session.

    :param cloud: what is where now.
    :param options: what may move twice, and how many hosts may be out at once.
    :param times: how long things take, in seconds.
    :param controllers: hosts that are maintained before the computes, one at a time.
    :param canaries: hosts that are tried before the others.
    :param saving: when projects are asked for more room than is needed.
    """
    course = best_course(cloud, options)
    missing = lack(cloud, course, options, saving)
    then, there, asking = course, cloud, 0.0
    if missing is not None and asks_to_scale_in(cloud, course):
        then, there, asking = missing.course, missing.cloud, times.scale_in
    return Plan(
        course,
        lower.bounds(cloud, times, options.limit, controllers),
        timeline(then, there, times, options.limit, controllers, canaries, asking),
        _hits(course, cloud, times),
        reasons(cloud, course),
        None if missing is None else missing.whole,
    )


def _hits(course: Course, cloud: Cloud, times: Times) -> dict[str, GroupHit]:
    group_of = {i.item_id: i.group for s in cloud.sources for i in s.items if i.group}
    moved: dict[str, list[str]] = {}
    for step in course.steps:
        for item_id in step.targets:
            group_id = group_of.get(item_id)
            if group_id is not None:
                moved.setdefault(group_id, []).append(item_id)
    found = {}
    for group_id, ids in sorted(moved.items()):
        group = cloud.groups.get(group_id)
        pace = lower.group_pace(len(ids), group, times.move) if group else times.move
        found[group_id] = GroupHit(len(set(ids)), len(ids), pace)
    return found


def _ratio(value: int, bound: int, course: Course) -> float | None:
    return None if course.left or not bound else value / bound
