"""The clouds that are measured, and how each is given to the simulator and to the bounds."""

import collections
import dataclasses
import random

from fenix.planner import model
from fenix.simulator import clouds, topology
from fenix.simulator.session import Scenario

#: Instances of one size, of which a whole number fills a host: the bounds can be reached.
ONE_SIZE = ((1, 4096, 40),)
#: So that no answer of a project is waited for: nobody has a manager.
_SETTINGS = {"live_migration_wait_time": 3600, "scale_in_rounds": 1}
MOVE = 20.0
HOST = 600.0
PARALLEL = 4


@dataclasses.dataclass(frozen=True)
class Sample:
    """A cloud. ``even``: equal hosts with the same number of instances of one size."""

    name: str
    seed: int
    topology: topology.Topology
    even: bool = False


def equal(hosts, on_each):
    """Every host holds as many instances, each a sixteenth of a host."""
    specs = tuple(topology.HostSpec(f"host-{n:04}", 16, 65536, 1000) for n in range(hosts))
    servers = tuple(
        topology.ServerSpec(
            f"server-{n:05}", f"project-{n % 4}", specs[n % hosts].name, 1, 4096, 40
        )
        for n in range(hosts * on_each)
    )
    return topology.Topology(specs, servers)


def even():
    """Equal hosts, 50 to 98 % used."""
    for hosts, on_each in (
        (10, 8),
        (10, 12),
        (20, 14),
        (50, 12),
        (100, 13),
        (100, 15),
        (200, 14),
        (300, 15),
        (1000, 14),
    ):
        yield Sample(f"{hosts} equal hosts, {on_each}/16", 0, equal(hosts, on_each), True)
    for hosts in (100, 200):  # 98 %: two of a hundred hosts' worth of room
        made = equal(hosts, 16)
        rng = random.Random(hosts)
        gone = {s.server_id for s in rng.sample(made.servers, round(len(made.servers) * 0.02))}
        left = tuple(s for s in made.servers if s.server_id not in gone)
        whole = dataclasses.replace(made, servers=left)
        yield Sample(f"{hosts} equal hosts, 98 %, scattered", hosts, whole)


_RANDOM = (
    clouds.Shape(10, 0.5, spread=0.2),
    clouds.Shape(10, 0.7, apart=0.3),
    clouds.Shape(20, 0.75, unequal=True),
    clouds.Shape(30, 0.85, spread=0.1),
    clouds.Shape(50, 0.8, unequal=True, spread=0.2),
    clouds.Shape(50, 0.6, apart=0.5, group_size=8),
    clouds.Shape(100, 0.9),
    clouds.Shape(100, 0.8, spread=0.2, apart=0.3),
    clouds.Shape(100, 0.95, unequal=True),
    clouds.Shape(300, 0.8, unequal=True, spread=0.2, apart=0.3),
    clouds.Shape(200, 0.85, spread=0.1),
    clouds.Shape(300, 0.9, unequal=True),
    clouds.Shape(500, 0.75, apart=0.3, group_size=8),
    clouds.Shape(1000, 0.8, unequal=True, spread=0.2),
)
#: Above so many hosts one seed of a shape is enough: there are many instances in each cloud.
_MANY = 100


def _seeds(shape, seeds):
    return seeds if shape.hosts <= _MANY else seeds[:1]


def mixed(seeds):
    """Random clouds: any sizes, unequal hosts, scattered room, groups kept apart."""
    for number, shape in enumerate(_RANDOM):
        for seed in _seeds(shape, seeds):
            traits = [
                f"{shape.hosts} hosts",
                f"{shape.used:.0%}",
                *(["unequal"] if shape.unequal else []),
                *(["scattered"] if shape.spread else []),
                *(["anti-affinity"] if shape.apart else []),
            ]
            made = clouds.generate(shape, seed * 100 + number)
            yield Sample(", ".join(traits), seed * 100 + number, made)


_GROUPED = (
    clouds.Shape(10, 0.6, grouped=0.5),
    clouds.Shape(20, 0.7, grouped=0.8, group_size=8),
    clouds.Shape(50, 0.75, grouped=0.5, group_size=6),
    clouds.Shape(200, 0.8, grouped=0.5, group_size=6),
)


def grouped(seeds):
    """Clouds with groups whose members may be impacted a few at a time."""
    for number, shape in enumerate(_GROUPED):
        for seed in _seeds(shape, seeds):
            made = clouds.generate(shape, seed * 100 + number)
            name = f"{shape.hosts} hosts, {shape.used:.0%}, {shape.grouped:.0%} in groups"
            yield Sample(name, seed * 100 + number, made)


def scenario(sample, percent, **options):
    """A session over a whole cloud with steady times and nobody to ask."""
    workflow = {
        **_SETTINGS,
        "second_moves_percent": percent,
        "max_parallel_moves_per_host": PARALLEL,
        **options,
    }
    return Scenario(
        sample.topology, times=topology.STEADY, options={"workflow": workflow}, look=1.0
    )


def picture(made):
    """The cloud as the planner and its bounds see it."""
    apart = {g.group_id for g in made.groups if g.anti_affinity}
    sizes = collections.Counter(s.group_id for s in made.servers)
    groups = {
        g.group_id: model.Group(
            g.group_id,
            sizes[g.group_id],
            anti_affinity=g.anti_affinity or g.apart,
            max_per_host=g.max_instances_per_host,
            max_impacted=max(1, g.max_impacted_members),
            recovery_time=float(g.recovery_time),
            resource_mitigation=g.resource_mitigation,
        )
        for g in made.groups
        if g.constrained
    }
    on = {h.name: [] for h in made.hosts}
    for server in made.servers:
        size = model.Size(server.vcpus, server.memory_mb, server.disk_gb)
        kept = (server.group_id,) if server.group_id in apart else ()
        group = server.group_id if server.group_id in groups else None
        on[server.host].append(model.Item(server.server_id, size, kept, group))
    sources, rooms = [], []
    for host in made.hosts:
        items = tuple(on[host.name])
        whole = model.Size(host.vcpus, host.memory_mb, host.disk_gb)
        room = model.Room(
            host.name,
            whole - model.total(i.size for i in items),
            frozenset(g for i in items for g in i.apart),
            dict(collections.Counter(i.group for i in items if i.group)),
        )
        if host.outside:
            rooms.append(room)
        else:
            sources.append(model.Source(host.name, items, room))
    return model.Cloud(tuple(sources), tuple(rooms), groups)
