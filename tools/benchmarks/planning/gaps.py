"""Sessions on small clouds, held against the best course that exists."""

import dataclasses

from benchmarks.figures import Figure
from benchmarks.planning import exact, sample
from fenix import states
from fenix.simulator import clouds
from fenix.simulator.session import simulate

_SIZES = ((2, 8192, 20), (4, 16384, 40))
_SHAPES = (
    clouds.Shape(5, 0.7, flavors=_SIZES),
    clouds.Shape(6, 0.6, flavors=_SIZES, spread=0.2),
    clouds.Shape(6, 0.75, flavors=_SIZES, apart=0.3),
    clouds.Shape(7, 0.65, flavors=_SIZES, unequal=True),
    clouds.Shape(8, 0.7, flavors=_SIZES),
    clouds.Shape(8, 0.8, flavors=_SIZES, apart=0.3),
    clouds.Shape(8, 0.6, flavors=_SIZES, spread=0.3, outside=1),
)


@dataclasses.dataclass(frozen=True)
class _Gap:
    value: float
    text: str


def figures(options, log):
    """Mean and worst gap of waves (all may move twice) and of moves (one first host)."""
    found = {"waves": [], "moves": []}
    missed, unproven = [], 0
    for number, shape in enumerate(_SHAPES):
        for seed in range(1, options.clouds + 1):
            made = clouds.generate(shape, seed * 100 + number)
            taken = sample.Sample(f"{shape.hosts} hosts, {shape.used:.0%}", seed, made)
            log(f"exact: {taken.name}, seed {seed * 100 + number}")
            for objective, percent in (("waves", 100), ("moves", 0)):
                result = simulate(sample.scenario(taken, percent))
                where = f"{taken.name}, shape {number}, seed {seed * 100 + number}"
                if result.state != states.MAINTENANCE_DONE:
                    if exact.exists(made):
                        missed.append(f"{where}: {result.reason}")
                    continue
                best = exact.best(made, len(made.servers) * percent // 100, objective, result)
                unproven += not best.proven
                ours, theirs = getattr(result, objective), getattr(best, objective)
                found[objective].append(
                    _Gap((ours - theirs) / theirs, f"{ours} / {theirs}: {where}")
                )
    return [*_gaps(found), *_failures(missed, unproven)]


def _gaps(found):
    for objective, gaps in found.items():
        worst = max(gaps, key=lambda g: g.value)
        mean = sum(g.value for g in gaps) / len(gaps)
        what = f"{objective} beyond the exact solver's, clouds of <= 8 hosts"
        count = f"{len(gaps)} clouds"
        yield Figure(f"{what}: mean", round(100 * mean, 2), 5, "%", compared=count)
        yield Figure(f"{what}: worst", round(100 * worst.value, 2), 15, "%", compared=worst.text)


def _failures(missed, unproven):
    yield Figure(
        "small clouds that the exact solver can maintain and a session cannot",
        len(missed),
        0,
        compared="; ".join(missed[:3]),
    )
    yield Figure("small clouds that the exact solver left open", unproven, 0)
