"""Figures: what was measured, the limit, and what it was compared with."""

import dataclasses
import json
import sys


@dataclasses.dataclass(frozen=True)
class Figure:
    """``limit`` is the largest value that is good, with ``at_least`` the smallest.

    ``unit`` is empty for a ratio. ``compared`` says what the value was compared with, with the
    absolute figures that it was made of.
    """

    name: str
    value: float
    limit: float
    unit: str = ""
    at_least: bool = False
    compared: str = ""

    @property
    def ok(self):
        """Whether the value is within the limit."""
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def line(self):
        """For a reader."""
        sign = ">=" if self.at_least else "<="
        unit = f" {self.unit}" if self.unit else ""
        verdict = "ok" if self.ok else "NOT MET"
        text = f"{self.name}: {self.value:g}{unit} ({sign} {self.limit:g}{unit}) {verdict}"
        return f"{text}\n    {self.compared}" if self.compared else text

    def as_dict(self):
        """For a program."""
        return {"name": self.name, "value": self.value, "limit": self.limit, "ok": self.ok}


def report(figures, as_json, out=None):
    """Print figures. Returns the exit status: 0 when every one is within its limit."""
    out = out or sys.stdout
    figures = list(figures)
    if as_json:
        print(json.dumps({"figures": [f.as_dict() for f in figures]}), file=out)
    else:
        for figure in figures:
            print(figure.line(), file=out, flush=True)
    return 0 if figures and all(f.ok for f in figures) else 1
