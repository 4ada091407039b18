"""What the manual takes from the code, without Sphinx, so that tests can use it.

The state table becomes rows of text and an SVG drawing. In the drawing, states stand in one column,
in the order in which the table names them. A move to the next state is a straight arrow, a move
further down is drawn on the right of the column, a move back on its left. Lines and text take the
colour of the page, so the picture is readable on light and dark alike.
"""

import configparser
import html
import json

#: Characters in a line of JSON.
_LINE = 88

_WIDTH, _HEIGHT, _GAP = 236, 52, 40
_TOP, _LEFT = 10, 350
#: Distance of the first lane beside the column, wide enough for a label, and of further ones.
_FIRST, _NEXT = 118, 26
_CORNER, _PORT = 8, 16

#: What each event means; every event of the built-in table must be here (a test sees to it).
MEANING = {
    "ask_scale_in": "no host can be emptied into the capacity that is free",
    "empty_a_host": "no host is empty; one can be emptied onto hosts that have their turn later",
    "start": "a host is empty, or can be emptied onto hosts that are maintained or outside the "
    "session",
    "empty_next": "a host is being emptied",
    "all_emptied": "no host is being emptied just now",
    "all_maintained": "every host of the session is maintained",
    "finished": "the post actions have run and every project has answered",
    "fail": "the session cannot go on; its reason says why",
}


def order(table):
    """States as the table first names them as a source, then those that are only ends."""
    names = [state for state, _ in table.moves]
    return list(dict.fromkeys([*names, *sorted(table.states - set(names))]))


def rows(table):
    """(state, event, meaning, next state) of every move, in the order of the picture."""
    place = {state: n for n, state in enumerate(order(table))}
    moves = sorted(
        table.moves.items(), key=lambda m: (place[m[0][0]], m[0][1] == "fail", place[m[1]])
    )
    return [(state, event, MEANING.get(event, ""), after) for (state, event), after in moves]


def conversation(path):
    """(headline, body as JSON text) of everything that was said in a recorded session.

    :param path: the file that ``tools/acceptance/run.py --write-conversation`` writes.
    """
    said = json.loads(path.read_text())
    return [
        (f"{one['seconds']:.1f} s, {one['from']} to {one['to']}: {one['how']}", text(one["body"]))
        for one in said
    ]


def text(value, indent=0):
    """JSON in which lists and objects of plain values stand in one line."""
    inside = value.values() if isinstance(value, dict) else value
    if not isinstance(value, dict | list) or not any(isinstance(v, dict | list) for v in inside):
        line = json.dumps(value)
        if len(line) + indent <= _LINE or not isinstance(value, dict):
            return line
    pad, (begin, end) = " " * (indent + 2), "{}" if isinstance(value, dict) else "[]"
    items = (
        [f"{json.dumps(k)}: {text(v, indent + 2)}" for k, v in value.items()]
        if isinstance(value, dict)
        else [text(v, indent + 2) for v in value]
    )
    return f"{begin}\n{pad}" + f",\n{pad}".join(items) + f"\n{' ' * indent}{end}"


def layers(path):
    """Lines of the layers contract in an import-linter file, the top layer first."""
    parser = configparser.ConfigParser()
    parser.read(path)
    return parser["importlinter:contract:layers"]["layers"].strip().splitlines()


def svg(table, failed, initial):
    """The picture as an ``<svg>`` element for an HTML page.

    :param failed: the state that every other one may fail into; it is drawn once, aside.
    """
    return _Drawing(table, failed, initial).svg()


class _Drawing:
    def __init__(self, table, failed, initial):
        self._failed, self._initial = failed, initial
        self._states = [s for s in order(table) if s != failed]
        self._row = {state: n for n, state in enumerate(self._states)}
        self._moves = [
            (state, event, after) for state, event, _, after in rows(table) if after != failed
        ]
        self._failing = [s for s in self._states if (s, "fail") in table.moves]
        self._parts = []

    def svg(self):
        right = self._side([m for m in self._moves if self._row[m[2]] > self._row[m[0]] + 1], 1)
        self._side([m for m in self._moves if self._row[m[2]] <= self._row[m[0]]], -1)
        self._straight()
        for state in self._states:
            self._box(state, _LEFT, self._top(state), state == self._initial)
        self._failure()
        width = _LEFT + _WIDTH + _FIRST + right * _NEXT
        height = self._top(self._states[-1]) + _HEIGHT + _TOP
        told = "; ".join(f"{a} to {b} on {e}" for a, e, b in self._moves)
        return (
            f'<svg class="fenix-states" role="img" xmlns="http://www.w3.org/2000/svg" '
            f'viewBox="0 0 {width} {height}" width="{width}" style="max-width:100%;height:auto" '
            f'font-family="sans-serif" font-size="12" fill="currentColor">'
            f"<title>States of a session and the moves between them</title>"
            f"<desc>{html.escape(told)}; fail: {', '.join(self._failing)} to {self._failed}</desc>"
            f'<defs><marker id="fenix-tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
            f'markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z"/></marker></defs>'
            f"{''.join(self._parts)}</svg>"
        )

    def _top(self, state):
        return _TOP + self._row[state] * (_HEIGHT + _GAP)

    def _side(self, moves, direction):
        """Moves that are led around the column, each in a lane; shorter ones nearer to it."""
        leaving, arriving, lanes = {}, {}, []
        for state, event, after in sorted(moves, key=self._span):
            low, high = sorted((self._row[state], self._row[after]))
            lane = next((n for n, used in enumerate(lanes) if used <= low), len(lanes))
            lanes[lane : lane + 1] = [high + (low == high)]
            out, into = leaving.get(state, 0), arriving.get(after, 0)
            leaving[state], arriving[after] = out + 1, into + 1
            self._around(state, event, after, direction, (lane, out, into))
        return len(lanes)

    def _span(self, move):
        return (abs(self._row[move[2]] - self._row[move[0]]), self._row[move[0]])

    def _around(self, state, event, after, direction, places):
        lane, out, into = places
        edge = _LEFT + (_WIDTH if direction > 0 else 0)
        x = edge + direction * (_FIRST + lane * _NEXT)
        # Ports that keep lines of the same side from crossing: on the right lines leave below
        # and arrive above, the shortest outermost; on the left a loop is inside of what arrives.
        start, end = _HEIGHT - 7 - _PORT * out, 9 + _PORT * into
        if direction < 0:
            start, end = 8 + _PORT * out, 24 + _PORT * into
        y1, y2 = self._top(state) + start, self._top(after) + end
        self._line(edge, y1, x, y2)
        anchor = "start" if direction > 0 else "end"
        self._text(event, edge + direction * 8, y1 - 4, anchor, "font-style='italic'")

    def _line(self, edge, y1, x, y2):
        turn = _CORNER if x > edge else -_CORNER
        down = _CORNER if y2 > y1 else -_CORNER
        if abs(y2 - y1) < 2 * _CORNER:
            down = (y2 - y1) / 2
        self._parts.append(
            f'<path d="M{edge} {y1}H{x - turn}Q{x} {y1} {x} {y1 + down}V{y2 - down}'
            f'Q{x} {y2} {x - turn} {y2}H{edge}" fill="none" stroke="currentColor" '
            f'stroke-width="1.3" marker-end="url(#fenix-tip)"/>'
        )

    def _straight(self):
        x = _LEFT + _WIDTH / 2
        for state, event, after in self._moves:
            if self._row[after] == self._row[state] + 1:
                self._arrow(x, self._top(state) + _HEIGHT, x, self._top(after))
                y = self._top(after) - _GAP / 2 + 4
                self._text(event, x + 8, y, "start", "font-style='italic'")

    def _arrow(self, x1, y1, x2, y2, dashes=""):
        self._parts.append(
            f'<path d="M{x1} {y1}L{x2} {y2}" fill="none" stroke="currentColor" stroke-width="1.3" '
            f'{dashes} marker-end="url(#fenix-tip)"/>'
        )

    def _box(self, state, x, y, first=False):
        self._parts.append(
            f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="6" '
            f'fill="currentColor" fill-opacity="{0.16 if first else 0.06}" '
            f'stroke="currentColor" stroke-width="{2 if first else 1.3}"/>'
        )
        self._text(state, x + _WIDTH / 2, y + _HEIGHT / 2 + 4, "middle", "font-weight='600'")

    def _failure(self):
        """One box aside, with a bracket over the states that may fail."""
        x, width, bracket = 10, 172, 194
        top = self._top(self._failing[0])
        end = self._top(self._failing[-1]) + _HEIGHT
        y = (top + end - _HEIGHT) / 2
        dashes = 'stroke-dasharray="5 3"'
        self._parts.append(
            f'<rect x="{x}" y="{y}" width="{width}" height="{_HEIGHT}" rx="6" fill="none" '
            f'stroke="currentColor" stroke-width="1.3" {dashes}/>'
            f'<path d="M{bracket + 8} {top}H{bracket}V{end}H{bracket + 8}" fill="none" '
            f'stroke="currentColor" stroke-width="1.3" {dashes}/>'
        )
        self._arrow(bracket, y + _HEIGHT / 2, x + width, y + _HEIGHT / 2, dashes)
        self._text(self._failed, x + width / 2, y + _HEIGHT / 2 + 4, "middle", "font-weight='600'")
        self._text("fail, from each of these", x, y - 10, "start", "font-style='italic'")
        self._text("PUT: back to the state", x, y + _HEIGHT + 18, "start")
        self._text("in which it failed", x, y + _HEIGHT + 33, "start")

    def _text(self, text, x, y, anchor, more=""):
        self._parts.append(
            f'<text x="{x}" y="{y}" text-anchor="{anchor}" {more}>{html.escape(text)}</text>'
        )
