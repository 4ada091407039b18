"""Progress as plain lines, where there is no terminal to draw on."""

from __future__ import annotations

from typing import TextIO

from fenix.cmd.demo.frame import Frame
from fenix.view.scene import clock

_FEW = 4
_STEP = 5


class Plain:
    """Tells what is new since the last frame; of large clouds only the progress."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._state = ""
        self._told = 0
        self._percent = -_STEP

    def show(self, frame: Frame) -> None:
        """Print what is new."""
        few = len(frame.groups) <= _FEW
        if few:
            new = min(frame.said - self._told, len(frame.lines))
            for line in frame.lines[len(frame.lines) - new :]:
                self._print(line.at, f"{line.who} {line.text}")
            self._told = frame.said
        if frame.state != self._state or (not few and frame.percent >= self._percent + _STEP):
            self._state, self._percent = frame.state, frame.percent
            self._print(frame.at, f"{frame.state}: {progress(frame)}")

    def _print(self, at: float, text: str) -> None:
        print(f"{clock(at)}  {text}", file=self._out, flush=True)

    def close(self) -> None:
        """Nothing is kept open."""


def progress(frame: Frame) -> str:
    """Hosts, moves and the application in a few words."""
    down = [g.name for g in frame.groups if not g.answering]
    state = f"{', '.join(down)} DOWN" if down else "every group answers"
    return (
        f"{frame.maintained} of {len(frame.hosts)} hosts maintained, {frame.moves} moves, {state}"
    )
