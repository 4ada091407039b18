"""Time stamps as Nova writes and reads them."""

import datetime

from fenix.emulator.clock import Clock, utc
from fenix.emulator.errors import BadRequest


def zulu(clock: Clock, at: float | None) -> str | None:
    """Model time as ``2026-11-21T19:56:04Z``."""
    return None if at is None else utc(clock, at).strftime("%Y-%m-%dT%H:%M:%SZ")


def micro(clock: Clock, at: float | None) -> str | None:
    """Model time as ``2026-11-21T19:56:04.000000``, UTC without saying so."""
    return None if at is None else utc(clock, at).strftime("%Y-%m-%dT%H:%M:%S.000000")


def parse(clock: Clock, text: str) -> float:
    """A client's date as model time, cut to the whole second; raises BadRequest."""
    try:
        date = datetime.datetime.fromisoformat(text.strip().replace(" ", "+"))
    except ValueError:
        try:
            date = datetime.datetime.fromisoformat(text.strip())
        except ValueError:
            raise BadRequest(
                f"Invalid input for query parameters changes-since. Value: {text}. "
                f"{text!r} is not a 'date-time'"
            ) from None
    if date.tzinfo is None:
        date = date.replace(tzinfo=datetime.UTC)
    return (date - clock.epoch).total_seconds()
