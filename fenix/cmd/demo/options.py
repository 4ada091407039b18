"""The demo's command line."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

_MOST_INSTANCES = 20_000
_FASTEST = 1000.0


@dataclasses.dataclass(frozen=True)
class Options:
    """What was asked for; ``speed`` is model seconds per second."""

    hosts: int
    per_host: int
    seed: int
    speed: float
    json: bool
    workflow: str = "default"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line, and exit with status 2."""
        sys.stderr.write(f"demo: {message}\n")
        raise SystemExit(2)


def _number(kind: type[int] | type[float], least: float, most: float) -> Callable[[str], float]:
    what = "a whole number" if kind is int else "a number"

    def read(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not {what}") from None
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text} is not between {least:g} and {most:g}")
        return value

    return read


def parse(argv: Sequence[str] | None = None) -> Options:
    """Read the command line.

    :raises SystemExit: with status 2 after one line that says what is wrong; 0 after ``--help``.
    """
    parser = _Parser(
        prog="demo",
        description="Maintain every host of an emulated cloud while its applications stay up.",
        epilog="Exit status: 0 when every host was maintained and no group of instances was ever "
        "down or beyond what it tolerates, 1 when not, 2 for bad options, 130 when interrupted.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--hosts", type=_number(int, 4, 1000), default=6, metavar="N", help="computes (6)")
    add(
        "--instances-per-host",
        type=_number(int, 2, 100),
        default=4,
        metavar="N",
        dest="per_host",
        help="instances on each compute, which they fill completely (4)",
    )
    add("--seed", type=_number(int, 0, 2**32), default=1, metavar="N", help="of all draws (1)")
    add(
        "--speed",
        type=_number(float, 0.1, _FASTEST),
        metavar="X",
        help="model seconds per second (8 to 100, as the size of the cloud needs)",
    )
    add(
        "--workflow",
        choices=("default", "vnf"),
        default="default",
        help="default, or vnf: applications have constraints, which the emulated cloud checks",
    )
    add("--json", action="store_true", help="print one JSON object and nothing else")
    given = parser.parse_args(argv)
    instances = given.hosts * given.per_host
    if instances > _MOST_INSTANCES:
        parser.error(
            f"--hosts {given.hosts} times --instances-per-host {given.per_host} is {instances} "
            f"instances; at most {_MOST_INSTANCES} are emulated"
        )
    speed = given.speed or min(100.0, max(8.0, instances / 6))
    return Options(given.hosts, given.per_host, given.seed, speed, given.json, given.workflow)
