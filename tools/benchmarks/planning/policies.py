"""Sessions held against other tools' policies on the same clouds, in the same run."""

from benchmarks.figures import Figure
from benchmarks.planning import peers, sample
from fenix import states
from fenix.simulator import clouds
from fenix.simulator.session import simulate


def _samples(seeds):
    yield sample.Sample("50 equal hosts, 13/16", 0, sample.equal(50, 13), True)
    yield sample.Sample("100 equal hosts, 12/16", 0, sample.equal(100, 12), True)
    for seed in seeds:
        for shape in (clouds.Shape(40, 0.75, spread=0.1), clouds.Shape(60, 0.8, unequal=True)):
            unequal = ", unequal" if shape.unequal else ""
            name = f"{shape.hosts} hosts, {shape.used:.0%}{unequal}"
            yield sample.Sample(name, seed, clouds.generate(shape, seed))


def figures(options, log):
    """Time and moves relative to each policy; below 1 is less than theirs."""
    times = {name: [] for name in peers.POLICIES}
    moves = {name: [] for name in peers.POLICIES}
    undone = dict.fromkeys(peers.POLICIES, 0)
    for taken in _samples(range(1, options.clouds + 1)):
        log(f"peers: {taken.name}, seed {taken.seed}")
        ours = simulate(sample.scenario(taken, 20))
        if ours.state != states.MAINTENANCE_DONE:
            raise RuntimeError(f"{taken.name}, seed {taken.seed}: {ours.reason}")
        for name in peers.POLICIES:
            theirs = peers.run(name, taken.topology, sample.PARALLEL, taken.seed)
            if theirs.left:
                undone[name] += 1
                continue
            where = f"{taken.name}, seed {taken.seed}"
            time = f"{ours.makespan:.0f} s / {theirs.makespan:.0f} s: {where}"
            times[name].append((ours.makespan / theirs.makespan, time))
            text = f"{ours.moves} / {theirs.moves}: {where}"
            moves[name].append((ours.moves / theirs.moves, text))
    for name in peers.POLICIES:
        left = f"; {undone[name]} clouds it could not finish" if undone[name] else ""
        # A policy that knows where instances can stay is beaten in time with second moves.
        aware = peers.POLICIES[name][1]
        yield from _worst(f"time / {name}", times[name], 1.0, left)
        yield from _worst(f"moves / {name}", moves[name], 1.2 if aware else 1.0, left)


def _worst(name, ratios, limit, left):
    if ratios:
        value, text = max(ratios)
        mean = sum(r for r, _ in ratios) / len(ratios)
        compared = f"worst of {len(ratios)}; mean {mean:.3f}; {text}{left}"
        yield Figure(name, round(value, 4), limit, compared=compared)
