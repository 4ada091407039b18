"""How long things take in the emulated cloud, in model seconds."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, fields

Duration = float | Callable[[random.Random], float]
"""A fixed number of seconds, or a function that draws one, e.g. ``lambda r: r.uniform(5, 20)``."""


@dataclass
class Timings:
    """Durations in model seconds; the defaults are what a small real cloud took.

    ``draw("spawn")`` gives one, drawn with ``seed`` where the field is a function.
    """

    schedule: Duration = 0.5
    """From the 202 of a boot or move until the scheduler has decided."""
    conductor: Duration = 0.1
    """From the 202 of a move until its row is in os-migrations (part of ``schedule``)."""
    hop: Duration = 0.05
    """A message from one compute to the next."""
    unwind: Duration = 0.05
    """From a migration's last status until the server's row shows it too."""
    rpc_timeout: Duration = 60.0
    """How long the conductor waits for a host that died unnoticed."""
    spawn: Duration = 1.0
    """Boot, after the scheduler."""
    live_prepare: Duration = 0.5
    """Checks on the destination of a live migration before memory is copied."""
    live_migration: Duration = 5.0
    """Copying memory."""
    live_interruption: Duration = 0.2
    """The guest's pause at the end of the copying."""
    live_record_lag: Duration = 0.3
    """The server is ACTIVE on its new host this long before the migration says completed."""
    cold_migration: Duration = 10.0
    """Power off to running on the destination (VERIFY_RESIZE)."""
    confirm: Duration = 0.8
    """confirmResize until ACTIVE."""
    revert: Duration = 1.0
    """revertResize until ACTIVE on the source again."""
    abort: Duration = 0.3
    """Abort of a live migration until the record says cancelled."""
    delete: Duration = 1.0
    """Delete until the server is gone."""
    power: Duration = 0.5
    """Stop, start, pause, suspend, shelve, rescue."""
    report_interval: float = 10.0
    """How often a service reports, so what Nova knows of a dead one is up to that old."""
    service_down_time: float = 60.0
    """After so long without a report a service is ``down``."""
    live_migrations_per_host: int = 1
    """Running at the same time from one source (Nova's ``max_concurrent_live_migrations``)."""
    seed: int | None = None
    _random: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - a model, not a secret

    def draw(self, name: str) -> float:
        """Seconds for the field ``name``."""
        value = getattr(self, name)
        return float(value(self._random) if callable(value) else value)

    @classmethod
    def instant(cls, **other: Duration) -> "Timings":
        """Everything takes no time, but for the fields given."""
        fixed = {"report_interval", "service_down_time", "live_migrations_per_host", "seed"}
        zero = {f.name: 0.0 for f in fields(cls) if f.init and f.name not in fixed}
        return cls(**{**zero, **other})  # type: ignore[arg-type]
