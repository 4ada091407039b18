"""``tools/bench service``: the running service, its API and engine as processes of their own."""

import argparse
import logging
import pathlib
import shutil
import sys
import tempfile

from benchmarks import figures

MEASUREMENTS = ("reaction", "growth", "reading", "memory")


def main(argv):
    """Measure; returns the exit status."""
    parser = argparse.ArgumentParser(prog="tools/bench service", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print only the figures, as JSON")
    parser.add_argument("--short", action="store_true", help="small clouds: shows that it works")
    parser.add_argument(
        "--only", choices=MEASUREMENTS, action="append", help="not everything (repeatable)"
    )
    options = parser.parse_args(argv)
    # Only now: what the service is made of must not be needed to read the help.
    from fenix import concurrency

    concurrency.setup()
    from benchmarks.service.neighbours import Missing, found

    folder = pathlib.Path(tempfile.mkdtemp(prefix="fenix-bench-"))
    logging.basicConfig(filename=folder / "bench.log", level=logging.WARNING)
    try:
        with found() as neighbours:
            measured = list(measure(neighbours, folder, options.only, options.short, _say))
    except Missing as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except Exception as error:
        logging.exception("The bench failed")
        print(f"bench: {type(error).__name__}: {error}", file=sys.stderr)
        print(f"the logs are in {folder}", file=sys.stderr)
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    return figures.report(measured, options.json)


def measure(neighbours, folder, only=None, short=False, say=lambda text: None):
    """The figures, one after the other.

    ``only``: names out of MEASUREMENTS; None: all. ``short``: in small clouds.
    """
    from benchmarks.service import growth, memory, reaction, reading

    for name in MEASUREMENTS:
        if only and name not in only:
            continue
        say(f"measuring {name}")
        place = folder / name
        place.mkdir()
        if name == "growth":
            how = ((5, 6), say, 20.0) if short else ((10, 100, 300), say)
            yield from growth.measure(neighbours, place, *how)
            continue
        with neighbours.database() as url:
            if name == "reaction":
                yield from reaction.measure(neighbours, url, place, 1 if short else 25)
            elif name == "reading":
                turns, seconds = (1, 0.2) if short else (20, 0.5)
                yield from reading.measure(neighbours, url, place, turns, seconds)
            else:
                hosts, watched = (5, 1) if short else (1000, 20)
                yield from memory.measure(neighbours, url, place, hosts, watched)


def _say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)
