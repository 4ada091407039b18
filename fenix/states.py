"""The states of a session and the moves between them (contract section 6).

The table is data: the engine looks moves up here, and the picture in the manual is generated
from it. A workflow plug-in extends it with states and moves of its own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

from fenix import exceptions

MAINTENANCE = "MAINTENANCE"
SCALE_IN = "SCALE_IN"
PREPARE_MAINTENANCE = "PREPARE_MAINTENANCE"
START_MAINTENANCE = "START_MAINTENANCE"
PLANNED_MAINTENANCE = "PLANNED_MAINTENANCE"
MAINTENANCE_COMPLETE = "MAINTENANCE_COMPLETE"
MAINTENANCE_DONE = "MAINTENANCE_DONE"
MAINTENANCE_FAILED = "MAINTENANCE_FAILED"

#: Goes to projects as an event only; a session is never in it.
INSTANCE_ACTION_DONE = "INSTANCE_ACTION_DONE"

INITIAL = MAINTENANCE
#: States in which a session waits for an admin, and holds no engine.
IDLE = frozenset({MAINTENANCE_DONE, MAINTENANCE_FAILED})
#: The only states that are sent to projects; others make existing managers fail.
FOR_PROJECTS = frozenset(
    {
        MAINTENANCE,
        SCALE_IN,
        PREPARE_MAINTENANCE,
        PLANNED_MAINTENANCE,
        INSTANCE_ACTION_DONE,
        MAINTENANCE_COMPLETE,
    }
)
#: Never sent a second time for one wait: a manager scales each time it hears them.
SENT_ONCE = frozenset({SCALE_IN, MAINTENANCE_COMPLETE})

# Events: what a handler decided.
ASK_SCALE_IN = "ask_scale_in"
EMPTY_A_HOST = "empty_a_host"
START = "start"
EMPTY_NEXT = "empty_next"
ALL_EMPTIED = "all_emptied"
ALL_MAINTAINED = "all_maintained"
FINISHED = "finished"
FAIL = "fail"


@dataclasses.dataclass(frozen=True)
class Table:
    """Allowed moves of a session: ``(state, event) -> state``.

    :raises ValueError: at construction, when a move starts or ends nowhere, when a state cannot
        be reached, left, or failed from.
    """

    moves: Mapping[tuple[str, str], str]

    def __post_init__(self) -> None:
        object.__setattr__(self, "moves", MappingProxyType(dict(self.moves)))
        states = self.states
        reached = {INITIAL, *self.moves.values()}
        for state in sorted(states):
            if state not in reached:
                raise ValueError(f"state {state} cannot be reached")
            if state in IDLE:
                continue
            if (state, FAIL) not in self.moves:
                raise ValueError(f"state {state} has no move for {FAIL}")
            if not any(s == state and e != FAIL for s, e in self.moves):
                raise ValueError(f"state {state} cannot be left")

    @classmethod
    def of(cls, moves: Mapping[tuple[str, str], str]) -> Table:
        """A table of these moves, with one more from each state: it can fail."""
        left = {s for s, _ in moves}
        return cls({**moves, **{(s, FAIL): MAINTENANCE_FAILED for s in left}})

    @property
    def states(self) -> frozenset[str]:
        """Every state that a move starts or ends in."""
        return frozenset({INITIAL, *(s for s, _ in self.moves), *self.moves.values()})

    @property
    def resumable(self) -> frozenset[str]:
        """The states from which a failed session may be continued."""
        return self.states - IDLE

    def after(self, state: str, event: str) -> str:
        """The state that ``event`` leads to from ``state``.

        :raises InternalError: when the move is not in the table.
        """
        try:
            return self.moves[state, event]
        except KeyError:
            raise exceptions.InternalError(
                f"the workflow asked for event {event!r} in state {state!r}, which the state "
                f"table does not allow"
            ) from None

    def extended(self, moves: Mapping[tuple[str, str], str]) -> Table:
        """This table with further moves, for a workflow with states of its own."""
        merged = {**self.moves, **moves}
        for state in {s for s, _ in moves} | set(moves.values()):
            if state not in IDLE:
                merged.setdefault((state, FAIL), MAINTENANCE_FAILED)
        return Table(merged)


TABLE = Table.of(
    {
        (MAINTENANCE, ASK_SCALE_IN): SCALE_IN,
        (MAINTENANCE, EMPTY_A_HOST): PREPARE_MAINTENANCE,
        (MAINTENANCE, START): START_MAINTENANCE,
        (SCALE_IN, ASK_SCALE_IN): SCALE_IN,
        (SCALE_IN, EMPTY_A_HOST): PREPARE_MAINTENANCE,
        (SCALE_IN, START): START_MAINTENANCE,
        (PREPARE_MAINTENANCE, START): START_MAINTENANCE,
        (PREPARE_MAINTENANCE, ASK_SCALE_IN): SCALE_IN,
        (START_MAINTENANCE, EMPTY_NEXT): PLANNED_MAINTENANCE,
        (START_MAINTENANCE, ALL_MAINTAINED): MAINTENANCE_COMPLETE,
        (PLANNED_MAINTENANCE, ALL_EMPTIED): START_MAINTENANCE,
        (MAINTENANCE_COMPLETE, FINISHED): MAINTENANCE_DONE,
    }
)
