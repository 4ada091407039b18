"""How long a plan takes and how much memory, and how both grow with the cloud."""

import logging
import math
import resource
import subprocess
import sys
import time

from benchmarks.figures import Figure
from benchmarks.planning import sample
from fenix.planner import bounds
from fenix.planner.plan import plan
from fenix.planner.search import Options
from fenix.simulator.session import simulate

_HOSTS = (100, 1000)


def _measure(hosts):
    """Seconds and MiB of one plan; in a process of its own, so that the peak is the plan's."""
    cloud = sample.picture(sample.equal(hosts, 14))
    times = bounds.Times(sample.MOVE, sample.HOST, parallel_moves=sample.PARALLEL)
    begin = time.process_time()
    made = plan(cloud, Options(), times)
    seconds = time.process_time() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(seconds, peak, made.course.waves)


def figures(_options, log):
    """Plans of 100 and 1,000 hosts, and a whole session of 1,000."""
    seconds, peak = {}, {}
    for hosts in _HOSTS:
        log(f"a plan of {hosts} hosts")
        runs = [
            subprocess.run(
                [sys.executable, "-m", __name__, str(hosts)],
                check=True,
                capture_output=True,
                text=True,
            ).stdout.split()
            for _ in range(3)
        ]
        seconds[hosts] = min(float(r[0]) for r in runs)
        peak[hosts] = max(float(r[1]) for r in runs)
    small, large = _HOSTS
    more = seconds[large] / seconds[small]
    fair = large * math.log(large) / (small * math.log(small))
    log(f"a session of {large} hosts")
    begin = time.process_time()
    taken = sample.Sample(f"{large} equal hosts", 0, sample.equal(large, 14), True)
    result = simulate(sample.scenario(taken, 100))
    spent = time.process_time() - begin
    return [
        Figure("plan of 1,000 hosts, 14,000 instances", round(seconds[large], 2), 20, "s"),
        Figure("memory of that plan", round(peak[large], 1), 500, "MiB"),
        Figure(
            "growth of the plan from 100 to 1,000 hosts / n log n",
            round(more / fair, 2),
            2,
            compared=f"{seconds[large]:.2f} s / {seconds[small]:.3f} s = {more:.1f}; "
            f"n log n grows {fair:.0f} times",
        ),
        Figure(
            "a whole session of 1,000 hosts, simulated",
            round(spent, 1),
            120,
            "s",
            compared=f"{result.state}, {result.waves} waves, {result.moves} moves, "
            f"{result.seconds:.0f} s of virtual time, {result.handler_runs} runs of the workflow",
        ),
    ]


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    _measure(int(sys.argv[1]))
