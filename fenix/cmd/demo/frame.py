"""What is to be seen of the demo at one moment; drawn by :mod:`screen` or told by :mod:`plain`."""

from __future__ import annotations

import dataclasses

#: Phases in which nothing happens to a host.
RESTING = ("pending", "done")
LEAVING = "leaving"
ARRIVING = "arriving"


@dataclasses.dataclass(frozen=True, slots=True)
class Instance:
    """An instance on a host. ``vnf`` is the number of its application, from 0.

    ``motion`` is empty, ``leaving`` or, for one that is still elsewhere, ``arriving``.
    """

    name: str
    vnf: int
    pair: bool
    answers: bool
    motion: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Host:
    """A host with its phase, as the service has it; its instances where they are looked at."""

    name: str
    compute: bool
    phase: str
    instances: tuple[Instance, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """A probe of one group; ``outage`` is its longest so far, model seconds."""

    name: str
    members: int
    answering: int
    outage: float


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """The last question to a project, and its answer when it has come."""

    project: str
    state: str
    host: str | None
    answer: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """Something that was said or happened at a model time."""

    at: float
    who: str
    text: str


@dataclasses.dataclass(frozen=True, slots=True)
class Frame:
    """One moment.

    ``visited`` are the states of the session so far; ``lines`` the latest of ``said``.
    """

    at: float
    speed: float
    state: str
    percent: int
    visited: frozenset[str]
    moves: int
    hosts: tuple[Host, ...]
    groups: tuple[Group, ...]
    questions: tuple[Question, ...]
    lines: tuple[Line, ...]
    said: int

    @property
    def maintained(self) -> int:
        """How many hosts are done."""
        return sum(h.phase == "done" for h in self.hosts)


def clock(seconds: float) -> str:
    """Model time as ``h:mm:ss``."""
    minutes, second = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{second:02d}"
