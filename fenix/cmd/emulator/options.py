"""The command line of ``fenix-emulator``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn
from urllib.parse import urlsplit

PROGRAM = "fenix-emulator"
BAD_OPTION = 2
_HIGHEST_PORT = 65535


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line, and exit with status 2."""
        sys.stderr.write(f"{PROGRAM}: {message}\n")
        raise SystemExit(BAD_OPTION)


def _url(text: str) -> str:
    try:
        found = urlsplit(text)
        good = found.scheme in ("http", "https") and bool(found.hostname)
        good = good and (found.port is None or found.port > 0)
    except ValueError:
        good = False
    if not good:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not the URL of a webhook, such as http://127.0.0.1:9000/maintenance"
        )
    return text


def _whole(least: int, most: int) -> type[int]:
    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a whole number from {least} to {most}"
            )
        return int(text)

    return read  # type: ignore[return-value]


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line.

    :raises SystemExit: with status 2 after one line that says what is wrong; 0 after ``--help``.
    """
    parser = _Parser(
        prog=PROGRAM,
        description="Try out the manager of an application: an emulated cloud and Fenix in one "
        "process, a session that asks the manager, and a verdict on what it answered.",
        usage=f"{PROGRAM} [--scenario NAME] [--manager-url URL] [options] [-- COMMAND ...]",
        epilog="Exit status: 0 when the manager did everything well, 1 when not, 2 for bad "
        "options, 3 when there is no manager or the scenario cannot be played, 130 when "
        "interrupted.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--list", action="store_true", help="list the scenarios and exit")
    add(
        "--scenario",
        default="happy-path",
        metavar="NAME",
        help="one that --list shows, or a YAML file (happy-path)",
    )
    add(
        "--manager-url",
        type=_url,
        metavar="URL",
        help="where the manager listens for webhooks; without it the manager has to make its "
        "event alarm itself",
    )
    add(
        "--port",
        type=_whole(1, _HIGHEST_PORT),
        default=12350,
        metavar="N",
        help="of the emulated cloud, on 127.0.0.1 (12350)",
    )
    add(
        "--clouds-file",
        metavar="FILE",
        help="write a clouds.yaml with the clouds vnf (the manager's) and admin",
    )
    add(
        "--manager-within",
        type=_whole(1, 3600),
        default=60,
        metavar="SECONDS",
        help="how long to wait for the manager to listen, or to make its alarm (60)",
    )
    add("--json", action="store_true", help="print the verdict as one JSON object")
    add(
        "command",
        nargs="*",
        metavar="COMMAND",
        help="starts the manager, with OS_* variables and a clouds.yaml for the emulated cloud; "
        "without it the manager runs already",
    )
    return parser.parse_args(argv)
