"""What a Gantt chart shows: rows over time. Times are seconds from the chart's beginning."""

from __future__ import annotations

import dataclasses
import datetime

# What is in a bar.
STATE = "state"
WAIT = "wait"
REFUSED = "refused"
DRAIN = "drain"
WORK = "work"
RETURN = "return"
FAILED = "failed"
BLOCKED = "blocked"
MOVE = "move"
FAILED_MOVE = "failed-move"
ACTION = "action"
FAILED_ACTION = "failed-action"

#: What the kinds are called in the legend.
NAMES = {
    STATE: "state of the session",
    WAIT: "waiting for a project's answer",
    REFUSED: "refused or not answered",
    DRAIN: "being emptied",
    WORK: "in maintenance",
    RETURN: "coming back",
    FAILED: "failed",
    BLOCKED: "cannot be emptied",
    MOVE: "move of an instance",
    FAILED_MOVE: "move that failed",
    ACTION: "action",
    FAILED_ACTION: "action that failed",
}
#: Drawn thinner, below the others of a row.
THIN = frozenset({MOVE, FAILED_MOVE, ACTION, FAILED_ACTION})


@dataclasses.dataclass(frozen=True, slots=True)
class Bar:
    """Something that took from ``start`` to ``end``; ``told`` is shown when it is pointed at.

    ``to`` is the row that an instance moves to.
    """

    kind: str
    start: float
    end: float
    label: str = ""
    told: str = ""
    to: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """A line of the chart."""

    name: str
    bars: tuple[Bar, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Chart:
    """The whole.

    :ivar seconds: how long it is.
    :ivar begins: when; None for a plan, whose times count from its beginning.
    :ivar goes_on: the right edge is the present, not the end.
    """

    title: str
    told: str
    rows: tuple[Row, ...]
    seconds: float
    begins: datetime.datetime | None = None
    goes_on: bool = False

    def kinds(self) -> list[str]:
        """Those that occur, in the order of the legend."""
        there = {bar.kind for row in self.rows for bar in row.bars}
        return [kind for kind in NAMES if kind in there]
