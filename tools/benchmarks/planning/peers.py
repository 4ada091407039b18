"""Other tools' policies on the simulated cloud: the same hosts, instances, times and capacity.

* *one host at a time*: its instances go to any enabled host with room, at random (a loop over
  hosts that leaves the target to a scheduler).
* *batches of ten*: ten hosts at once, the next ten when all are back; maintained hosts are
  preferred as targets, of these the one with most room.
* *blind batches of ten*: the same with any enabled host, at random.

A host of a batch whose instances find no room waits for the next batch.
"""

import dataclasses
import random

from fenix.simulator import faults, topology
from fenix.simulator.clock import Agenda, Clock
from fenix.simulator.cloud import Cloud
from fenix.simulator.judge import Judge
from fenix.simulator.moves import Moves


@dataclasses.dataclass(frozen=True)
class Outcome:
    """``makespan``: seconds from the first drain to the last host back; ``left``: hosts undone."""

    makespan: float
    moves: int
    left: int


class _Peer:
    """Runs batches on a cloud of its own."""

    def __init__(self, made, batch, aware, parallel, seed):
        self.clock = Clock()
        self.agenda = Agenda(self.clock)
        rng = random.Random(seed)
        self.cloud = Cloud(made, self.clock, self.agenda, topology.STEADY, rng)
        self.moves = Moves(self.cloud, faults.NONE)
        self.judge = Judge(made, self.clock)
        self.judge.begin(self.cloud.servers)
        self.cloud.watchers.append(self.judge)
        self.batch, self.aware, self.parallel = batch, aware, parallel
        self.waiting = [h.name for h in made.hosts if not h.outside]
        self.done = {h.name for h in made.hosts if h.outside}
        self.reserved = {}

    def run(self):
        while self.waiting:
            chosen = self._choose()
            if not chosen:
                break
            self._work(chosen)
        return Outcome(self.clock.seconds, self.judge.moves, len(self.waiting))

    def _choose(self):
        """The next hosts, with a target for each of their instances."""
        plan = {}
        self.reserved = {n: [h.vcpus, h.memory_mb, h.disk_gb] for n, h in self.cloud.hosts.items()}
        candidates = self.waiting[: self.batch]
        for name in candidates:
            self.cloud.hosts[name].enabled = False
        while candidates:
            plan = self._targets(candidates)
            if plan is not None:
                break
            self.cloud.hosts[candidates.pop()].enabled = True
            self.reserved = {
                n: [h.vcpus, h.memory_mb, h.disk_gb] for n, h in self.cloud.hosts.items()
            }
        if not candidates and self.waiting:
            # The first host cannot be emptied: any other that can be comes before it.
            for name in self.waiting[1:]:
                self.cloud.hosts[name].enabled = False
                plan = self._targets([name])
                if plan is not None:
                    candidates = [name]
                    break
                self.cloud.hosts[name].enabled = True
        self.waiting = [n for n in self.waiting if n not in candidates]
        return {n: plan[n] for n in candidates}

    def _targets(self, names):
        plan = {}
        taken = {}
        for name in names:
            plan[name] = []
            servers = sorted(self.cloud.on(name), key=lambda s: (-s.vcpus, s.server_id))
            for server in servers:
                target = self._target(server, taken)
                if target is None:
                    self._give_back(taken)
                    return None
                taken[server.server_id] = (server, target)
                plan[name].append((server, target))
        return plan

    def _give_back(self, taken):
        for server, target in taken.values():
            used = self.reserved[target]
            for index, amount in enumerate((server.vcpus, server.memory_mb, server.disk_gb)):
                used[index] -= amount

    def _target(self, server, taken):
        """An enabled host with room: any, or one that is maintained if the policy knows that."""
        best = None
        for name, host in self.cloud.hosts.items():
            used, spec = self.reserved[name], host.spec
            if not host.enabled or name == server.host:
                continue
            if (
                used[0] + server.vcpus > spec.vcpus
                or used[1] + server.memory_mb > spec.memory_mb
                or used[2] + server.disk_gb > spec.disk_gb
                or self._meets(server, name, taken)
            ):
                continue
            if self.aware:
                rank = (name in self.done, spec.memory_mb - used[1], name)
            else:
                rank = (False, self.cloud.rng.random(), name)
            if best is None or rank > best:
                best = rank
        if best is None:
            return None
        used = self.reserved[best[2]]
        for index, amount in enumerate((server.vcpus, server.memory_mb, server.disk_gb)):
            used[index] += amount
        return best[2]

    def _meets(self, server, name, taken):
        group = self.cloud.groups.get(server.group_id or "")
        if group is None or not group.anti_affinity:
            return False
        members = self.cloud.members[group.group_id] - {server.server_id}
        return any(
            self.cloud.servers[m].host == name or (m in taken and taken[m][1] == name)
            for m in members
        )

    def _work(self, plan):
        """Empty and maintain a batch; hosts of it do not wait for one another."""
        for name, moves in plan.items():
            self._drain(name, list(moves), [0])
        while (due := self.agenda.next_at()) is not None:
            self.clock.set(due)
            self.agenda.run_due()

    def _drain(self, name, moves, running):
        """Keep so many moves going, then maintain the host."""
        while moves and running[0] < self.parallel:
            server, target = moves.pop(0)
            running[0] += 1
            self.moves.live(server, target)
            self._await(name, server, moves, running)
        if not moves and not running[0]:
            self.agenda.after(topology.STEADY.host(None), lambda: self._back(name))

    def _await(self, name, server, moves, running):
        def look():
            if server.task_state is not None:
                self.agenda.after(1.0, look)
                return
            if server.host == name:
                raise RuntimeError(f"{server.server_id} was not moved off {name}")
            running[0] -= 1
            self._drain(name, moves, running)

        self.agenda.after(1.0, look)

    def _back(self, name):
        self.cloud.hosts[name].enabled = True
        self.done.add(name)


POLICIES = {
    "one host at a time": (1, False),
    "batches of ten": (10, True),
    "blind batches of ten": (10, False),
}


def run(name, made, parallel, seed=0):
    """What a policy makes of a cloud."""
    batch, aware = POLICIES[name]
    return _Peer(made, batch, aware, parallel, seed).run()
