"""A Gantt chart as an SVG file: hosts by time; readable on light and on dark.

The file brings its colours for both, and takes those that the reader's system prefers.
"""

from __future__ import annotations

import datetime
import html
import math
from collections.abc import Iterable

from fenix.view import chart as charts
from fenix.view import contrast
from fenix.view.chart import Bar, Chart, Row

_WIDTH = 1100
_MARGIN = 16
_HEAD = 62
_AXIS = 24
_CHARACTER = 6.9
_LONGEST_NAME = 34
#: Height of a row, of its bar, and of the lane of thin bars below it.
_ROW, _BAR, _LANE, _THIN = 8, 14, 6, 4
_MOST_LANES = 6
#: Lines to the hosts that instances move to; more of them would hide the bars.
_MOST_LINKS = 150
_LEAST = 1.5
_TICKS = 9
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)

# Kind: colour on light, colour on dark.
_COLOURS = {
    charts.STATE: ("#c9d3e0", "#3d4a5c"),
    charts.WAIT: ("#e8c95a", "#b8962a"),
    charts.REFUSED: ("#b8324a", "#f08090"),
    charts.DRAIN: ("#f0a04b", "#d98324"),
    charts.WORK: ("#2f6fad", "#5a9fe0"),
    charts.RETURN: ("#8bbbe0", "#2f5f8a"),
    charts.FAILED: ("#c1272d", "#ff6b6b"),
    charts.BLOCKED: ("#a3413d", "#e08a86"),
    charts.MOVE: ("#7a4fa3", "#b48ae0"),
    charts.FAILED_MOVE: ("#ad4a78", "#e88fb8"),
    charts.ACTION: ("#25764a", "#52c48a"),
    charts.FAILED_ACTION: ("#c1272d", "#ff6b6b"),
}
_TEXT = ("#1c2733", "#e4e9ef")
_FAINT = ("#5b6876", "#9aa7b5")
_GRID = ("#dfe5ec", "#2b3543")
_PAPER = ("#ffffff", "#141b24")
_BAND = ("#f5f7fa", "#19222d")


def svg(chart: Chart) -> str:
    """The chart as the text of a file."""
    return _Drawing(chart).text()


class _Drawing:
    def __init__(self, chart: Chart) -> None:
        self._chart = chart
        self._seconds = max(chart.seconds, 1.0)
        longest = max((len(r.name) for r in chart.rows), default=0)
        self._left = _MARGIN + min(longest, _LONGEST_NAME) * _CHARACTER + 12
        self._scale = (_WIDTH - _MARGIN - self._left) / self._seconds
        self._middles: dict[str, float] = {}
        self._parts: list[str] = []

    def text(self) -> str:
        lanes = {row.name: _lanes(row.bars) for row in self._chart.rows}
        top: float = _HEAD + _AXIS
        tops: list[float] = []
        for row in self._chart.rows:
            tops.append(top)
            self._middles[row.name] = top + _ROW / 2 + _BAR / 2
            top += _height(lanes[row.name])
        self._bands(tops, top)
        self._axis(top)
        for row, y in zip(self._chart.rows, tops, strict=True):
            self._row(row, y, lanes[row.name])
        self._links(tops, lanes)
        bottom = self._legend(top + 14)
        return self._file(bottom + _MARGIN)

    def _file(self, height: float) -> str:
        chart = self._chart
        about = f"{chart.title}. {chart.told}"
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {_WIDTH} '
            f'{height:.0f}" width="{_WIDTH}" height="{height:.0f}" font-size="12" '
            f'font-family="system-ui, -apple-system, Segoe UI, Roboto, DejaVu Sans, sans-serif">'
            f"<title>{html.escape(chart.title)}</title><desc>{html.escape(about)}</desc>"
            f"<style>{_style()}</style>"
            f'<rect class="paper" width="{_WIDTH}" height="{height:.0f}"/>'
            f'<text class="text" x="{_MARGIN}" y="26" font-size="16" font-weight="600">'
            f"{html.escape(chart.title)}</text>"
            f'<text class="faint" x="{_MARGIN}" y="46">{html.escape(chart.told)}</text>'
            f"{''.join(self._parts)}</svg>\n"
        )

    def _x(self, seconds: float) -> float:
        return self._left + min(max(seconds, 0.0), self._seconds) * self._scale

    # The paper

    def _bands(self, tops: list[float], end: float) -> None:
        for number, (top, below) in enumerate(zip(tops, [*tops[1:], end], strict=True)):
            if number % 2:
                self._parts.append(
                    f'<rect class="band" y="{top:.1f}" width="{_WIDTH}" '
                    f'height="{below - top:.1f}"/>'
                )

    def _axis(self, end: float) -> None:
        step = next((s for s in _STEPS if self._seconds / s <= _TICKS), None)
        step = step or math.ceil(self._seconds / _TICKS / _STEPS[-1]) * _STEPS[-1]
        begins = self._chart.begins
        # Ticks at full minutes or hours, not at the chart's beginning.
        offset = 0.0 if begins is None else -((begins.timestamp()) % step)
        at = offset if offset == 0 else offset + step
        while at <= self._seconds:
            x = self._x(at)
            self._parts.append(
                f'<path class="grid" d="M{x:.1f} {_HEAD + _AXIS - 4}V{end:.1f}"/>'
                f'<text class="faint" x="{x:.1f}" y="{_HEAD + 12}" text-anchor="middle" '
                f'font-size="11">{self._time(at, step)}</text>'
            )
            at += step
        if self._chart.goes_on:
            x = self._x(self._seconds)
            self._parts.append(f'<path class="now" d="M{x:.1f} {_HEAD + _AXIS - 4}V{end:.1f}"/>')

    def _time(self, at: float, step: float) -> str:
        if self._chart.begins is None:
            minutes, seconds = divmod(round(at), 60)
            return f"+{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
        moment = self._chart.begins + datetime.timedelta(seconds=at)
        if step >= 86400:
            return moment.strftime("%m-%d")
        return moment.strftime("%H:%M" if step >= 60 else "%H:%M:%S")

    # Rows

    def _row(self, row: Row, top: float, lanes: list[tuple[Bar, int]]) -> None:
        name = row.name
        if len(name) > _LONGEST_NAME:
            name = name[: _LONGEST_NAME - 1] + "…"
        y = top + _ROW / 2
        self._parts.append(
            f'<text class="text" x="{self._left - 10:.1f}" y="{y + 11:.1f}" text-anchor="end">'
            f"{html.escape(name)}<title>{html.escape(row.name)}</title></text>"
        )
        for bar in row.bars:
            if bar.kind not in charts.THIN:
                self._bar(bar, y, _BAR)
        for bar, lane in lanes:
            self._bar(bar, y + _BAR + 2 + lane * _LANE, _THIN)

    def _bar(self, bar: Bar, y: float, height: float) -> None:
        x = self._x(bar.start)
        width = max(self._x(bar.end) - x, _LEAST)
        self._parts.append(
            f'<rect class="{bar.kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
            f'height="{height}" rx="2"><title>{html.escape(bar.told or bar.label)}</title></rect>'
        )
        fits = int((width - 8) / _CHARACTER)
        if height == _BAR and bar.label and fits >= min(len(bar.label), 4):
            label = bar.label.removesuffix("_MAINTENANCE")
            if len(label) > fits:
                # Half a time says something else.
                label = "" if label[0].isdigit() else label[: fits - 1] + "…"
            self._parts.append(
                f'<text class="on-{bar.kind}" x="{x + 4:.1f}" y="{y + 11:.1f}" font-size="10.5" '
                f'pointer-events="none">{html.escape(label)}</text>'
            )

    def _links(self, tops: list[float], lanes: dict[str, list[tuple[Bar, int]]]) -> None:
        """From the end of a move to the row of the host that the instance came to."""
        found = []
        for row, top in zip(self._chart.rows, tops, strict=True):
            for bar, lane in lanes[row.name]:
                if bar.to in self._middles:
                    y = top + _ROW / 2 + _BAR + 2 + lane * _LANE + _THIN / 2
                    found.append((self._x(bar.end), y, self._middles[bar.to]))
        if len(found) > _MOST_LINKS:
            return
        for x, start, end in found:
            self._parts.append(
                f'<path class="link" d="M{x:.1f} {start:.1f}V{end:.1f}"/>'
                f'<circle class="{charts.MOVE}" cx="{x:.1f}" cy="{end:.1f}" r="2.2"/>'
            )

    def _legend(self, y: float) -> float:
        x = float(_MARGIN)
        for kind in self._chart.kinds():
            name = charts.NAMES[kind]
            wide = 20 + len(name) * _CHARACTER + 14
            if x + wide > _WIDTH - _MARGIN:
                x, y = float(_MARGIN), y + 18
            self._parts.append(
                f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="14" height="10" rx="2"/>'
                f'<text class="faint" x="{x + 20:.1f}" y="{y + 9:.1f}" font-size="11">{name}</text>'
            )
            x += wide
        return y + 12


def _lanes(bars: Iterable[Bar]) -> list[tuple[Bar, int]]:
    """Each thin bar with its lane: the first that is free, or the last there is."""
    free: list[float] = []
    found = []
    for bar in sorted((b for b in bars if b.kind in charts.THIN), key=lambda b: b.start):
        lane = next((n for n, until in enumerate(free) if until <= bar.start), len(free))
        lane = min(lane, _MOST_LANES - 1)
        free[lane : lane + 1] = [bar.end]
        found.append((bar, lane))
    return found


def _height(lanes: list[tuple[Bar, int]]) -> float:
    used = 1 + max((lane for _, lane in lanes), default=-1)
    return _ROW + _BAR + (2 + used * _LANE if used else 0)


def _style() -> str:
    return f"{_rules(0)}@media (prefers-color-scheme:dark){{{_rules(1)}}}"


def _rules(which: int) -> str:
    filled = {**_COLOURS, "text": _TEXT, "faint": _FAINT, "paper": _PAPER, "band": _BAND}
    rules = [f".{name}{{fill:{colours[which]}}}" for name, colours in filled.items()]
    rules += [
        f".on-{kind}{{fill:{contrast.on(colours[which])}}}" for kind, colours in _COLOURS.items()
    ]
    for name, colours, more in (
        ("grid", _GRID, ""),
        ("link", _COLOURS[charts.MOVE], "stroke-opacity:.45;"),
        ("now", _COLOURS[charts.FAILED], "stroke-dasharray:4 3;"),
    ):
        rules.append(f".{name}{{stroke:{colours[which]};{more}fill:none}}")
    return "".join(rules)
