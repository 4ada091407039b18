"""The best possible course of a session on a small cloud, by constraint programming.

A model of its own, not the planner's: every host has a wave. A host of wave *w* is emptied onto
hosts of earlier waves or outside the session, where its instances stay; the first ones, all of
wave 1, may be emptied onto hosts of later waves instead, whose drain then moves those instances
once more. Instances of the same host and size that are in no group are interchangeable, so they
are counted, not named.
"""

import collections
import dataclasses

from ortools.sat.python import cp_model

_SECONDS = 20.0


@dataclasses.dataclass(frozen=True)
class Best:
    """The least waves, or moves. ``proven``: nothing better exists."""

    waves: int
    moves: int
    proven: bool


@dataclasses.dataclass(frozen=True)
class _Kind:
    """Instances that are interchangeable."""

    host: str
    size: tuple
    group: str | None
    count: int


def _kinds(made):
    apart = {g.group_id for g in made.groups if g.anti_affinity}
    counted = collections.Counter()
    named = []
    outside = {h.name for h in made.hosts if h.outside}
    for server in made.servers:
        size = (server.vcpus, server.memory_mb, server.disk_gb)
        if server.host in outside:
            continue
        if server.group_id in apart:
            named.append(_Kind(server.host, size, server.group_id, 1))
        else:
            counted[server.host, size] += 1
    return named + [_Kind(host, size, None, n) for (host, size), n in counted.items()]


class _Course:
    """The model of one cloud."""

    def __init__(self, made, second_moves, objective, known):
        self.model = model = cp_model.CpModel()
        self.known = known
        self.hosts = {h.name: h for h in made.hosts}
        self.ours = [h.name for h in made.hosts if not h.outside]
        self.outside = [h.name for h in made.hosts if h.outside]
        self.kinds = _kinds(made)
        count = len(self.ours)
        self.wave = {h: model.new_int_var(1, count, f"wave {h}") for h in self.ours}
        self.first = {h: model.new_bool_var(f"first {h}") for h in self.ours}
        self.before = {}
        self.in_wave = {}
        for a in self.ours:
            model.add(self.wave[a] == 1).only_enforce_if(self.first[a])
            for b in self.ours:
                if a != b:
                    self.before[a, b] = model.new_bool_var(f"{a} before {b}")
                    model.add(self.wave[a] < self.wave[b]).only_enforce_if(self.before[a, b])
        # By the host where they are, then by the host that they stay on.
        self.passing = collections.defaultdict(list)
        self.staying = collections.defaultdict(list)
        self.second = []
        for number, kind in enumerate(self.kinds):
            self._place(number, kind)
        self._capacities(made)
        moved_twice = sum(self.second)
        limit = max(second_moves, 0)
        single = model.new_bool_var("a single first host")
        model.add(sum(self.first.values()) <= 1).only_enforce_if(single)
        model.add(moved_twice <= limit).only_enforce_if(single.negated())
        self.longest = model.new_int_var(1, count, "waves")
        model.add_max_equality(self.longest, list(self.wave.values()))
        self.moved_twice = moved_twice
        self._waves_fit(made, known.waves if objective == "waves" else count)
        if objective == "waves":
            model.add(self.longest <= known.waves - 1)
        else:
            model.add(moved_twice <= known.moves - sum(k.count for k in self.kinds) - 1)
        model.minimize(self.longest if objective == "waves" else moved_twice)

    def _place(self, number, kind):
        model, source = self.model, kind.host
        directly = []
        for target in [*self.ours, *self.outside]:
            if target == source:
                continue
            goes = model.new_int_var(0, kind.count, f"{number} stays on {target}")
            model.add(goes == 0).only_enforce_if(self.first[source])
            if target in self.first:
                model.add(goes == 0).only_enforce_if(self.before[target, source].negated())
            directly.append(goes)
            self.staying[target].append((kind, goes))
        by_way = [self._pass(number, kind, way) for way in self.ours if way != source]
        by_way += [self._first_outside(number, kind, way) for way in self.outside]
        model.add(sum(directly) + sum(by_way) == kind.count)

    def _first_outside(self, number, kind, way):
        goes = self.model.new_int_var(0, kind.count, f"{number} first to {way}")
        self.model.add(goes == 0).only_enforce_if(self.first[kind.host].negated())
        self.staying[way].append((kind, goes))
        return goes

    def _pass(self, number, kind, way):
        """Instances of a first host on a host that is emptied later."""
        model = self.model
        goes = model.new_int_var(0, kind.count, f"{number} by way of {way}")
        model.add(goes == 0).only_enforce_if(self.first[kind.host].negated())
        model.add(goes == 0).only_enforce_if(self.first[way])
        self.passing[way].append((kind, goes))
        self.second.append(goes)
        onwards = []
        for target in [*self.ours, *self.outside]:
            if target == way:
                continue
            then = model.new_int_var(0, kind.count, f"{number} by {way} to {target}")
            if target in self.first:
                model.add(then == 0).only_enforce_if(self.before[target, way].negated())
            onwards.append(then)
            self.staying[target].append((kind, then))
        model.add(sum(onwards) == goes)
        return goes

    def _capacities(self, made):
        used = {name: [0, 0, 0] for name in self.hosts}
        members = collections.Counter()
        apart = {g.group_id for g in made.groups if g.anti_affinity}
        for server in made.servers:
            for index, amount in enumerate((server.vcpus, server.memory_mb, server.disk_gb)):
                used[server.host][index] += amount
            if server.group_id in apart:
                members[server.host, server.group_id] += 1
        for name, host in self.hosts.items():
            whole = (host.vcpus, host.memory_mb, host.disk_gb)
            there = used[name] if host.outside else [0, 0, 0]
            for index in range(3):
                if whole[index] < sum(k.size[index] * k.count for k in self.kinds) + there[index]:
                    self._fits(self.staying[name], index, whole[index] - there[index])
                self._fits(self.passing[name], index, whole[index] - used[name][index])
            for group_id in apart:
                here = members[name, group_id]
                staying = [n for k, n in self.staying[name] if k.group == group_id]
                passing = [n for k, n in self.passing[name] if k.group == group_id]
                if staying:
                    self.model.add(sum(staying) <= 1 - (here if host.outside else 0))
                if passing:
                    self.model.add(sum(passing) <= max(0, 1 - here))

    def _waves_fit(self, made, most):
        """Hosts of one wave are out together: what runs has to fit into the others."""
        for index in range(3):
            capacity = {h.name: int((h.vcpus, h.memory_mb, h.disk_gb)[index]) for h in made.hosts}
            used = sum(int((s.vcpus, s.memory_mb, s.disk_gb)[index]) for s in made.servers)
            free = sum(capacity.values()) - used
            for number in range(1, most + 1):
                out = []
                for host in self.ours:
                    key = (host, number)
                    if key not in self.in_wave:
                        self.in_wave[key] = is_in = self.model.new_bool_var(f"{key}")
                        self.model.add(self.wave[host] == number).only_enforce_if(is_in)
                        self.model.add(self.wave[host] != number).only_enforce_if(is_in.negated())
                    out.append(capacity[host] * self.in_wave[key])
                self.model.add(sum(out) <= free)

    def _fits(self, entries, index, room):
        if entries:
            taken = sum(int(k.size[index]) * n for k, n in entries)
            self.model.add(taken <= int(max(room, 0)))

    def solve(self):
        solver = cp_model.CpSolver()
        solver.parameters.max_time_in_seconds = _SECONDS
        solver.parameters.num_workers = 2
        status = solver.solve(self.model)
        if status == cp_model.INFEASIBLE:
            return Best(self.known.waves, self.known.moves, True)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return Best(self.known.waves, self.known.moves, False)
        everything = sum(k.count for k in self.kinds)
        twice = int(solver.value(self.moved_twice)) if self.second else 0
        return Best(int(solver.value(self.longest)), everything + twice, status == cp_model.OPTIMAL)


def best(made, second_moves, objective, known):
    """The best course.

    :param second_moves: how many instances may move twice; a single first host is always allowed.
    :param objective: ``waves`` or ``moves``.
    :param known: a course that exists (a :class:`Best`, or anything with ``waves`` and ``moves``);
        the solver looks for a better one, which is much less work than to look for any.
    """
    return _Course(made, second_moves, objective, known).solve()


def exists(made):
    """Whether there is a course at all."""
    worst = Best(len(made.hosts) + 1, 3 * len(made.servers) + 1, False)
    found = best(made, len(made.servers), "waves", worst)
    return found.waves <= len(made.hosts)
