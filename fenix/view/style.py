"""Colours and signs of the demo's screen."""

from __future__ import annotations

import dataclasses

STRONG = "bold"
DIM = "color(244)"
GOOD = "color(28)"
WORK = "color(130)"
BUSY = "color(33)"
WRONG = "color(160)"

_VNFS = ("color(30)", "color(133)", "color(33)", "color(136)", "color(65)", "color(99)")


def of_vnf(number: int) -> str:
    """The colour of an application."""
    return _VNFS[number % len(_VNFS)]


@dataclasses.dataclass(frozen=True)
class Icons:
    """Signs, each one cell wide. Phases: waiting, emptied, maintained, back in use."""

    then: str
    waiting: str
    draining: str
    maintaining: str
    done: str
    pair: str
    worker: str
    leaving: str
    arriving: str
    silent: str
    up: str
    down: str
    aside: str

    def phase(self, phase: str) -> str:
        """The sign of a host's phase."""
        return {
            "draining": self.draining,
            "maintaining": self.maintaining,
            "returning": self.maintaining,
            "done": self.done,
            "quarantined": self.aside,
            "skipped": self.aside,
        }.get(phase, self.waiting)


ICONS = Icons("▸", "·", "▾", "◌", "✔", "◆", "■", "→", "←", "○", "●", "○", "✗")
PLAIN_ICONS = Icons(">", ".", "v", "o", "*", "#", "=", ">", "<", "x", "+", "-", "!")

PHASES = {
    "pending": ("waiting", DIM),
    "draining": ("emptying", WORK),
    "maintaining": ("maintaining", BUSY),
    "returning": ("returning", BUSY),
    "done": ("maintained", GOOD),
    "quarantined": ("set aside", WRONG),
    "skipped": ("left out", DIM),
}
"""Word and colour of a host's phase."""
