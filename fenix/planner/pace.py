"""How many members of a group may be on the way at the same time, and when the next may go.

A member is *impacted* from the request of its move until it is ACTIVE elsewhere, and counts for
the group's recovery time more (contract section 4). A member that is down for another reason
takes a place as well: the application bears no more than its limit, whoever is the cause.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Sequence

from fenix.planner.model import Group


@dataclasses.dataclass(frozen=True, slots=True)
class Impact:
    """A member that is moved, or was a moment ago.

    :ivar ended: when it was ACTIVE elsewhere, seconds; None while it is on its way.
    """

    member: str
    ended: float | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Pace:
    """What a group bears now.

    :ivar start: members whose moves may begin now, in the order in which they were wanted.
    :ivar again_at: when the next may, seconds; None when no recovery time ends first: a member
        has to arrive, or to come back.
    """

    start: tuple[str, ...]
    again_at: float | None


def pace(
    group: Group,
    now: float,
    impacts: Iterable[Impact],
    down: Collection[str],
    wanted: Sequence[str],
) -> Pace:
    """Which of the wanted moves of a group may begin.

    :param impacts: members on their way or recovering, whoever moves them.
    :param down: members that do not work for another reason.
    :param wanted: members whose moves could begin, in the order of preference. One that is down
        already is not down once more; so it may go as long as no more are moved than the limit.
    """
    ends = {i.member: _end(group, i) for i in impacts}
    moved = {member: end for member, end in ends.items() if end is None or end > now}
    taken = set(moved) | set(down)
    start: list[str] = []
    for member in wanted:
        is_counted = member in taken
        places = group.max_impacted - (len(moved) if is_counted else len(taken))
        if member in moved or places <= 0:
            continue
        start.append(member)
        moved[member] = None
        taken.add(member)
    later = [_later(group, m, moved, taken, down) for m in wanted if m not in start]
    return Pace(tuple(start), min((t for t in later if t is not None), default=None))


def _end(group: Group, impact: Impact) -> float | None:
    return None if impact.ended is None else impact.ended + group.recovery_time


def _later(
    group: Group,
    member: str,
    moved: dict[str, float | None],
    taken: Collection[str],
    down: Collection[str],
) -> float | None:
    """When enough recovery times have ended for a place to be free."""
    if member in moved:
        return moved[member]
    missing = len(taken) - group.max_impacted + 1
    ends = sorted(end for m, end in moved.items() if end is not None and m not in down)
    return ends[missing - 1] if 0 < missing <= len(ends) else None
