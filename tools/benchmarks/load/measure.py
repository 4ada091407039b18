"""One session alone, then all at once: what each used of the machine, by process."""

import dataclasses
import os
import threading
import time

import sqlalchemy as sa
from keystoneauth1 import exceptions

from benchmarks.load import metrics, owners
from benchmarks.service import clouds
from benchmarks.service.deployment import Deployment, Failed
from benchmarks.service.managers import Managers
from fenix.db import models

_VCPUS = 5
_STATES = ("MAINTENANCE_DONE", "MAINTENANCE_FAILED")
_ASKED_AT_ONCE = 8


@dataclasses.dataclass(frozen=True)
class Run:
    """``cpu``: seconds of processor time by process; ``memory``: MiB at the most, by engine."""

    sessions: int
    hosts: int
    instances: int
    seconds: float
    moves: int
    cpu: dict
    machine: float
    memory: list
    statements: int
    transitions: int
    calls: int
    replies: int
    reaction: dict


def measure(neighbours, url, folder, options, say):
    """Run one session alone, then ``options.sessions`` at once.

    Returns both runs; the first is None when only the second is wanted.
    """
    say(f"building a cloud of {options.hosts} computes")
    size = options.hosts // options.sessions
    scene = clouds.used(options.hosts, vcpus=_VCPUS, speed=options.speed, zone_hosts=size)
    settings = {
        "engine": {
            "max_sessions": options.sessions,
            "pool_size": options.pool_size,
        },
        # A manager may have to stand in a queue: it is not its silence that is measured.
        "workflow": {
            "project_maintenance_reply": 1800,
            "move_retry_interval": 1,
            "live_migration_retries": 50,
        },
        "api": {"rpc_timeout": 600, "threads": 2 * _ASKED_AT_ONCE + 8},
    }
    say(f"starting {options.engines} engines, {len(scene.owners)} managers")
    with Deployment(
        scene,
        neighbours,
        url,
        folder,
        settings,
        # A busy API may ask for an answer again, as the contract says; without it a session waits.
        managers=Managers(patience=options.limit),
        engines=options.engines,
        patience=options.limit,
    ) as fenix:
        watch = _Watch(fenix, neighbours)
        parts = [scene.computes[n * size : (n + 1) * size] for n in range(options.sessions)]
        alone = None
        if not options.no_alone:
            say(f"one session over {size} computes")
            alone = watch.run([parts[0]], options, say)
        say(f"{options.sessions} sessions over {size} computes each, at once")
        return alone, watch.run(parts, options, say)


class _Watch:
    def __init__(self, fenix, neighbours):
        self._fenix = fenix
        self._processes = {
            "api": fenix.api.cpu,
            **{f"engine {n + 1}": e.cpu for n, e in enumerate(fenix.engines)},
            "cloud and managers": lambda: sum(os.times()[:2]),
            **{
                name: lambda pid=pid: owners.cpu(pid) for name, pid in owners.of(neighbours).items()
            },
        }

    def run(self, parts, options, say):
        fenix = self._fenix
        cpu, machine = self._cpu(), owners.machine()
        statements, begun = fenix.statements(), time.monotonic()
        before = metrics.reaction(fenix.metrics)
        with fenix.cloud.at_rest():
            moves, calls = len(fenix.cloud.record.moves), fenix.cloud.record.api_total
        replies = len(fenix.managers.replies)
        ids = self._create(parts, options)
        say(f"created after {time.monotonic() - begun:.0f} s")
        self._wait(ids, begun + options.limit, say)
        seconds = time.monotonic() - begun
        used = {name: after - cpu[name] for name, after in self._cpu().items()}
        events = models.session_events
        history = sa.select(sa.func.count()).where(events.c.session_id.in_(ids))
        run = Run(
            sessions=len(parts),
            hosts=sum(map(len, parts)),
            instances=4 * sum(map(len, parts)),
            seconds=seconds,
            moves=sum(m.done for m in fenix.cloud.record.moves[moves:]),
            cpu=used,
            machine=owners.machine() - machine,
            memory=[e.peak() for e in fenix.engines],
            statements=fenix.statements() - statements,
            transitions=fenix.scalar(history),
            calls=fenix.cloud.record.api_total - calls,
            replies=len(fenix.managers.replies) - replies,
            reaction=metrics.less(metrics.reaction(fenix.metrics), before),
        )
        if fenix.cloud.record.violations:
            raise Failed(f"the cloud was hurt: {fenix.cloud.record.violations[0]}")
        for session_id in ids:
            fenix.delete(session_id)
        return run

    def _cpu(self):
        return {name: seconds() for name, seconds in self._processes.items()}

    def _create(self, parts, options):
        """Create the sessions, several at the same time; each begins when it is there."""
        todo, ids, errors = list(parts), [], []
        action = {
            "plugin": "dummy",
            "type": "host",
            "metadata": {"seconds": options.host_work / options.speed},
        }

        def work():
            while todo and not errors:
                try:
                    part = todo.pop()
                except IndexError:
                    return
                try:
                    ids.append(self._fenix.create(part, actions=[action]))
                except (Failed, exceptions.ClientException) as error:
                    errors.append(error)

        threads = [threading.Thread(target=work) for _ in range(_ASKED_AT_ONCE)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]
        return ids

    def _wait(self, ids, until, say):
        """Wait until all have ended well. Raises Failed when one did not, or not in time."""
        fenix, table, hosts = self._fenix, models.sessions, models.hosts
        states = sa.select(table.c.state, table.c.reason).where(table.c.session_id.in_(ids))
        maintained = (
            sa.select(sa.func.count())
            .select_from(hosts)
            .where(hosts.c.session_id.in_(ids), hosts.c.maintained.is_(sa.true()))
        )
        told = time.monotonic()
        while True:
            for process in (fenix.api, *fenix.engines):
                process.demand_alive()
            if fenix.managers.failures:
                raise Failed(f"a manager was refused: {fenix.managers.failures[0]}")
            with fenix.database.reader() as read:
                found = read.execute(states).all()
                done = read.scalar(maintained)
            failed = [row.reason for row in found if row.state == _STATES[1]]
            if failed:
                raise Failed(f"{len(failed)} sessions failed: {failed[0]}")
            if all(row.state == _STATES[0] for row in found):
                return
            now = time.monotonic()
            if now > until:
                raise Failed(f"not in time: {done} hosts are maintained")
            if now - told > 30:
                told = now
                say(f"{done} hosts are maintained")
            time.sleep(0.5)
