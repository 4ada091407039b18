"""How well colours can be told apart: relative luminance and contrast as WCAG 2 defines them.

Colours are text such as ``#1c2733``.
"""

from __future__ import annotations

#: What WCAG asks of text.
ENOUGH = 4.5
#: The luminance from which black is read better than white.
_GREY = 0.185
_STEPS = 20


def luminance(colour: str) -> float:
    """From 0 (black) to 1 (white)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in _parts(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def ratio(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black and white)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def on(colour: str) -> str:
    """Black or white, whichever is read better on a colour."""
    return "#10151b" if luminance(colour) > _GREY else "#ffffff"


def legible(colour: str, paper: str, ink: str) -> str:
    """The colour, or the nearest one towards the ink that can be read on the paper."""
    for step in range(_STEPS):
        mixed = _mixed(colour, ink, step / _STEPS)
        if ratio(mixed, paper) >= ENOUGH:
            return mixed
    return ink


def _parts(colour: str) -> list[float]:
    return [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]


def _mixed(one: str, other: str, share: float) -> str:
    pairs = zip(_parts(one), _parts(other), strict=True)
    return "#" + "".join(f"{round(255 * (a + (b - a) * share)):02x}" for a, b in pairs)
