"""``--wait``: a bar with the time that is left, and an exit code."""

from __future__ import annotations

import argparse
import datetime
import time
from collections.abc import Callable
from typing import Any, TextIO, TypeVar

from osc_lib import exceptions
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from fenix.client import errors, progress, results
from fenix.osc import base, values

_Answer = TypeVar("_Answer")

#: Seconds for which a service that does not answer is asked again.
PATIENCE = 60.0
_PAUSE = 2.0
_INTERVAL = 2


def add(parser: argparse.ArgumentParser, until: str) -> None:
    """Add ``--wait``, ``--timeout`` and ``--interval``."""
    parser.add_argument(
        "--wait", action="store_true", help=f"Wait until {until}, with a progress bar on stderr"
    )
    parser.add_argument(
        "--timeout",
        metavar="<seconds>",
        type=values.whole(1, "seconds"),
        help="With --wait: wait no longer; what was begun goes on (exit code 4)",
    )
    add_interval(parser, "With --wait: seconds")
    parser.set_defaults(check=_checked)


def _checked(parsed: argparse.Namespace) -> None:
    """Whoever gives an option of ``--wait`` alone expects something else than what would happen.

    :raises osc_lib.exceptions.CommandError: naming it.
    """
    for option, value in (("--timeout", parsed.timeout), ("--interval", parsed.interval)):
        if value is not None and not parsed.wait:
            raise exceptions.CommandError(f"{option}: it is for --wait; give --wait, too")


def add_interval(parser: argparse.ArgumentParser, seconds: str = "Seconds") -> None:
    """Add ``--interval``; :func:`interval` tells what was chosen."""
    parser.add_argument(
        "--interval",
        metavar="<seconds>",
        type=values.whole(1, "seconds"),
        help=f"{seconds} between looks at the session, default {_INTERVAL}",
    )


def interval(parsed: argparse.Namespace) -> int:
    """Seconds between looks."""
    return int(parsed.interval or _INTERVAL)


def wait(
    command: base.Base,
    session_id: str,
    parsed: argparse.Namespace,
    *,
    until_failed: bool = False,
    until_gone: bool = False,
) -> int:
    """Follow a session.

    :param until_failed: it was aborted: the state of failure is what is waited for.
    :param until_gone: it was deleted: its end is what is waited for.
    :returns: an exit code.
    """
    out = command.app.stderr
    limit = None if parsed.timeout is None else time.monotonic() + parsed.timeout
    with _bar(out) as bar:
        while True:
            try:
                detail = patient(lambda: command.client.sessions.detail(session_id))
            except errors.NotFound:
                return 0 if until_gone else _say(out, f"Session {session_id} was deleted.")
            bar.show(detail)
            session = detail.session
            if session.idle and not until_gone:
                if until_failed == (session.state == results.FAILED):
                    return 0
                return _say(out, f"Session {session_id}: {session.state}. {session.reason or ''}")
            if limit is not None and time.monotonic() + interval(parsed) > limit:
                out.write(
                    f"Session {session_id} is in state {session.state} after "
                    f"{parsed.timeout} s; it goes on.\n"
                )
                return base.NOT_YET
            time.sleep(interval(parsed))


def patient(call: Callable[[], _Answer], patience: float = PATIENCE) -> _Answer:
    """Make a call again while the service does not answer: it may be restarted meanwhile.

    :param patience: seconds after which it is given up.
    """
    end = time.monotonic() + patience
    while True:
        try:
            return call()
        except (errors.Unreachable, errors.Unavailable):
            if time.monotonic() > end:
                raise
            time.sleep(_PAUSE)


def _say(out: TextIO, text: str) -> int:
    out.write(f"{text.strip()}\n")
    return base.SESSION_FAILED


def _bar(out: TextIO) -> Any:
    return _Bar(out) if out.isatty() else _Lines(out)


class _Lines:
    """Progress where there is no terminal: a line for each change."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._last: object = None

    def __enter__(self) -> _Lines:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is kept open."""

    def show(self, detail: results.Detail) -> None:
        """Tell what is new."""
        words = (detail.session.state, sum(h.maintained for h in detail.hosts))
        if words != self._last:
            self._last = words
            now = datetime.datetime.now(datetime.UTC).strftime("%H:%M:%S")
            self._out.write(f"{now} {told(detail)}\n")
            self._out.flush()


class _Bar:
    """A bar on a terminal."""

    def __init__(self, out: TextIO) -> None:
        self._progress = Progress(
            TextColumn("{task.percentage:3.0f} %"),
            BarColumn(),
            TextColumn("{task.description}"),
            console=Console(file=out),
        )
        self._task = self._progress.add_task("", total=100)

    def __enter__(self) -> _Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, detail: results.Detail) -> None:
        """Move the bar."""
        self._progress.update(
            self._task,
            completed=detail.percent_done,
            description=told(detail, percent=False),
            refresh=True,
        )


def told(detail: results.Detail, *, percent: bool = True) -> str:
    """State, hosts, and when it may be over, in a line."""
    done = sum(h.maintained for h in detail.hosts)
    left = progress.time_left(detail, datetime.datetime.now(datetime.UTC))
    parts = [
        detail.session.state + (" (paused)" if detail.session.paused else ""),
        f"{done} of {len(detail.hosts)} hosts",
    ]
    parts += [f"{detail.percent_done} %"] if percent else []
    parts += [f"about {progress.clock(left)} left"] if left is not None else []
    return "  ".join(parts)
