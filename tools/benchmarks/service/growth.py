"""What a maintained host costs, in clouds of growing size.

Each size has an engine of its own. It has maintained a host without instances before, so that
connections and modules are not counted.
"""

import dataclasses
import time

import sqlalchemy as sa

from benchmarks.figures import Figure
from benchmarks.service import clouds
from benchmarks.service.deployment import Deployment
from fenix.db import models

#: Model seconds that pass in a second.
SPEED = 4.0
_HOST_WORK = 10.0
_CPU_RATIO = 1.5
_CALLS_RATIO = 1.5
_CALLS = 3.0
_STATEMENTS = 10.0


@dataclasses.dataclass(frozen=True)
class Run:
    """A session: ``cpu`` and ``seconds`` in seconds, ``calls`` by what was called."""

    hosts: int
    instances: int
    moves: int
    cpu: float
    seconds: float
    calls: dict
    statements: int
    transitions: int

    @property
    def cpu_per_host(self):
        return self.cpu / self.hosts

    @property
    def nova(self):
        """Calls to Nova."""
        return sum(n for (_, path), n in self.calls.items() if path.startswith("/compute"))


def measure(neighbours, folder, sizes, say, speed=SPEED):
    """Figures of sessions over so many computes each."""
    runs = []
    for size in sizes:
        place = folder / f"hosts-{size}"
        place.mkdir()
        with neighbours.database() as url:
            runs.append(_run(neighbours, url, place, size, speed))
        say(_line(runs[-1]))
    return [*_cpu(runs), *_calls(runs), *_statements(runs)]


def _line(run):
    return (
        f"{run.hosts} computes, {run.instances} instances, {run.moves} moves: {run.seconds:.0f} s, "
        f"engine CPU {run.cpu:.2f} s, {run.nova} calls to Nova, {run.statements} statements, "
        f"{run.transitions} lines of history"
    )


def _run(neighbours, database_url, folder, size, speed):
    scene = clouds.used(size, speed=speed)
    settings = {
        # As often in model time as by default.
        "engine": {"cloud_poll_interval": 1 / speed},
        "workflow": {"project_maintenance_reply": 300},
    }
    with Deployment(scene, neighbours, database_url, folder, settings) as fenix:
        first = fenix.create([clouds.CONTROLLER])
        fenix.done(first)
        fenix.delete(first)
        before = _calls_so_far(fenix.cloud)
        statements, cpu, begun = fenix.statements(), fenix.engine.cpu(), time.monotonic()
        action = {
            "plugin": "dummy",
            "type": "host",
            "metadata": {"seconds": _HOST_WORK / speed},
        }
        session_id = fenix.create(scene.computes, actions=[action])
        fenix.done(session_id)
        events = models.session_events
        history = sa.select(sa.func.count()).where(events.c.session_id == session_id)
        return Run(
            hosts=size,
            instances=scene.instances,
            moves=sum(m.done for m in fenix.cloud.record.moves),
            cpu=fenix.engine.cpu() - cpu,
            seconds=time.monotonic() - begun,
            calls=_calls_so_far(fenix.cloud) - before,
            statements=fenix.statements() - statements,
            transitions=fenix.scalar(history),
        )


def _calls_so_far(cloud):
    with cloud.at_rest():
        return cloud.record.api_calls.copy()


def _each(runs, value):
    return ", ".join(f"{value(r)} at {r.hosts}" for r in runs)


def _cpu(runs):
    """Of each size against the smallest, and of the largest against the one before."""
    each = _each(
        runs, lambda r: f"{r.cpu_per_host * 1000:.0f} ms ({r.cpu:.1f} s in {r.seconds:.0f} s)"
    )
    first, *others = runs
    worst = max(r.cpu_per_host for r in others)
    yield Figure(
        f"engine CPU per host, {others[-1].hosts} : {first.hosts} hosts",
        round(worst / first.cpu_per_host, 2),
        _CPU_RATIO,
        compared=f"{each} computes, 80 % used; the worst of the larger against the smallest",
    )
    if len(others) > 1:
        yield Figure(
            f"engine CPU per host, {others[-1].hosts} : {others[-2].hosts} hosts",
            round(others[-1].cpu_per_host / others[-2].cpu_per_host, 2),
            _CPU_RATIO,
            compared=f"{each} computes: without what a session costs however small it is",
        )


def _calls(runs):
    def share(run):
        return run.nova / (run.hosts + run.moves)

    each = _each(runs, lambda r: f"{r.nova} : {r.hosts + r.moves} = {share(r):.2f}")
    yield Figure(
        "calls to Nova per host and move",
        round(share(runs[-1]), 2),
        _CALLS,
        compared=f"calls : (hosts + moves) is {each} computes; looks at the cloud included",
    )
    yield Figure(
        f"calls to Nova per host and move, {runs[-1].hosts} : {runs[0].hosts} hosts",
        round(share(runs[-1]) / share(runs[0]), 2),
        _CALLS_RATIO,
        compared=f"{runs[-1].instances / runs[0].instances:g} times the instances",
    )


def _statements(runs):
    def share(run):
        return run.statements / run.transitions

    yield Figure(
        "database statements per transition",
        round(max(share(r) for r in runs), 2),
        _STATEMENTS,
        compared=(
            f"all of the engine's, polls and heartbeats included, for each line of the history: "
            f"{_each(runs, lambda r: f'{share(r):.2f}')} computes; the worst counts"
        ),
    )
