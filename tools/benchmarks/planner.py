"""``tools/bench planner``: the planner and whole sessions, in virtual time.

Everything is a ratio to a bound, to an exact solver or to another policy on the same cloud, or a
count of what must not happen. The cloud is simulated, the engine and the workflows are the real
ones.
"""

import argparse
import importlib
import logging
import sys

from benchmarks.figures import report

#: Parts by name: the module of ``benchmarks.planning`` that measures it.
PARTS = {
    "bounds": "ratios",
    "exact": "gaps",
    "peers": "policies",
    "scale": "scale",
    "faults": "faulted",
}


def _arguments(argv):
    parser = argparse.ArgumentParser(prog="tools/bench planner", description=__doc__)
    parser.add_argument(
        "--sessions", type=int, default=20_000, help="random sessions with faults (%(default)s)"
    )
    parser.add_argument(
        "--full", action="store_const", dest="sessions", const=100_000, help="100,000 of them"
    )
    parser.add_argument("--first-seed", type=int, default=0, help="of the random sessions")
    parser.add_argument(
        "--clouds", type=int, default=3, help="seeds for each kind of cloud (%(default)s)"
    )
    parser.add_argument(
        "--hosts",
        type=_range,
        default=(1, 1000),
        metavar="LEAST-MOST",
        help="the size of the clouds of 'bounds' (1-1000)",
    )
    parser.add_argument("--only", action="append", choices=PARTS, help="this part; may be repeated")
    parser.add_argument("--json", action="store_true", help="figures for a program")
    return parser.parse_args(argv)


def _range(text):
    least, _, most = text.partition("-")
    return int(least), int(most or least)


def _log(text):
    print(text, file=sys.stderr, flush=True)


def main(argv):
    """Measure and print. Returns 0 when every figure is within its limit."""
    options = _arguments(argv)
    logging.disable(logging.CRITICAL)
    found = []
    for name in options.only or PARTS:
        # Not at the top: one part alone needs the exact solver.
        part = importlib.import_module(f"benchmarks.planning.{PARTS[name]}")
        found.extend(part.figures(options, _log))
    return report(found, options.json)
