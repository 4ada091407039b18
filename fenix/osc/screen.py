"""What ``session watch`` shows of a session at one moment."""

from __future__ import annotations

import collections
import dataclasses
import datetime
from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.text import Text

from fenix.client import progress, results
from fenix.view import parts
from fenix.view.hosts import Hosts
from fenix.view.scene import ARRIVING, LEAVING, RESTING, Host, Instance, Line, of_day
from fenix.view.style import DIM, GOOD, STRONG, WORK, WRONG, Icons, of_vnf

ROAD = (
    "MAINTENANCE",
    "SCALE_IN",
    "PREPARE_MAINTENANCE",
    "START_MAINTENANCE",
    "PLANNED_MAINTENANCE",
    "MAINTENANCE_COMPLETE",
    results.DONE,
)
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


def picture(moment: Moment, width: int, height: int, icons: Icons) -> RenderableType:
    """A moment as at most ``height`` lines."""
    head = [_title(moment, width), _road(moment, icons, width), _bar(moment, width)]
    head += _reason(moment)
    projects = _projects(moment)
    left = height - len(head) - len(projects) - 3
    hosts = Hosts(_scene(moment.detail), icons, width).lines(max(4, left - _FEWEST_LINES))
    said = parts.lines(moment.lines, max(0, left - len(hosts)), of_day)
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
    return parts.road(ROAD, state, moment.visited, icons, width, failed=failed)


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
