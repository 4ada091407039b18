"""Clouds to simulate, generated from a few numbers and a seed."""

from __future__ import annotations

import collections
import dataclasses
import random

from fenix.simulator.topology import GroupSpec, HostSpec, ServerSpec, Topology

#: vCPUs, MiB, GiB; some take more memory for each vCPU than others.
FLAVORS = (
    (1, 2048, 10),
    (1, 4096, 10),
    (2, 4096, 20),
    (2, 8192, 20),
    (4, 8192, 40),
    (8, 16384, 80),
)
_HOST = (16, 65536, 1000)


@dataclasses.dataclass(frozen=True, slots=True)
class Shape:
    """A kind of cloud.

    :ivar used: share of all vCPUs that is used.
    :ivar unequal: hosts of one, two and four times the usual size.
    :ivar spread: how far single hosts are from ``used``: free room is fragmented.
    :ivar apart: share of the instances in Nova groups whose members are kept apart.
    :ivar grouped: share of the instances in groups with constraints of their project.
    :ivar asleep: share of the instances that are stopped or paused.
    :ivar flavors: sizes of instances, each as likely.
    """

    hosts: int
    used: float
    unequal: bool = False
    spread: float = 0.0
    apart: float = 0.0
    grouped: float = 0.0
    group_size: int = 4
    projects: int = 4
    flavors: tuple[tuple[int, int, int], ...] = FLAVORS
    outside: int = 0
    asleep: float = 0.0


def generate(shape: Shape, seed: int) -> Topology:
    """A cloud of that shape; the same seed gives the same cloud."""
    rng = random.Random(seed)  # noqa: S311 - no secret
    hosts = [_host(number, shape, rng) for number in range(shape.hosts)]
    servers: list[ServerSpec] = []
    for host in hosts:
        servers.extend(_fill(host, shape, rng, len(servers)))
    grouped, groups = _group(servers, shape, rng)
    return Topology(tuple(hosts), tuple(grouped), tuple(groups))


def _host(number: int, shape: Shape, rng: random.Random) -> HostSpec:
    times = rng.choice((1, 2, 4)) if shape.unequal else 1
    vcpus, memory_mb, disk_gb = (amount * times for amount in _HOST)
    outside = number >= shape.hosts - shape.outside
    return HostSpec(f"host-{number:04}", vcpus, memory_mb, disk_gb, outside=outside)


def _fill(host: HostSpec, shape: Shape, rng: random.Random, first: int) -> list[ServerSpec]:
    """Instances up to the share that is to be used of a host."""
    share = min(1.0, max(0.0, rng.uniform(shape.used - shape.spread, shape.used + shape.spread)))
    goal = host.vcpus * share
    vcpus = memory_mb = disk_gb = 0
    servers: list[ServerSpec] = []
    status = "ACTIVE"
    misses = 0
    while misses < 2 * len(shape.flavors):
        flavor = rng.choice(shape.flavors)
        if (
            vcpus + flavor[0] > goal
            or memory_mb + flavor[1] > host.memory_mb
            or disk_gb + flavor[2] > host.disk_gb
        ):
            misses += 1
            continue
        if shape.asleep and rng.random() < shape.asleep:
            status = rng.choice(("SHUTOFF", "PAUSED"))
        else:
            status = "ACTIVE"
        vcpus, memory_mb, disk_gb = vcpus + flavor[0], memory_mb + flavor[1], disk_gb + flavor[2]
        servers.append(
            ServerSpec(
                f"server-{first + len(servers):05}",
                f"project-{rng.randrange(shape.projects)}",
                host.name,
                *flavor,
                status=status,
            )
        )
    return servers


def _group(
    servers: list[ServerSpec], shape: Shape, rng: random.Random
) -> tuple[list[ServerSpec], list[GroupSpec]]:
    """Put instances into groups; members that are kept apart are on different hosts."""
    free = list(range(len(servers)))
    rng.shuffle(free)
    groups: list[GroupSpec] = []
    made = list(servers)
    for share, constrained in ((shape.apart, False), (shape.grouped, True)):
        wanted = int(len(servers) * share)
        while wanted >= 2:
            size = min(wanted, rng.randint(2, max(2, shape.group_size)))
            group = _group_spec(f"group-{len(groups)}", "", constrained, size, rng)
            most = 1 if group.anti_affinity or group.apart else group.max_instances_per_host
            members, free = _members(servers, free, size, most)
            if len(members) < 2:
                break
            project_id = servers[members[0]].project_id
            for index in members:
                made[index] = dataclasses.replace(
                    made[index], group_id=group.group_id, project_id=project_id
                )
            groups.append(dataclasses.replace(group, project_id=project_id))
            wanted -= len(members)
    return made, groups


def _group_spec(
    group_id: str, project_id: str, constrained: bool, size: int, rng: random.Random
) -> GroupSpec:
    if not constrained:
        return GroupSpec(group_id, project_id, anti_affinity=True)
    return GroupSpec(
        group_id,
        project_id,
        anti_affinity=rng.random() < 0.2,
        constrained=True,
        apart=rng.random() < 0.2,
        max_impacted_members=rng.randint(0, max(1, size // 2)),
        recovery_time=rng.choice((0, 5, 30, 120)),
        max_instances_per_host=rng.choice((0, 0, 0, 2)),
        resource_mitigation=rng.random() < 0.2,
        lead_time=rng.choice((0, 0, 10, 60)),
        migration_type=rng.choice((None, None, "MIGRATE", "LIVE_MIGRATE", "OWN_ACTION")),
    )


def _members(
    servers: list[ServerSpec], free: list[int], size: int, most: int
) -> tuple[list[int], list[int]]:
    """Take instances for a group, at most so many on a host (0: any number)."""
    chosen: list[int] = []
    hosts: collections.Counter[str] = collections.Counter()
    left: list[int] = []
    for position, index in enumerate(free):
        if len(chosen) == size:
            left.extend(free[position:])
            break
        if most and hosts[servers[index].host] >= most:
            left.append(index)
            continue
        chosen.append(index)
        hosts[servers[index].host] += 1
    return chosen, left
