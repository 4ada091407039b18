"""The cloud: two availability zones, each maintained by a session of its own.

Zone ``open`` has room and is maintained by the workflow ``default``, with its controller; zone
``full`` has none, so that its applications have to scale in, and is maintained by ``vnf``.
"""

import dataclasses

from fenix.emulator import Cloud, ModelClock, Timings
from fenix.emulator.entities import Project, User

_QUICKER = 8.0
HA, WORKER = "ha", "worker"
CONTROLLER = "controller"
#: A host that an admin disabled before: it stays so.
DISABLED = "open-4"
_RECOVERY = 1
_VCPUS = 4


@dataclasses.dataclass(frozen=True)
class Owner:
    """A project with a manager, in one zone."""

    project: Project
    user: User
    zone: str


@dataclasses.dataclass(frozen=True)
class Part:
    """What one session maintains. ``groups``: the record's name of each group, and its limit."""

    workflow: str
    hosts: list[str]
    owners: list[Owner]
    groups: dict[str, int]


@dataclasses.dataclass(frozen=True)
class Scene:
    """The cloud and what is to be maintained in it."""

    cloud: Cloud
    parts: list[Part]

    @property
    def owners(self):
        """Everybody with a manager."""
        return [owner for part in self.parts for owner in part.owners]


def build(seed):
    """A cloud of nine hosts and 26 instances."""
    cloud = Cloud(clock=ModelClock(), timings=_timings(seed), seed=seed)
    cloud.add_host(CONTROLLER, roles=("controller",))
    cloud.add_flavor("small", vcpus=1, memory_mb=1024)
    for zone in ("open", "full"):
        for number in range(1, 5):
            name = f"{zone}-{number}"
            off = {"disabled": True, "disabled_reason": "an admin"} if name == DISABLED else {}
            cloud.add_host(
                name, vcpus=_VCPUS, memory_mb=4096 * _VCPUS, availability_zone=zone, **off
            )
    open_hosts = [f"open-{n}" for n in range(1, 5)]
    full_hosts = [f"full-{n}" for n in range(1, 5)]
    one = _vnf(cloud, "open", "vnf-a", open_hosts[:3] * 2)
    two = _vnf(cloud, "full", "vnf-b", full_hosts * 2)
    three = _vnf(cloud, "full", "vnf-c", full_hosts * 2)
    return Scene(
        cloud,
        [
            Part("default", [CONTROLLER, *open_hosts], [one], {}),
            Part("vnf", full_hosts, [two, three], _limits(two) | _limits(three)),
        ],
    )


def _timings(seed):
    """A cloud that is quick; its clock is Fenix's, for a faster one would run ahead.

    Ahead of Fenix's, what was done in the rounds before would look like what is done now.
    """
    quick = {
        name: getattr(Timings, name) / _QUICKER
        for name in (
            *("schedule", "conductor", "hop", "unwind", "spawn", "live_prepare"),
            *("live_record_lag", "confirm", "revert", "abort", "delete", "power"),
        )
    }
    return Timings(
        **quick,
        live_migration=lambda r: r.uniform(4.0, 7.0) / _QUICKER,
        live_interruption=lambda r: r.uniform(0.1, 0.3) / _QUICKER,
        cold_migration=lambda r: r.uniform(6.0, 9.0) / _QUICKER,
        live_migrations_per_host=4,
        seed=seed,
    )


def _vnf(cloud, zone, name, places):
    """An HA pair on two hosts, and workers on the rest of the places."""
    project = cloud.add_project(name)
    owner = Owner(project, cloud.add_user(name, project=project), zone)
    flavor = next(iter(cloud.flavors.values()))
    apart = cloud.add_server_group(project, "anti-affinity", f"{name}-{HA}", user=owner.user)
    for number, host in enumerate(places):
        kind = HA if number < 2 else WORKER
        cloud.boot(
            project,
            f"{kind}-{number}",
            flavor,
            host,
            apart if kind == HA else None,
            metadata={"group": f"{name}-{kind}"},
            user=owner.user,
            availability_zone=zone,
        )
    return owner


def _limits(owner):
    name = owner.project.name
    return {f"{name}-{kind}": c["group"]["max_impacted_members"] for kind, c in DEMANDS.items()}


#: What an application of zone ``full`` tolerates, as ``vnfm.VNFM`` takes it.
DEMANDS = {
    HA: {
        "group": {
            "anti_affinity_group": True,
            "max_instances_per_host": 1,
            "max_impacted_members": 1,
            "recovery_time": _RECOVERY,
        },
        "instance": {"migration_type": "LIVE_MIGRATE"},
    },
    WORKER: {
        "group": {"max_impacted_members": 2, "recovery_time": 0},
        "instance": {"migration_type": "MIGRATE"},
    },
}

#: Seconds that a member of a group counts after it has been moved.
RECOVERY = {HA: float(_RECOVERY), WORKER: 0.0}
