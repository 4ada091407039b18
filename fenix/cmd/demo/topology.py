"""The emulated cloud of the demo, filled completely by its applications.

An application (VNF) is a project with an HA pair, kept on different hosts by an anti-affinity
server group, and a scalable group. There is one for about five computes.
"""

from __future__ import annotations

import dataclasses
import random

from fenix.emulator import Cloud, ModelClock, Timings
from fenix.emulator.entities import Project, User

HA = "ha"
WORKER = "worker"
PAIR = 2

_HOSTS_PER_VNF = 5


@dataclasses.dataclass(frozen=True)
class Size:
    """What is asked for: computes, instances on each, and what makes draws repeatable."""

    hosts: int
    per_host: int
    seed: int

    @property
    def vnfs(self) -> int:
        """How many applications share the cloud."""
        return max(1, self.hosts // _HOSTS_PER_VNF)


@dataclasses.dataclass(frozen=True)
class Vnf:
    """An application; ``groups`` are the names of its groups in the emulator's record."""

    name: str
    project: Project
    user: User
    groups: tuple[str, str]


def timings(seed: int) -> Timings:
    """How long things take, in model seconds: as in a small real cloud, not all alike."""
    return Timings(
        live_migration=lambda r: r.uniform(4.0, 7.0),
        live_interruption=lambda r: r.uniform(0.1, 0.3),
        cold_migration=lambda r: r.uniform(7.0, 12.0),
        seed=seed,
    )


def build(size: Size, speed: float) -> tuple[Cloud, list[Vnf]]:
    """A controller and the computes, every vCPU of them taken.

    :param speed: model seconds per second.
    """
    cloud = Cloud(clock=ModelClock(speed=speed), timings=timings(size.seed), seed=size.seed)
    cloud.add_host("controller", roles=("controller",))
    width = len(str(size.hosts))
    hosts = [f"compute-{n:0{width}d}" for n in range(1, size.hosts + 1)]
    for name in hosts:
        cloud.add_host(name, vcpus=size.per_host, memory_mb=2048 * size.per_host)
    chance = random.Random(size.seed)  # noqa: S311 - where instances are, not a secret
    count = size.vnfs
    return cloud, [
        _vnf(
            cloud,
            "vnf" if count == 1 else f"vnf-{n + 1:0{len(str(count))}d}",
            hosts[n * len(hosts) // count : (n + 1) * len(hosts) // count],
            size.per_host,
            chance,
        )
        for n in range(count)
    ]


def _vnf(cloud: Cloud, name: str, hosts: list[str], per_host: int, chance: random.Random) -> Vnf:
    """Fill ``hosts``: round by round, so that those booted last are on different hosts."""
    project = cloud.add_project(name)
    user = cloud.add_user(name, project=project)
    flavor = cloud.add_flavor(f"{name}.small", vcpus=1, memory_mb=1024)
    together = cloud.add_server_group(project, "anti-affinity", f"{name}-{HA}", user=user)
    prefix = "" if name == "vnf" else f"{name}-"
    groups = (f"{prefix}{HA}", f"{prefix}{WORKER}s")
    places = [h for _ in range(per_host) for h in chance.sample(hosts, len(hosts))]
    for number, host in enumerate(places[:PAIR], 1):
        cloud.boot(
            project,
            f"{HA}-{number}",
            flavor,
            host,
            together,
            metadata={"group": groups[0]},
            user=user,
        )
    width = len(str(len(places) - PAIR))
    for number, host in enumerate(places[PAIR:], 1):
        cloud.boot(
            project,
            f"{WORKER}-{number:0{width}d}",
            flavor,
            host,
            metadata={"group": groups[1]},
            user=user,
        )
    return Vnf(name, project, user, groups)
