"""Sessions on generated clouds, held against the bounds of the planner."""

import collections
import dataclasses

from benchmarks.figures import Figure
from benchmarks.planning import sample
from fenix import states
from fenix.planner import bounds
from fenix.simulator.session import simulate

SHARES = (0, 20, 100)


@dataclasses.dataclass(frozen=True)
class Ratio:
    """One session: what came of it and what it was compared with."""

    sample: sample.Sample
    value: float
    measured: float
    bound: float

    def text(self):
        """For a reader."""
        made = f"{self.measured:g} / {self.bound:g}"
        return f"{made}: {self.sample.name}, seed {self.sample.seed}"


class Table:
    """Ratios by name, and what went wrong."""

    def __init__(self):
        self.ratios = collections.defaultdict(list)
        self.undone = []
        self.impossible = []
        self.violations = []

    def add(self, name, taken, measured, bound):
        """A session's figure against its bound."""
        if bound:
            self.ratios[name].append(Ratio(taken, measured / bound, measured, bound))

    def figure(self, name, limit):
        """The worst ratio of a name."""
        found = self.ratios[name]
        worst = max(found, key=lambda r: r.value)
        mean = sum(r.value for r in found) / len(found)
        text = f"worst of {len(found)}; mean {mean:.3f}; {worst.text()}"
        return Figure(name, round(worst.value, 4), limit, compared=text)


def one_first(made):
    """The least waves when one host only may be emptied onto hosts that come later.

    Of equal hosts. A relaxation: instances may be split, so that in every wave the hosts with
    least on them go, as many as there is room for.
    """
    capacity = made.hosts[0].vcpus
    held = collections.Counter({h.name: 0 for h in made.hosts})
    for server in made.servers:
        held[server.host] += server.vcpus
    waiting = sorted(held.values())
    first = waiting.pop(0)
    waves, room = 1, capacity
    # What the first one held is on others now: best where that makes no host the last.
    extra = first
    for index in reversed(range(len(waiting))):
        added = min(extra, capacity - waiting[index])
        waiting[index] += added
        extra -= added
    waiting.sort()
    while waiting and waiting[0] <= room:
        gone = []
        while waiting and sum(gone) + waiting[0] <= room:
            gone.append(waiting.pop(0))
        room += capacity * len(gone) - sum(gone)
        waves += 1
    return waves


def _run(table, taken, percent, workflow="default"):
    scenario = dataclasses.replace(sample.scenario(taken, percent), workflow=workflow)
    result = simulate(scenario)
    where = f"{taken.name}, seed {taken.seed}, {percent} %"
    table.violations.extend(f"{where}: {v.kind}: {v.what}" for v in result.violations)
    if result.state != states.MAINTENANCE_DONE:
        if not bounds.waves(sample.picture(taken.topology)):
            table.impossible.append(where)
            return None
        table.undone.append(f"{where}: {result.reason}")
        return None
    return result


def _sessions(table, taken):
    times = bounds.Times(sample.MOVE, sample.HOST, parallel_moves=sample.PARALLEL)
    least = bounds.bounds(sample.picture(taken.topology), times)
    kind = "equal hosts" if taken.even else "random clouds"
    count = len(taken.topology.servers)
    for percent in SHARES:
        result = _run(table, taken, percent)
        if result is None:
            continue
        if percent == 100:
            table.add(
                f"waves / bound, {kind}, second moves 100 %", taken, result.waves, least.waves
            )
            _makespan(table, kind, taken, result, least)
        if percent == 20:
            table.add("moves / instances, second moves 20 %", taken, result.moves, count)
        if percent == 0:
            table.add("moves / bound, second moves 0 %", taken, result.moves, least.moves)
            if taken.even:
                name = "waves / best with one first host, equal hosts, second moves 0 %"
                table.add(name, taken, result.waves, one_first(taken.topology))


def _makespan(table, kind, taken, result, least):
    """Where emptying takes long, every wave but the last has to be emptied before it."""
    drain = _longest_drain(taken.topology)
    if drain <= 0.2 * sample.HOST:
        name = f"makespan / bound, draining <= 0.2 T_host, {kind}"
        table.add(name, taken, result.makespan, least.makespan)
    else:
        whole = least.waves * (sample.HOST + drain) - drain
        table.add(f"makespan / bound with draining, {kind}", taken, result.makespan, whole)


def _longest_drain(made):
    """Seconds to empty the host for which that takes longest, with the pace of its groups."""
    groups = {g.group_id: g for g in made.groups if g.constrained}
    longest = 0.0
    for host in made.hosts:
        there = [s for s in made.servers if s.host == host.name]
        longest = max(longest, -(-len(there) // sample.PARALLEL) * sample.MOVE)
        members = collections.Counter(s.group_id for s in there if s.group_id in groups)
        for group_id, count in members.items():
            group = groups[group_id]
            rounds = -(-count // max(1, group.max_impacted_members))
            pace = rounds * sample.MOVE + (rounds - 1) * group.recovery_time
            longest = max(longest, pace)
    return longest


def _paced(table, taken):
    """A session in which groups set the pace."""
    times = bounds.Times(sample.MOVE, sample.HOST, parallel_moves=sample.PARALLEL)
    least = bounds.bounds(sample.picture(taken.topology), times)
    result = _run(table, taken, 100, "vnf")
    if result is not None:
        _makespan(table, "groups with constraints (vnf)", taken, result, least)


#: Figures in the order of the table, with their limits; the goals of the design.
LIMITS = {
    "waves / bound, equal hosts, second moves 100 %": 1.0,
    "waves / bound, random clouds, second moves 100 %": 1.1,
    "moves / instances, second moves 20 %": 1.2,
    "moves / bound, second moves 0 %": 1.0,
    "waves / best with one first host, equal hosts, second moves 0 %": 1.0,
    **{
        f"makespan / bound{how}, {kind}": 1.25
        for kind in ("equal hosts", "random clouds", "groups with constraints (vnf)")
        for how in (", draining <= 0.2 T_host", " with draining")
    },
}


def figures(options, log):
    """Every figure against a bound."""
    table, seeds = Table(), range(1, options.clouds + 1)
    least, most = options.hosts
    for measure, taken in (
        *((_sessions, t) for t in (*sample.even(), *sample.mixed(seeds))),
        *((_paced, t) for t in sample.grouped(seeds)),
    ):
        if least <= len(taken.topology.hosts) <= most:
            log(f"{taken.name}, seed {taken.seed}")
            measure(table, taken)
    found = [table.figure(n, limit) for n, limit in LIMITS.items() if table.ratios[n]]
    if table.impossible:
        text = f"clouds of which no host can be emptied, certainly: {'; '.join(table.impossible)}"
        log(text)
    for name, what in (
        ("sessions on generated clouds that are not done", table.undone),
        ("violations in sessions on generated clouds", table.violations),
    ):
        found.append(Figure(name, len(what), 0, compared="; ".join(what[:5])))
    return found
