"""Lines that pictures on a terminal are made of.

Colours are of middling brightness, so that they can be read on dark and on light; what they say
is also said by a sign or a word.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from rich.console import RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from fenix.view.scene import Line, clock
from fenix.view.style import DIM, GOOD, STRONG, WRONG, Icons

_SHORTEST_BAR = 10


def ends(left: Text, right: Text, width: int) -> Text:
    """A line with something at its left and at its right end."""
    gap = max(1, width - left.cell_len - right.cell_len)
    line = Text.assemble(left, " " * gap, right, no_wrap=True)
    line.truncate(width)
    return line


def road(
    states: Sequence[str],
    state: str,
    visited: Collection[str],
    icons: Icons,
    width: int,
    *,
    failed: bool = False,
) -> Text:
    """The states of a session in their order, with the present one in reverse.

    :param failed: ``state`` is that of failure; it stands in place of the last.
    """
    line = Text(no_wrap=True)
    shown = [*states[:-1], state] if failed else list(states)
    if state not in shown:
        # Of a workflow's own.
        shown.insert(-1, state)
    for name in shown:
        word = name if name == states[0] else name.removesuffix("_MAINTENANCE")
        word = word.removeprefix("MAINTENANCE_")
        if name == state:
            line.append(f" {word} ", f"reverse {WRONG if failed else GOOD}")
        else:
            line.append(word, GOOD if name in visited else DIM)
        if name is not shown[-1]:
            line.append(f" {icons.then} ", DIM)
    line.truncate(width)
    return line


def bar(percent: int, told: str, width: int) -> RenderableType:
    """A bar as long as there is room beside the words."""
    words = Text(told, no_wrap=True)
    words.truncate(max(0, width - _SHORTEST_BAR - 2))
    grid = Table.grid(padding=(0, 2))
    grid.add_row(
        ProgressBar(
            100,
            percent,
            width=max(_SHORTEST_BAR, width - words.cell_len - 2),
            complete_style=GOOD,
            finished_style=GOOD,
        ),
        words,
    )
    return grid


def lines(
    said: Sequence[Line], count: int, when: Callable[[float], str] = clock
) -> list[RenderableType]:
    """The last ``count`` of what was said.

    :param when: how times are written.
    """
    found: list[RenderableType] = []
    for one in said[max(0, len(said) - count) :] if count else ():
        line = Text(no_wrap=True, overflow="ellipsis")
        line.append(f"{when(one.at)}  ", DIM)
        line.append(f"{one.who} ", STRONG)
        line.append(one.text)
        found.append(line)
    return found


def stacked(parts: Iterable[Iterable[RenderableType]]) -> list[RenderableType]:
    """Parts below each other with a blank line between; empty ones are left out."""
    body: list[RenderableType] = []
    for part in parts:
        found = list(part)
        body += [*([Text("")] if body and found else []), *found]
    return body
