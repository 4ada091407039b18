"""``session watch``: a session on the whole terminal, until it ends."""

from __future__ import annotations

import argparse
import collections
import dataclasses
import datetime
import time
from collections.abc import Iterable
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.text import Text

from fenix.client import errors, progress, results
from fenix.osc import base, pictures, waiting
from fenix.view import parts
from fenix.view.hosts import Hosts
from fenix.view.scene import ARRIVING, LEAVING, RESTING, Host, Instance, Line
from fenix.view.style import DIM, GOOD, STRONG, WORK, WRONG, Icons, of_vnf
from fenix.view.terminal import Screen

_ROAD = (
    "MAINTENANCE",
    "SCALE_IN",
    "PREPARE_MAINTENANCE",
    "START_MAINTENANCE",
    "PLANNED_MAINTENANCE",
    "MAINTENANCE_COMPLETE",
    results.DONE,
)
_LINES = 100
_FEWEST_LINES = 3
_MOST_PROJECTS = 8
#: In a larger session only instances of hosts that are worked on are shown.
_ALL_INSTANCES = 1000


@dataclasses.dataclass(frozen=True)
class Moment:
    """What is drawn: a session, what has happened, and when it is."""

    detail: results.Detail
    lines: tuple[Line, ...]
    visited: frozenset[str]
    now: datetime.datetime


class WatchSession(base.Action):
    """Watch a session on the terminal until it is done or has failed.

    Where standard output is no terminal, its history is printed line by line as it happens.
    Exit codes: 0 the session is done, 3 it failed or was deleted, 130 interrupted: it goes on.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Which session."""
        parser = super().get_parser(prog_name)
        base.add_session(parser)
        waiting.add_interval(parser)
        pictures.add(parser, "when the session has ended")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Look again and again."""
        session_id = base.found_session(self.client, parsed_args.session)
        out: Any = self.app.stdout
        display: Any = Screen(Console(), picture) if out.isatty() else _Tail(out)
        watcher = Watcher(self.client, session_id)
        try:
            ended = self._follow(watcher, display, parsed_args.interval)
        finally:
            display.close()
        if ended is None:
            self.app.stderr.write(f"Session {session_id} was deleted.\n")
        elif ended.session.state == results.FAILED:
            self.app.stderr.write(f"{ended.session.state}: {ended.session.reason or ''}\n")
        if ended is None or ended.session.state == results.FAILED:
            self.exit_code = base.SESSION_FAILED
        pictures.write(self, parsed_args, session_id, ended)

    @staticmethod
    def _follow(watcher: Watcher, display: Any, interval: int) -> results.Detail | None:
        """Until it ends.

        :returns: the session when it has ended; None when it was deleted meanwhile.
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
            display.show(moment)
            if moment.detail.session.idle:
                return moment.detail
            time.sleep(interval)


class Watcher:
    """Remembers what has happened from look to look."""

    def __init__(self, client: Any, session_id: str) -> None:
        self._client = client
        self._session_id = session_id
        self._marker: int | None = None
        self._lines: collections.deque[Line] = collections.deque(maxlen=_LINES)
        self._visited = {_ROAD[0]}

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
                self._out.write(f"{_of_day(line.at)}  {line.who}  {line.text}\n")
        self._told = moment.lines
        self._out.flush()

    def close(self) -> None:
        """Nothing is kept open."""


def _of_day(at: float) -> str:
    return datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%H:%M:%S")


def picture(moment: Moment, width: int, height: int, icons: Icons) -> RenderableType:
    """A moment as at most ``height`` lines."""
    head = [_title(moment, width), _road(moment, icons, width), _bar(moment, width)]
    head += _reason(moment)
    projects = _projects(moment)
    left = height - len(head) - len(projects) - 3
    hosts = Hosts(_scene(moment.detail), icons, width).lines(max(4, left - _FEWEST_LINES))
    said = parts.lines(moment.lines, max(0, left - len(hosts)), _of_day)
    return Group(*parts.stacked([head, hosts, projects, said])[:height])


def _title(moment: Moment, width: int) -> Text:
    session = moment.detail.session
    left = Text.assemble(("Fenix  ", STRONG), f"session {session.session_id}")
    if session.paused:
        left.append("  paused", WRONG)
    return parts.ends(left, Text(moment.now.strftime("%H:%M:%S UTC"), DIM), width)


def _road(moment: Moment, icons: Icons, width: int) -> Text:
    state = moment.detail.session.state
    failed = state == results.FAILED
    return parts.road(_ROAD, state, moment.visited, icons, width, failed=failed)


def _bar(moment: Moment, width: int) -> RenderableType:
    detail = moment.detail
    done = sum(h.maintained for h in detail.hosts)
    moves = sum(i.moves for i in detail.instances)
    told = f"{done} of {len(detail.hosts)} hosts  {moves} moves  {detail.percent_done:3d} %"
    left = progress.time_left(detail, moment.now)
    if left is not None:
        told += f"  about {progress.clock(left)} left"
    return parts.bar(detail.percent_done, told, width)


def _reason(moment: Moment) -> list[RenderableType]:
    reason = moment.detail.session.reason
    return [Text(reason, WRONG, no_wrap=True, overflow="ellipsis")] if reason else []


def _projects(moment: Moment) -> list[RenderableType]:
    """Who is asked what, and how long they still have; those that are waited for first."""
    numbered = list(enumerate(moment.detail.projects))
    numbered.sort(key=lambda p: not _open(p[1]))
    found: list[RenderableType] = [
        _project(number, project, moment.now) for number, project in numbered[:_MOST_PROJECTS]
    ]
    if len(numbered) > _MOST_PROJECTS:
        waiting_for = sum(bool(_open(p)) for _, p in numbered[_MOST_PROJECTS:])
        found.append(
            Text(
                f"and {len(numbered) - _MOST_PROJECTS} more projects, {waiting_for} of them asked",
                DIM,
            )
        )
    return found


def _open(project: results.Project) -> list[results.Wait]:
    return [w for w in project.waits if not w.reply]


def _project(number: int, project: results.Project, now: datetime.datetime) -> Text:
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(f"{project.project_id}  ", of_vnf(number))
    waits = _open(project)
    if not waits:
        said = (project.state or "not asked yet").replace("_", " ", 1)
        line.append(said, GOOD if said.startswith("ACK") else DIM)
        return line if project.has_manager else line.append("  no manager", DIM)
    wait = min(waits, key=lambda w: w.reply_at or now)
    about = f" about {wait.host}" if wait.host else ""
    line.append(f"is asked {wait.state}{about}", WORK)
    if wait.reply_at is not None:
        left = wait.reply_at - now
        late = left < datetime.timedelta()
        line.append(
            "  its time is over" if late else f"  {progress.clock(left)} left to answer",
            WRONG if late else "",
        )
        line.append(f", until {results.text_of(wait.reply_at)}", DIM)
    return line


def _scene(detail: results.Detail) -> list[Host]:
    """Hosts with their instances; hosts outside the session are where instances go."""
    projects = {p.project_id: n for n, p in enumerate(detail.projects)}
    there: dict[str, list[Instance]] = collections.defaultdict(list)
    for instance in detail.instances:
        if instance.gone:
            continue
        number = projects.get(instance.project_id, 0)
        moving = instance.move_phase in ("requested", "moving", "confirming", "own")
        for host, motion in _places(instance, moving):
            answers = instance.state != "ERROR"
            there[host].append(Instance(instance.instance_name, number, False, answers, motion))
    every = len(detail.instances) <= _ALL_INSTANCES
    return [
        Host(
            h.hostname,
            "compute" in h.type,
            h.phase,
            tuple(sorted(there[h.hostname], key=lambda i: (i.vnf, i.name)))
            if every or h.phase not in RESTING
            else (),
        )
        for h in detail.hosts
    ]


def _places(instance: results.Instance, moving: bool) -> Iterable[tuple[str, str]]:
    if not moving:
        if instance.host:
            yield instance.host, ""
        return
    # Nova names the target as the host before the move has ended.
    source = instance.move_source or instance.host
    if source:
        yield source, LEAVING
    if instance.move_target and instance.move_target != source:
        yield instance.move_target, ARRIVING
