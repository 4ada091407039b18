"""The demo on a terminal: the session, its hosts, the application, who said what."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.text import Text

from fenix import states
from fenix.cmd.demo import frame as frames
from fenix.cmd.demo.frame import Frame
from fenix.view import parts as view
from fenix.view.hosts import Hosts
from fenix.view.scene import clock
from fenix.view.style import DIM, GOOD, STRONG, WORK, WRONG, Icons, of_vnf
from fenix.view.terminal import Screen

_ROAD = (
    states.MAINTENANCE,
    states.SCALE_IN,
    states.PREPARE_MAINTENANCE,
    states.START_MAINTENANCE,
    states.PLANNED_MAINTENANCE,
    states.MAINTENANCE_COMPLETE,
    states.MAINTENANCE_DONE,
)
_FEW = 4
_LEAST_LINES = 4


def screen(console: Console) -> Screen[Frame]:
    """The whole terminal, for frames of the demo."""
    return Screen(console, picture)


def picture(frame: Frame, width: int, height: int, icons: Icons) -> RenderableType:
    """A frame as at most ``height`` lines."""
    few = len(frame.groups) <= _FEW
    head = [_title(frame, width), _road(frame, icons, width), _bar(frame, width)]
    application = _probes(frame, icons) if few else _many_probes(frame, icons, width)
    asked = _questions(frame.questions) if few else _many_questions(frame.questions)
    left = height - len(head) - len(application) - len(asked) - 3
    hosts = Hosts(frame.hosts, icons, width).lines(max(4, left - _LEAST_LINES))
    said = view.lines(frame.lines, max(0, left - len(hosts)))
    body = view.stacked([head, hosts, [*application, *asked], said])
    return Group(*body[:height])


def _road(frame: Frame, icons: Icons, width: int) -> Text:
    failed = frame.state == states.MAINTENANCE_FAILED
    return view.road(_ROAD, frame.state, frame.visited, icons, width, failed=failed)


def _bar(frame: Frame, width: int) -> RenderableType:
    hosts = f"{frame.maintained} of {len(frame.hosts)} hosts"
    return view.bar(frame.percent, f"{hosts}  {frame.moves} moves  {frame.percent:3d} %", width)


def _title(frame: Frame, width: int) -> Text:
    computes = sum(h.compute for h in frame.hosts)
    left = Text.assemble(("Fenix  ", STRONG), f"maintains an emulated cloud of {computes} computes")
    return view.ends(left, Text(f"model time {clock(frame.at)} (x{frame.speed:g})", DIM), width)


def _probes(frame: Frame, icons: Icons) -> list[RenderableType]:
    name = max((len(g.name) for g in frame.groups), default=0)
    digits = len(str(max((g.members for g in frame.groups), default=0)))
    found: list[RenderableType] = []
    for group in frame.groups:
        up = group.answering > 0
        line = Text(no_wrap=True)
        line.append(f"{group.name:<{name}}  ", STRONG)
        line.append("up  " if up else "DOWN", GOOD if up else f"reverse {WRONG}")
        line.append(f"  {group.answering:>{digits}} of {group.members:<{digits}} answer  ")
        line.append(f"longest outage {group.outage:.1f} s  ", DIM if not group.outage else WRONG)
        line.append(icons.up * min(group.answering, 40), GOOD)
        line.append(icons.down * min(group.members - group.answering, 40), WORK)
        found.append(line)
    return found


def _many_probes(frame: Frame, icons: Icons, width: int) -> list[RenderableType]:
    """A sign for each group, and the one that is worst off."""
    down = [g.name for g in frame.groups if not g.answering]
    worst = min(frame.groups, key=lambda g: (g.answering / max(1, g.members), g.name))
    line = Text.assemble((f"{len(frame.groups)} groups  ", STRONG), no_wrap=True)
    line.append("all up" if not down else f"{len(down)} DOWN", GOOD if not down else WRONG)
    line.append(f"  fewest answer in {worst.name}: {worst.answering} of {worst.members}")
    line.append(f"  longest outage {max(g.outage for g in frame.groups):.1f} s", DIM)
    line.truncate(width)
    marks = Text()
    for group in frame.groups:
        marks.append(
            icons.up if group.answering else icons.down, GOOD if group.answering else WRONG
        )
    marks.truncate(width * 2)
    return [line, *marks.wrap(_console(width), width)]


def _console(width: int) -> Console:
    return Console(width=width)


def _questions(questions: Sequence[frames.Question]) -> list[RenderableType]:
    found: list[RenderableType] = []
    for vnf, question in enumerate(questions):
        line = Text(no_wrap=True)
        line.append(question.project, of_vnf(vnf))
        about = f" about {question.host}" if question.host else ""
        line.append(f" was asked {question.state}{about}: ")
        if question.answer:
            line.append(f"answered {question.answer.split('_')[0]}", GOOD)
        else:
            line.append("no answer yet", WORK)
        found.append(line)
    return found


def _many_questions(questions: Sequence[frames.Question]) -> list[RenderableType]:
    waiting = [q.project for q in questions if not q.answer]
    if not questions:
        return []
    line = Text(f"{len(questions)} projects were asked, ", no_wrap=True)
    line.append(
        f"{len(waiting)} have not answered yet" if waiting else "all have answered",
        WORK if waiting else GOOD,
    )
    return [line]
