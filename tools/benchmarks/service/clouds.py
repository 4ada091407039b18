"""Emulated clouds to maintain."""

import dataclasses
import random

from fenix.emulator import Cloud, ModelClock, Timings
from fenix.emulator.entities import Project, User

_HOSTS_PER_PROJECT = 5
_USED = 0.8
_DAY = 86400.0
CONTROLLER = "controller"


@dataclasses.dataclass(frozen=True)
class Owner:
    """A project with a manager."""

    project: Project
    user: User


@dataclasses.dataclass(frozen=True)
class Scene:
    """A cloud, the names of its computes, and whose instances are on them."""

    cloud: Cloud
    computes: list[str]
    owners: list[Owner]
    instances: int


def used(hosts, *, vcpus=10, speed=1.0, seed=1, zone_hosts=None):
    """Equal computes, 80 % of the vCPUs of each in use by instances with one vCPU.

    A project has the instances of five computes, two of them in an anti-affinity group. Times are
    those of a small real cloud, ``speed`` times as fast.

    :param zone_hosts: computes of an availability zone, to which the instances on them are bound;
        None: all are in one, and no instance is bound.
    """
    timings = Timings(
        live_migration=lambda r: r.uniform(4.0, 7.0),
        live_interruption=lambda r: r.uniform(0.1, 0.3),
        seed=seed,
    )
    cloud = Cloud(clock=ModelClock(speed=speed), timings=timings, seed=seed)
    cloud.add_host(CONTROLLER, roles=("controller",))
    names = [f"compute-{n:04d}" for n in range(1, hosts + 1)]
    zones = dict.fromkeys(names)
    if zone_hosts:
        zones = {name: f"zone-{number // zone_hosts + 1}" for number, name in enumerate(names)}
    for name in names:
        zone = {} if zones[name] is None else {"availability_zone": zones[name]}
        cloud.add_host(name, vcpus=vcpus, memory_mb=4096 * vcpus, **zone)
    flavor = cloud.add_flavor("small", vcpus=1, memory_mb=1024)
    chance = random.Random(seed)
    per_host = int(vcpus * _USED)
    owners = []
    for first in range(0, hosts, _HOSTS_PER_PROJECT):
        owners.append(owner(cloud, f"vnf-{len(owners) + 1}"))
        here = names[first : first + _HOSTS_PER_PROJECT]
        _fill(cloud, owners[-1], flavor, here, per_host, chance, zones)
    _last_changed_in_the_past(cloud)
    return Scene(cloud, names, owners, hosts * per_host)


def _fill(cloud, whose, flavor, hosts, per_host, chance, zones):
    apart = cloud.add_server_group(whose.project, "anti-affinity", "pair", user=whose.user)
    places = [h for _ in range(per_host) for h in chance.sample(hosts, len(hosts))]
    pair = 2 if len(hosts) > 1 else 0
    for number, host in enumerate(places):
        group = apart if number < pair else None
        cloud.boot(
            whose.project,
            f"vm-{number}",
            flavor,
            host,
            group,
            user=whose.user,
            availability_zone=zones[host],
        )


def _last_changed_in_the_past(cloud):
    """As in a real cloud: instances that were all built this moment would all be new."""
    servers = list(cloud.servers)
    for number, server in enumerate(servers):
        cloud.servers.touch(server, number * _DAY / len(servers) - _DAY - 60.0)


def owner(cloud, name):
    """A new project with its user."""
    project = cloud.add_project(name)
    return Owner(project, cloud.add_user(name, project=project))


def quiet(hosts):
    """Computes with one instance each, but for one that is empty; nothing takes time."""
    timings = Timings.instant(live_migrations_per_host=4)
    cloud = Cloud(clock=ModelClock(), timings=timings, seed=1)
    names = [f"compute-{n}" for n in range(1, hosts + 1)]
    for name in names:
        cloud.add_host(name, vcpus=2, memory_mb=8192)
    flavor = cloud.add_flavor("small", vcpus=2, memory_mb=1024)
    whose = owner(cloud, "vnf")
    for number, name in enumerate(names[1:]):
        cloud.boot(whose.project, f"vm-{number}", flavor, name, user=whose.user)
    return Scene(cloud, names, [whose], hosts - 1)
