"""What goes wrong in a simulated cloud, and how often."""

from __future__ import annotations

import dataclasses
import random

# Fates of a move.
OK = "ok"
#: The migration record says error; the instance runs on where it was.
FAILS = "fails"
#: Nova took the call and shows no trace of it.
SILENT = "silent"
#: It goes on until it is aborted.
STICKS = "sticks"
#: It goes on for ever; an abort is refused.
HANGS = "hangs"
#: The instance is in ERROR afterwards.
BREAKS = "breaks"

# Fates of a call.
#: No answer, and Nova has not seen it.
LOST = "lost"
#: No answer, but Nova works on it.
TAKEN = "taken"
#: Nova is busy with the instance.
BUSY = "busy"


@dataclasses.dataclass(frozen=True, slots=True)
class Faults:
    """Shares (0 to 1) of moves, calls and runs that go wrong, and rates of what others do.

    Rates are events in an hour of the whole cloud.
    """

    move_fails: float = 0.0
    move_silent: float = 0.0
    move_sticks: float = 0.0
    move_hangs: float = 0.0
    move_breaks: float = 0.0
    call_lost: float = 0.0
    call_taken: float = 0.0
    call_busy: float = 0.0
    action_fails: float = 0.0
    #: The engine dies before a call; another takes the session over.
    engine_dies: float = 0.0
    #: Somebody boots an instance, on whatever host is enabled and has room.
    boots_per_hour: float = 0.0
    #: Somebody deletes an instance.
    deletes_per_hour: float = 0.0
    #: A host's services go down for a while.
    downs_per_hour: float = 0.0
    down_seconds: float = 240.0

    @property
    def disturb(self) -> bool:
        """Whether others act on the cloud during the session."""
        return bool(self.boots_per_hour or self.deletes_per_hour or self.downs_per_hour)

    def move(self, rng: random.Random) -> str:
        """How a move will end."""
        return _drawn(
            rng,
            (FAILS, self.move_fails),
            (SILENT, self.move_silent),
            (STICKS, self.move_sticks),
            (HANGS, self.move_hangs),
            (BREAKS, self.move_breaks),
        )

    def call(self, rng: random.Random) -> str:
        """How a call will end."""
        return _drawn(rng, (LOST, self.call_lost), (TAKEN, self.call_taken), (BUSY, self.call_busy))


def _drawn(rng: random.Random, *shares: tuple[str, float]) -> str:
    if not any(share for _, share in shares):
        return OK
    value = rng.random()
    for name, share in shares:
        value -= share
        if value < 0:
            return name
    return OK


#: Nothing goes wrong.
NONE = Faults()
