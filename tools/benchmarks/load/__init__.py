"""``tools/bench load``: many sessions at once on a large cloud, over several engines."""

import argparse
import json
import logging
import pathlib
import shutil
import sys
import tempfile

#: Of --short.
_SHORT = {"hosts": 20, "sessions": 2, "engines": 2, "speed": 20.0}


def main(argv):
    """Measure and print; returns the exit status: 0 when every session ended well."""
    options = _options(argv)
    # Only now: what the service is made of must not be needed to read the help.
    from fenix import concurrency

    concurrency.setup()
    from benchmarks.load import measure, table
    from benchmarks.service.neighbours import Missing, found

    folder = pathlib.Path(tempfile.mkdtemp(prefix="fenix-load-"))
    logging.basicConfig(filename=folder / "bench.log", level=logging.WARNING)
    try:
        with found() as neighbours, neighbours.database() as url:
            runs = measure.measure(neighbours, url, folder, options, _say)
    except Missing as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except Exception as error:
        logging.exception("The bench failed")
        print(f"bench: {type(error).__name__}: {error}; the logs are in {folder}", file=sys.stderr)
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    rows = table.rows(options, *runs)
    if options.json:
        print(json.dumps({"rows": rows}))
    else:
        print(table.text(options, rows))
    return 0


def _options(argv):
    parser = argparse.ArgumentParser(prog="tools/bench load", description=__doc__)
    parser.add_argument("--hosts", type=int, default=10000, help="computes, with 4 instances each")
    parser.add_argument("--sessions", type=int, default=50, help="sessions, on disjoint hosts")
    parser.add_argument("--engines", type=int, default=3, help="engine processes")
    parser.add_argument(
        "--speed", type=float, default=4.0, help="model seconds of the cloud in a second"
    )
    parser.add_argument(
        "--host-work", type=float, default=10.0, help="model seconds that a host action takes"
    )
    parser.add_argument(
        "--pool-size", type=int, default=32, help="host actions at once in one engine"
    )
    parser.add_argument(
        "--no-alone", action="store_true", help="do not run one session alone before"
    )
    parser.add_argument(
        "--limit", type=float, default=1800.0, help="seconds after which it gives up"
    )
    parser.add_argument("--short", action="store_true", help="a small cloud: shows that it works")
    parser.add_argument("--json", action="store_true", help="print only the rows, as JSON")
    options = parser.parse_args(argv)
    if options.short:
        vars(options).update(_SHORT)
    for name in ("sessions", "engines", "speed", "pool_size", "limit"):
        if getattr(options, name) <= 0:
            parser.error(f"--{name.replace('_', '-')} must be more than 0")
    if options.host_work < 0:
        parser.error("--host-work must not be negative")
    if options.hosts < 5 * options.sessions:
        parser.error("a session needs 5 hosts, so that one of them can be emptied")
    return options


def _say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)
