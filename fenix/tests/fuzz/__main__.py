"""``tools/fuzz``: how many requests were tried, and how many had an unexpected outcome."""

from __future__ import annotations

import argparse
import collections
import dataclasses
import json
import logging
import secrets
import sys
import time

from fenix import concurrency

concurrency.setup()

from fenix.tests.fuzz import described, raw  # noqa: E402
from fenix.tests.fuzz.judge import Judge  # noqa: E402
from fenix.tests.fuzz.target import CALLERS, Target  # noqa: E402


@dataclasses.dataclass(frozen=True)
class Row:
    """What came of one kind of requests."""

    authentication: str
    kind: str
    tried: int
    unexpected: int
    codes: dict[int, int]
    words: list[str]
    seconds: float


def measure(requests: int, seed: int) -> list[Row]:
    """Fuzz an API with each way of authentication, with each kind of requests."""
    rows = []
    share = max(1, requests // (2 * len(CALLERS)))
    for strategy in CALLERS:
        with Target(strategy) as target:
            for kind in ("described", "raw"):
                begun = time.monotonic()
                with Judge(target) as judge:
                    if kind == "described":
                        described.run(judge, target, share, seed)
                    else:
                        raw.run(judge, target.callers, share, seed)
                rows.append(
                    Row(
                        strategy,
                        kind,
                        judge.tried,
                        judge.unexpected,
                        dict(sorted(judge.codes.items())),
                        judge.words,
                        round(time.monotonic() - begun, 1),
                    )
                )
    return rows


def main(argv: list[str]) -> int:
    """Print a line for each kind and the sum; 1 when there was anything unexpected."""
    parser = argparse.ArgumentParser(prog="tools/fuzz", description=__doc__)
    parser.add_argument("--requests", type=int, default=20000, help="about so many (20000)")
    parser.add_argument("--seed", type=int, help="draw the same as a run before")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(argv)
    if options.requests < 1:
        parser.error(f"--requests {options.requests}: try at least one")
    seed = secrets.randbelow(2**32) if options.seed is None else options.seed
    # Refusals by keystonemiddleware are expected; each would be a line.
    logging.getLogger("keystonemiddleware").setLevel(logging.CRITICAL)
    rows = measure(options.requests, seed)
    tried, unexpected = sum(r.tried for r in rows), sum(r.unexpected for r in rows)
    if options.json:
        told = {"seed": seed, "tried": tried, "unexpected": unexpected}
        print(json.dumps({**told, "runs": [dataclasses.asdict(r) for r in rows]}))
        return 1 if unexpected else 0
    codes: collections.Counter[int] = collections.Counter()
    for row in rows:
        codes.update(row.codes)
        print(
            f"{row.authentication:9} {row.kind:10} {row.tried:7} tried {row.unexpected:4} "
            f"unexpected {row.seconds:7.1f} s"
        )
        for words in row.words:
            print(f"  {words}")
    print("codes " + ", ".join(f"{code}: {codes[code]}" for code in sorted(codes)))
    print(f"seed {seed}")
    print(f"requests tried {tried}, unexpected answers {unexpected}")
    return 1 if unexpected else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
