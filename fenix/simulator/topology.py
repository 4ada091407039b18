"""What a simulated cloud consists of at the start, and how long things take in it."""

from __future__ import annotations

import dataclasses
import math
import random
from collections.abc import Callable

from fenix.cloud import base

#: Draws a duration in seconds.
Draw = Callable[[random.Random], float]


def fixed(seconds: float) -> Draw:
    """Always the same."""
    return lambda _rng: seconds


def uniform(low: float, high: float) -> Draw:
    """Any value between two, each as likely."""
    return lambda rng: rng.uniform(low, high)


def lognormal(median: float, sigma: float) -> Draw:
    """Durations with a long tail, as migrations have them."""
    location = math.log(median)
    return lambda rng: rng.lognormvariate(location, sigma)


@dataclasses.dataclass(frozen=True, slots=True)
class HostSpec:
    """A host. ``vcpus``, ``memory_mb``, ``disk_gb``: what can be used of it."""

    name: str
    vcpus: float
    memory_mb: float
    disk_gb: float
    roles: frozenset[str] = frozenset({base.COMPUTE})
    enabled: bool = True
    #: Left out of the session: it only takes instances.
    outside: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class ServerSpec:
    """An instance."""

    server_id: str
    project_id: str
    host: str
    vcpus: float
    memory_mb: float
    disk_gb: float
    group_id: str | None = None
    status: str = "ACTIVE"


@dataclasses.dataclass(frozen=True, slots=True)
class GroupSpec:
    """Instances of one application.

    ``anti_affinity``: a Nova server group that its scheduler enforces. The rest is what a project
    tells Fenix (contract section 4); ``constrained``: it has told something. ``apart``: it told
    that members are to be kept apart, of which Nova knows nothing.
    """

    group_id: str
    project_id: str
    anti_affinity: bool = False
    constrained: bool = False
    apart: bool = False
    max_impacted_members: int = 0
    recovery_time: int = 0
    max_instances_per_host: int = 0
    resource_mitigation: bool = False
    lead_time: int = 0
    migration_type: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Topology:
    """A cloud at rest."""

    hosts: tuple[HostSpec, ...]
    servers: tuple[ServerSpec, ...]
    groups: tuple[GroupSpec, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Times:
    """How long things take, in seconds."""

    live: Draw
    cold: Draw
    confirm: Draw
    #: From a call to Nova's scheduler accepting or refusing it.
    schedule: Draw
    #: The actions of one host.
    host: Draw
    #: The actions of a session.
    once: Draw
    #: From a notification to the reply of a manager.
    reply: Draw
    #: A project that moves an instance itself.
    own: Draw


USUAL = Times(
    live=lognormal(20.0, 0.5),
    cold=lognormal(40.0, 0.4),
    confirm=fixed(2.0),
    schedule=uniform(0.2, 1.0),
    host=uniform(300.0, 600.0),
    once=fixed(5.0),
    reply=uniform(0.2, 10.0),
    own=uniform(5.0, 60.0),
)
#: No variance: makespans can be held against bounds.
STEADY = Times(
    live=fixed(20.0),
    cold=fixed(20.0),
    confirm=fixed(1.0),
    schedule=fixed(0.5),
    host=fixed(600.0),
    once=fixed(1.0),
    reply=fixed(0.5),
    own=fixed(20.0),
)
