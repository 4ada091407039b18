"""What came out of a demo, judged by the emulated cloud's own record."""

from __future__ import annotations

import dataclasses
from typing import Any

from fenix import states
from fenix.cmd.demo.witness import Reaction
from fenix.emulator import Cloud
from fenix.emulator.record import Move

#: Moves that Fenix asks Nova for; an instance that its manager made again is none.
MIGRATIONS = ("live", "cold")
_FEW = 4


@dataclasses.dataclass(frozen=True)
class Result:
    """How a session ended.

    ``instances`` are those on hosts of the session when the first drain started, ``moves`` the
    migrations that came to their end, ``group_outage_s`` the longest time in model seconds that
    no member of a group answered, ``duration_s`` real seconds, ``impacted`` the most members of a
    group that were impacted at once and how many may be, where there are constraints.
    """

    state: str
    hosts: int
    hosts_maintained: int
    instances: int
    moves: int
    group_outage_s: dict[str, float]
    reaction: Reaction | None
    duration_s: float
    reason: str | None = None
    impacted: dict[str, list[int]] = dataclasses.field(default_factory=dict)

    @property
    def status(self) -> int:
        """The exit status: 0 when all hosts were maintained and no group had too much to bear."""
        whole = self.state == states.MAINTENANCE_DONE and self.hosts_maintained == self.hosts
        harm = any(self.group_outage_s.values()) or self._beyond()
        return 0 if whole and not harm else 1

    def _beyond(self) -> list[str]:
        """Groups of which more members were impacted than may be."""
        return [g for g, (most, limit) in self.impacted.items() if most > limit]

    @property
    def trouble(self) -> str | None:
        """Why the exit status is not 0."""
        if self.reason:
            return f"{self.state}: {self.reason}"
        down = ", ".join(f"{g} for {s:.1f} s" for g, s in self.group_outage_s.items() if s)
        if down:
            return f"nobody answered of {down}"
        if self._beyond():
            return f"more were impacted than may be of {', '.join(self._beyond())}"
        left = self.hosts - self.hosts_maintained
        return f"{left} of {self.hosts} hosts were not maintained" if self.status else None

    @property
    def moves_per_instance(self) -> float:
        """How often an instance was moved, on average."""
        return round(self.moves / self.instances, 3) if self.instances else 0.0

    def as_dict(self) -> dict[str, Any]:
        """What ``--json`` prints."""
        return {
            "state": self.state,
            "hosts": self.hosts,
            "hosts_maintained": self.hosts_maintained,
            "instances": self.instances,
            "moves": self.moves,
            "moves_per_instance": self.moves_per_instance,
            "group_outage_s": self.group_outage_s,
            "reaction_ms": None if self.reaction is None else dataclasses.asdict(self.reaction),
            "duration_s": self.duration_s,
            **({"impacted": self.impacted} if self.impacted else {}),
        }

    def line(self) -> str:
        """The last line of a demo."""
        return (
            f"{self.hosts_maintained} of {self.hosts} hosts maintained, {self.moves} moves, "
            f"{self.moves_per_instance:.2f} per instance, longest outage: {self._outages()}, "
            f"{self._impacted()}reaction: {self._reaction()}"
        )

    def _impacted(self) -> str:
        if not self.impacted:
            return ""
        few = list(self.impacted.items())[:_FEW]
        each = ", ".join(f"{g} {most} of at most {limit}" for g, (most, limit) in few)
        return f"impacted at once: {each}{', ...' if len(self.impacted) > _FEW else ''}, "

    def _outages(self) -> str:
        if len(self.group_outage_s) <= _FEW:
            return ", ".join(f"{g} {s:.1f} s" for g, s in self.group_outage_s.items())
        down = {g: s for g, s in self.group_outage_s.items() if s}
        if not down:
            return f"0.0 s in all {len(self.group_outage_s)} groups"
        worst = max(down, key=lambda g: down[g])
        return f"{worst} {down[worst]:.1f} s ({len(down)} of {len(self.group_outage_s)} groups)"

    def _reaction(self) -> str:
        if self.reaction is None:
            return "not measured"
        return f"{self.reaction.p50:.0f} ms (p99 {self.reaction.p99:.0f} ms)"


def migrations(cloud: Cloud) -> list[Move]:
    """Moves that Fenix made and that came to their end."""
    with cloud.at_rest():
        return [m for m in cloud.record.moves if m.kind in MIGRATIONS and m.done]


def instances_before(cloud: Cloud) -> int:
    """How many instances there were when the first host began to be emptied."""
    with cloud.at_rest():
        begun = (m.start for m in cloud.record.moves if m.kind in MIGRATIONS)
        first = min(begun, default=cloud.now)
        return sum(
            s.created <= first and (s.terminated is None or s.terminated > first)
            for s in cloud.servers.everything()
        )
