"""What can be drawn: hosts with their instances, and what was said."""

from __future__ import annotations

import dataclasses
import datetime

#: Phases in which nothing happens to a host.
RESTING = ("pending", "done", "skipped")
LEAVING = "leaving"
ARRIVING = "arriving"


@dataclasses.dataclass(frozen=True, slots=True)
class Instance:
    """An instance on a host. ``vnf`` is the number of its application or project, from 0.

    ``motion`` is empty, ``leaving`` or, for one that is still elsewhere, ``arriving``.
    """

    name: str
    vnf: int
    pair: bool
    answers: bool
    motion: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Host:
    """A host with its phase, as the service has it; its instances where they are looked at."""

    name: str
    compute: bool
    phase: str
    instances: tuple[Instance, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """Something that was said or happened; ``at`` is in seconds."""

    at: float
    who: str
    text: str


def clock(seconds: float) -> str:
    """A span of time as ``h:mm:ss``."""
    minutes, second = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{second:02d}"


def of_day(at: float) -> str:
    """A time in seconds since 1970 as the time of day, UTC."""
    return datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%H:%M:%S")
