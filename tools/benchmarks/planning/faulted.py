"""Random sessions in which much goes wrong: nothing that must not happen may happen."""

import collections
import concurrent.futures
import logging
import os

from benchmarks.figures import Figure
from fenix.simulator.judge import KINDS
from fenix.simulator.random_sessions import scenario
from fenix.simulator.session import WORKFLOWS, simulate

_CHUNK = 50


def _chunk(job):
    """Ends and violations of a chunk of seeds; in a process of its own."""
    logging.disable(logging.CRITICAL)
    workflow, seeds = job
    ends, found = collections.Counter(), []
    for seed in seeds:
        result = simulate(scenario(seed, workflow))
        ends[result.state] += 1
        found.extend((v.kind, f"{workflow} seed {seed}: {v.what}") for v in result.violations)
    return ends, found


def _jobs(sessions, first):
    share = -(-sessions // len(WORKFLOWS))
    for workflow in WORKFLOWS:
        for start in range(first, first + share, _CHUNK):
            yield workflow, range(start, min(start + _CHUNK, first + share))


def figures(options, log):
    """One figure for each kind of violation, over so many sessions of all workflows."""
    ends, by_kind = collections.Counter(), collections.defaultdict(list)
    done = 0
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
        for made, found in pool.map(_chunk, _jobs(options.sessions, options.first_seed)):
            ends.update(made)
            done += sum(made.values())
            for kind, what in found:
                by_kind[kind].append(what)
            if done % 1000 < _CHUNK:
                log(f"{done} random sessions with faults")
    text = ", ".join(f"{n} {state}" for state, n in sorted(ends.items()))
    return [
        Figure(
            f"random faulted sessions: {what}",
            len(by_kind[kind]),
            0,
            compared="; ".join([f"of {done} sessions ({text})", *by_kind[kind][:3]]),
        )
        for kind, what in KINDS.items()
    ]
