"""``python -m chaoskit [options]``: see ``tools/chaos``."""

import argparse
import logging
import random
import shutil
import signal
import sys
import traceback


def main(argv):
    """Run; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="tools/chaos",
        description="Kills and stops engines, APIs and neighbours of Fenix at random during "
        "sessions, and compares with a run that nobody interrupts.",
    )
    parser.add_argument("--kills", type=int, default=200, help="SIGKILLs in all (200)")
    parser.add_argument("--seed", type=int, help="of what is drawn; a run is not repeated exactly")
    parser.add_argument("--minutes", type=float, default=60.0, help="at the longest (60)")
    parser.add_argument("--pace", type=float, default=0.7, help="seconds between troubles (0.7)")
    parser.add_argument("--json", action="store_true", help="print only the result, as JSON")
    options = parser.parse_args(argv)
    # Only now: what the service is made of must not be needed to read the help.
    from fenix import concurrency

    concurrency.setup()
    from benchmarks.service.neighbours import Missing

    from chaoskit import neighbours, report, run

    # Whoever ends the run must not leave a broker and two databases behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    seed = random.randrange(2**32) if options.seed is None else options.seed
    folder = neighbours.folder()
    logging.basicConfig(filename=folder / "chaos.log", level=logging.WARNING)
    try:
        outcome = run.Run(
            folder,
            kills=options.kills,
            minutes=options.minutes,
            seed=seed,
            pace=options.pace,
            say=_say,
        ).run()
    except Missing as error:
        print(f"chaos: {error}", file=sys.stderr)
        return 1
    except Exception as error:  # noqa: BLE001 - whatever it was, the logs are kept
        traceback.print_exc(file=(folder / "chaos.log").open("a"))
        print(f"chaos: {type(error).__name__}: {error}; see {folder}", file=sys.stderr)
        return 1
    status = report.report(outcome, seed, options.kills, options.json)
    if status:
        print(f"chaos: the logs are in {folder}", file=sys.stderr)
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return status


def _say(text):
    print(f"chaos: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
