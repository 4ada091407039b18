"""Hosts on the screen, as large as there is room for them.

A line for each; or columns, with a sign for each instance; or a map, with a sign for each host and
a line for those that are worked on.
"""

from __future__ import annotations

import collections
from collections.abc import Sequence

from rich.text import Text

from fenix.view.scene import ARRIVING, LEAVING, RESTING, Host, Instance
from fenix.view.style import DIM, PHASES, STRONG, WORK, WRONG, Icons, of_vnf

_PHASE = 11
_GAP = 3
#: Phases that the key leaves out while there are none.
_SELDOM = frozenset({"returning", "quarantined", "skipped"})


class Hosts:
    """The hosts of a frame, for a terminal that is ``width`` cells wide."""

    def __init__(self, hosts: Sequence[Host], icons: Icons, width: int) -> None:
        self._hosts = hosts
        self._icons = icons
        self._width = width
        self._name = max((len(h.name) for h in hosts), default=0)
        self._most = max((len(h.instances) for h in hosts), default=0)

    def lines(self, height: int) -> list[Text]:
        """At most ``height`` lines."""
        if len(self._hosts) <= height:
            return [self._line(h) for h in self._hosts]
        columns = self._columns()
        return columns if columns and len(columns) <= height else self._folded(height)

    # A line for each host

    def _line(self, host: Host) -> Text:
        word, style = PHASES.get(host.phase, (host.phase, DIM))
        line = self._head(host)
        line.append(f"{word:<{_PHASE}}  ", style)
        for instance in host.instances:
            self._instance(line, instance, by_name=len(host.instances) <= self._fit())
        line.truncate(self._width)
        return line

    def _head(self, host: Host) -> Text:
        style = PHASES.get(host.phase, ("", DIM))[1]
        line = Text(no_wrap=True)
        line.append(f"{self._icons.phase(host.phase)} ", style)
        line.append(f"{host.name:<{self._name}}  ", STRONG)
        return line

    def _fit(self) -> int:
        """How many instances can be shown by name."""
        longest = max((len(i.name) for h in self._hosts for i in h.instances), default=1)
        return (self._width - self._name - _PHASE - 6) // (longest + 2)

    def _instance(self, line: Text, instance: Instance, *, by_name: bool) -> None:
        icons = self._icons
        moving = {LEAVING: icons.leaving, ARRIVING: icons.arriving}.get(instance.motion, "")
        style = WORK if moving else of_vnf(instance.vnf)
        if instance.motion == ARRIVING:
            style = DIM
        elif not instance.answers:
            style = WRONG
        mark = moving or (icons.pair if instance.pair else icons.worker)
        line.append(f"{mark}{instance.name} " if by_name else mark, style)

    # Columns

    def _columns(self) -> list[Text]:
        """Hosts side by side; empty when not even two fit."""
        cell = 2 + self._name + 2 + self._most + _GAP
        across = (self._width + _GAP) // cell
        if across < 2:
            return []
        down = -(-len(self._hosts) // across)
        lines = []
        for row in range(down):
            line = Text(no_wrap=True)
            for host in self._hosts[row::down]:
                part = self._head(host)
                for instance in host.instances:
                    self._instance(part, instance, by_name=False)
                part.pad_right(cell - part.cell_len)
                line.append_text(part)
            line.truncate(self._width)
            lines.append(line)
        return [self._key(), *lines]

    # A map

    def _folded(self, height: int) -> list[Text]:
        drawn = [self._key(), *self._map()]
        active = [h for h in self._hosts if h.phase not in RESTING]
        room = height - len(drawn)
        if len(active) <= room:
            return [*drawn, *(self._line(h) for h in active)]
        shown = active[: max(0, room - 1)]
        rest = Text(f"and {len(active) - len(shown)} more that are worked on", DIM)
        return [*drawn, *(self._line(h) for h in shown), rest][:height]

    def _key(self) -> Text:
        """What the signs mean, and how many hosts there are of each."""
        counts = collections.Counter(h.phase for h in self._hosts)
        key = Text(no_wrap=True)
        for phase, (word, style) in PHASES.items():
            if counts[phase] or phase not in _SELDOM:
                key.append(f"{self._icons.phase(phase)} {counts[phase]} {word}   ", style)
        key.truncate(self._width)
        return key

    def _map(self) -> list[Text]:
        lines = []
        for start in range(0, len(self._hosts), self._width):
            line = Text(no_wrap=True)
            for host in self._hosts[start : start + self._width]:
                line.append(self._icons.phase(host.phase), PHASES.get(host.phase, ("", DIM))[1])
            lines.append(line)
        return lines
