"""``session watch``: a session on the whole terminal, until it ends; or as a picture in a file."""

from __future__ import annotations

import argparse
import collections
import datetime
import pathlib
import time
from collections.abc import Sequence
from typing import Any

from rich.console import Console

from fenix.client import errors, results
from fenix.osc import base, pictures, values, waiting
from fenix.osc.screen import ROAD, Moment, picture
from fenix.view import still
from fenix.view.scene import Line, of_day
from fenix.view.style import ICONS
from fenix.view.terminal import Screen, icons_of

_LINES = 100
#: A picture where there is no terminal that says how large.
_WIDE, _TALL = 110, 40


class WatchSession(base.Action):
    """Watch a session on the terminal until it is done or has failed.

    Where standard output is no terminal, its history is printed line by line as it happens.
    Exit codes: 0 the session is done, or goes on after --once; 3 it failed or was deleted;
    130 interrupted: it goes on.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Which session."""
        parser = super().get_parser(prog_name)
        base.add_session(parser)
        waiting.add_interval(parser)
        parser.add_argument(
            "--once", action="store_true", help="Print what there is to see now, and end"
        )
        parser.add_argument(
            "--screen",
            metavar="<file.svg>",
            type=values.picture_file,
            help="Keep what the screen shows as a picture in this file, drawn anew at every look",
        )
        pictures.add(parser, "when the session has ended, or with --once now")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Look again and again."""
        session_id = base.found_session(self.client, parsed_args.session)
        displays: list[Any] = [self._display(parsed_args.once)]
        if parsed_args.screen:
            displays.append(_Kept(parsed_args.screen))
        watcher = Watcher(self.client, session_id)
        try:
            seen = self._follow(watcher, displays, parsed_args)
        finally:
            for display in displays:
                display.close()
        if seen is None:
            self.app.stderr.write(f"Session {session_id} was deleted.\n")
        elif seen.session.state == results.FAILED:
            self.app.stderr.write(f"{seen.session.state}: {seen.session.reason or ''}\n")
        if seen is None or seen.session.state == results.FAILED:
            self.exit_code = base.SESSION_FAILED
        pictures.write(self, parsed_args, session_id, seen)

    def _display(self, once: bool) -> Any:
        out: Any = self.app.stdout
        if once:
            return _Printed(out)
        return Screen(Console(), picture) if out.isatty() else _Tail(out)

    @staticmethod
    def _follow(
        watcher: Watcher, displays: Sequence[Any], parsed: argparse.Namespace
    ) -> results.Detail | None:
        """Until it ends, or once.

        :returns: the session as it was seen last; None when it was deleted meanwhile.
        :raises fenix.client.errors.NotFound: there was none to begin with.
        """
        moment = None
        while True:
            try:
                moment = waiting.patient(watcher.look)
            except errors.NotFound:
                if moment is None:
                    raise
                return None
            for display in displays:
                display.show(moment)
            if parsed.once or moment.detail.session.idle:
                return moment.detail
            time.sleep(waiting.interval(parsed))


class Watcher:
    """Remembers what has happened from look to look."""

    def __init__(self, client: Any, session_id: str) -> None:
        self._client = client
        self._session_id = session_id
        self._marker: int | None = None
        self._lines: collections.deque[Line] = collections.deque(maxlen=_LINES)
        self._visited = {ROAD[0]}

    def look(self) -> Moment:
        """This moment.

        :raises fenix.client.errors.NotFound: the session was deleted.
        """
        detail = self._client.sessions.detail(self._session_id)
        for event in self._client.sessions.history(self._session_id, self._marker):
            self._marker = event.event_id
            if _worth_telling(event):
                self._lines.append(Line(event.at.timestamp(), event.kind, event.message))
            self._visited.add(str(event.data.get("after", "")))
        self._visited.add(detail.session.state)
        now = datetime.datetime.now(datetime.UTC)
        return Moment(detail, tuple(self._lines), frozenset(self._visited), now)


def _worth_telling(event: results.HistoryEvent) -> bool:
    """Phases are to be seen, and what administrators are told is said by other lines."""
    told_admins = event.kind == "notification" and event.project_id is None
    return event.kind != "phase" and not told_admins


class _Tail:
    """The history as plain lines."""

    def __init__(self, out: Any) -> None:
        self._out = out
        self._told: tuple[Line, ...] = ()

    def show(self, moment: Moment) -> None:
        """Print what is new."""
        for line in moment.lines:
            if line not in self._told:
                self._out.write(f"{of_day(line.at)}  {line.who}  {line.text}\n")
        self._told = moment.lines
        self._out.flush()

    def close(self) -> None:
        """Nothing is kept open."""


class _Printed:
    """One picture, without clearing the terminal."""

    def __init__(self, out: Any) -> None:
        self._out = out

    def show(self, moment: Moment) -> None:
        """Print it."""
        console = Console(file=self._out)
        console.print(picture(moment, console.width, _TALL, icons_of(console)))

    def close(self) -> None:
        """Nothing is kept open."""


class _Kept:
    """The screen in a file: as large as the terminal, or as one of middling size."""

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        console = Console()
        self._width, self._height = console.size if console.is_terminal else (_WIDE, _TALL)

    def show(self, moment: Moment) -> None:
        """Write it anew."""
        title = f"openstack maintenance session watch {moment.detail.session.session_id[:8]}"
        shown = picture(moment, self._width, self._height, ICONS)
        pictures.keep("--screen", self._path, still.svg(shown, self._width, title))

    def close(self) -> None:
        """Nothing is kept open."""
