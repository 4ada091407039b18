"""The demo on a terminal: the session, hosts with their instances, the application, who said what.

Colours are of middling brightness, so that they can be read on dark and on light; what they say
is also said by a sign or a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from fenix import states
from fenix.cmd.demo import frame as frames
from fenix.cmd.demo.frame import Frame, clock
from fenix.cmd.demo.hosts import Hosts
from fenix.cmd.demo.style import DIM, GOOD, ICONS, PLAIN_ICONS, STRONG, WORK, WRONG, Icons, of_vnf

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


class Screen:
    """Draws frames on the whole terminal, and leaves the last one behind when it ends."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, screen=True, auto_refresh=False)
        self._last: Frame | None = None
        self._live.start()

    def show(self, frame: Frame) -> None:
        """Draw this moment."""
        self._last = frame
        size = self._console.size
        self._live.update(self._draw(frame, size.width, size.height), refresh=True)

    def close(self) -> None:
        """Give the terminal back, with the last frame on it."""
        self._live.stop()
        if self._last is not None:
            size = self._console.size
            self._console.print(self._draw(self._last, size.width, size.height - 4))

    def _draw(self, frame: Frame, width: int, height: int) -> RenderableType:
        icons = ICONS if "utf" in self._console.encoding else PLAIN_ICONS
        return picture(frame, width, height, icons)


def picture(frame: Frame, width: int, height: int, icons: Icons) -> RenderableType:
    """A frame as at most ``height`` lines."""
    few = len(frame.groups) <= _FEW
    head = [_title(frame, width), _road(frame, icons, width), _bar(frame, width)]
    application = _probes(frame, icons) if few else _many_probes(frame, icons, width)
    asked = _questions(frame.questions) if few else _many_questions(frame.questions)
    left = height - len(head) - len(application) - len(asked) - 3
    hosts = Hosts(frame.hosts, icons, width).lines(max(4, left - _LEAST_LINES))
    left -= len(hosts)
    parts: list[Iterable[RenderableType]] = [head, hosts, application, asked]
    blank = [Text("")]
    body: list[RenderableType] = []
    for part in parts:
        lines = list(part)
        body += [*(blank if body and lines and part is not asked else []), *lines]
    body += [Text(""), *_lines(frame.lines, max(0, left))]
    return Group(*body[:height])


def _ends(left: Text, right: Text, width: int) -> Text:
    gap = max(1, width - left.cell_len - right.cell_len)
    line = Text.assemble(left, " " * gap, right, no_wrap=True)
    line.truncate(width)
    return line


def _title(frame: Frame, width: int) -> Text:
    computes = sum(h.compute for h in frame.hosts)
    left = Text.assemble(("Fenix  ", STRONG), f"maintains an emulated cloud of {computes} computes")
    return _ends(left, Text(f"model time {clock(frame.at)} (x{frame.speed:g})", DIM), width)


def _road(frame: Frame, icons: Icons, width: int) -> Text:
    line = Text(no_wrap=True)
    road = _ROAD if frame.state != states.MAINTENANCE_FAILED else (*_ROAD[:-1], frame.state)
    for state in road:
        word = state if state == states.MAINTENANCE else state.removesuffix("_MAINTENANCE")
        word = word.removeprefix("MAINTENANCE_")
        if state == frame.state:
            style = f"reverse {WRONG if state == states.MAINTENANCE_FAILED else GOOD}"
            line.append(f" {word} ", style)
        else:
            line.append(word, GOOD if state in frame.visited else DIM)
        if state is not road[-1]:
            line.append(f" {icons.then} ", DIM)
    line.truncate(width)
    return line


def _bar(frame: Frame, width: int) -> RenderableType:
    words = Text(
        f"{frame.maintained} of {len(frame.hosts)} hosts  {frame.moves} moves  {frame.percent:3d} %"
    )
    grid = Table.grid(padding=(0, 2))
    grid.add_row(
        ProgressBar(
            100,
            frame.percent,
            width=max(10, width - words.cell_len - 2),
            complete_style=GOOD,
            finished_style=GOOD,
        ),
        words,
    )
    return grid


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


def _lines(lines: Sequence[frames.Line], count: int) -> list[RenderableType]:
    found: list[RenderableType] = []
    for said in lines[max(0, len(lines) - count) :] if count else ():
        line = Text(no_wrap=True, overflow="ellipsis")
        line.append(f"{clock(said.at)}  ", DIM)
        line.append(f"{said.who} ", STRONG)
        line.append(said.text)
        found.append(line)
    return found
