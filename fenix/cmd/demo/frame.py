"""What is to be seen of the demo at one moment; drawn by :mod:`screen` or told by :mod:`plain`."""

from __future__ import annotations

import dataclasses

from fenix.view.scene import Host, Line


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
