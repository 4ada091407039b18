"""Time as the service uses it: naive UTC, and a clock that tests and simulations replace."""

from __future__ import annotations

import datetime
import time
from typing import Protocol

WIRE_FORMAT = "%Y-%m-%d %H:%M:%S"


class Clock(Protocol):
    """A source of the present time."""

    def now(self) -> datetime.datetime:
        """The present time, naive UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back, for leases and time-outs inside one process."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime.datetime:
        """The present time, naive UTC."""
        return datetime.datetime.now(datetime.UTC).replace(tzinfo=None)

    def monotonic(self) -> float:
        """``time.monotonic()``."""
        return time.monotonic()


def parse(text: str) -> datetime.datetime:
    """Read a time as clients write it (contract section 1).

    :param text: ``YYYY-MM-DD HH:MM:SS`` (taken as UTC), or with ``T``, ``Z``, an offset.
    :returns: naive UTC.
    :raises ValueError: when it is none of these, or a date alone.
    """
    value = text.strip()
    if len(value) < len("2000-01-01 00:00"):
        raise ValueError(f"{text!r} is not a time such as '2026-01-31 23:30:00'")
    parsed = datetime.datetime.fromisoformat(value)
    if parsed.tzinfo is not None:
        parsed = parsed.astimezone(datetime.UTC).replace(tzinfo=None)
    return parsed


def wire(moment: datetime.datetime | None) -> str | None:
    """A time as API bodies and notifications carry it: ``YYYY-MM-DD HH:MM:SS``, UTC."""
    return None if moment is None else moment.strftime(WIRE_FORMAT)
