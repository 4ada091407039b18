"""A terminal that shows one picture after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from rich.console import Console, RenderableType
from rich.live import Live

from fenix.view.style import ICONS, PLAIN_ICONS, Icons

_Frame = TypeVar("_Frame")

#: Makes at most ``height`` lines: frame, width, height, signs.
Draw = Callable[[_Frame, int, int, Icons], RenderableType]

#: Lines left for the shell's prompt, and for what is said after the last picture.
_AFTERWARDS = 4


class Screen(Generic[_Frame]):
    """Draws frames on the whole terminal, and leaves the last one behind when it ends."""

    def __init__(self, console: Console, draw: Draw[_Frame]) -> None:
        self._console = console
        self._draw = draw
        self._live = Live(console=console, screen=True, auto_refresh=False)
        self._last: _Frame | None = None
        self._live.start()

    def show(self, frame: _Frame) -> None:
        """Draw this moment."""
        self._last = frame
        self._live.update(self._picture(frame), refresh=True)

    def close(self) -> None:
        """Give the terminal back, with the last frame on it."""
        self._live.stop()
        if self._last is not None:
            self._console.print(self._picture(self._last, _AFTERWARDS))

    def _picture(self, frame: _Frame, less: int = 0) -> RenderableType:
        size = self._console.size
        return self._draw(frame, size.width, size.height - less, icons_of(self._console))


def icons_of(console: Console) -> Icons:
    """The signs that this terminal can show."""
    return ICONS if "utf" in console.encoding else PLAIN_ICONS
