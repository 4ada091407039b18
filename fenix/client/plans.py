"""What ``POST /v1/plan`` answers. Times are seconds from the beginning of the session."""

from __future__ import annotations

import dataclasses
from typing import Any

from fenix.client.results import Reservation


@dataclasses.dataclass(frozen=True, kw_only=True)
class PlannedHost:
    """A host's turn: when it begins to be emptied, is empty, and is done.

    ``emptied_first``: onto hosts that are not maintained yet, so its instances may move twice.
    """

    host: str
    emptied_first: bool = False
    instances: int = 0
    drain_at: float = 0.0
    empty_at: float = 0.0
    done_at: float = 0.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wave:
    """Hosts that depend on the hosts of earlier waves only; ``wave`` counts from 1."""

    wave: int
    hosts: list[PlannedHost] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True, kw_only=True)
class PlannedMove:
    """An instance goes from one host to another."""

    instance_id: str
    instance_name: str = ""
    project_id: str = ""
    source: str = ""
    target: str = ""
    wave: int = 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class BlockedHost:
    """A host that cannot be emptied, why, and what would help."""

    host: str
    why: str = ""
    remedy: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class GroupHit:
    """What a group goes through; ``pace``: seconds that this takes at least."""

    group_id: str
    project_id: str | None = None
    members: int = 0
    moves: int = 0
    pace: float = 0.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """What a session would do.

    :ivar bounds: what is possible at best: ``waves``, ``moves``, ``makespan`` and others.
    :ivar totals: what the plan comes to, under the same names.
    :ivar scale_in: what is missing before the first host can be emptied; None: nothing.
    :ivar duration: ``seconds``, ``ends_at``, and ``phases``: seconds by what is done then.
    :ivar outside_window: hosts that are not done before ``window_end``.
    :ivar obstacles: what would stop the session as things are now.
    :ivar reservations: leases that the session would meet, an obstacle or not.
    """

    workflow: str = ""
    waves: list[Wave] = dataclasses.field(default_factory=list)
    moves: list[PlannedMove] = dataclasses.field(default_factory=list)
    groups: list[GroupHit] = dataclasses.field(default_factory=list)
    blocked_hosts: list[BlockedHost] = dataclasses.field(default_factory=list)
    scale_in: dict[str, Any] | None = None
    bounds: dict[str, Any] = dataclasses.field(default_factory=dict)
    totals: dict[str, Any] = dataclasses.field(default_factory=dict)
    ratios: dict[str, Any] = dataclasses.field(default_factory=dict)
    duration: dict[str, Any] = dataclasses.field(default_factory=dict)
    outside_window: list[str] = dataclasses.field(default_factory=list)
    obstacles: list[str] = dataclasses.field(default_factory=list)
    reservations: list[Reservation] = dataclasses.field(default_factory=list)
    projects: list[dict[str, Any]] = dataclasses.field(default_factory=list)

    @property
    def hosts(self) -> list[PlannedHost]:
        """Every host that is maintained, by wave."""
        return [host for wave in self.waves for host in wave.hosts]

    @property
    def complete(self) -> bool:
        """Whether every host is maintained, as things are, and in time."""
        return not (self.blocked_hosts or self.scale_in or self.outside_window or self.obstacles)
