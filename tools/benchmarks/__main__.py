"""``python -m benchmarks KIND [options]``: see ``tools/bench``."""

import importlib
import sys

#: A kind is a module of this package with ``main(argv) -> int``, the exit status.
KINDS = {
    "service": "the running service: how fast it reacts, and how its cost grows with the cloud",
    "load": "many sessions at once on a large cloud: throughput, and where processor time goes",
    "planner": "the planner and whole sessions in virtual time: against bounds and other policies",
}


def main(argv):
    kind = argv[0] if argv else "--help"
    if kind in KINDS:
        return importlib.import_module(f"benchmarks.{kind}").main(argv[1:])
    print("usage: tools/bench KIND [options]\n")
    for name, what in KINDS.items():
        print(f"  {name:<10}{what}")
    if kind in ("-h", "--help"):
        return 0
    print(f"there is no kind {kind!r}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
