"""What a handler of a state answers: go on, wait, try again, or give up."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable

from fenix import exceptions
from fenix.db import records


@dataclasses.dataclass(frozen=True, slots=True)
class Go:
    """The state is finished; ``event`` names the move in the workflow's state table."""

    event: str


@dataclasses.dataclass(frozen=True, slots=True)
class Wait:
    """Nothing more to do before ``until`` (naive UTC), unless a reply or result comes in."""

    until: datetime.datetime
    why: str


Outcome = Go | Wait


class Retry(exceptions.FenixError):
    """Something outside did not work just now; the handler is run again after ``delay`` s."""

    def __init__(self, delay: float, why: str) -> None:
        super().__init__(why)
        self.delay = delay


class Fatal(exceptions.FenixError):
    """The session cannot go on; the message tells the admin what happened and what to do."""


#: Told of an instance whose move cannot go on, and why; the move is given up before.
GivenUp = Callable[[records.Instance, Fatal], None]
