"""Time stamps as Nova writes and reads them."""

import datetime
import functools

from fenix.emulator.clock import Clock
from fenix.emulator.errors import BadRequest


def zulu(clock: Clock, at: float | None) -> str | None:
    """Model time as ``2026-11-21T19:56:04Z``."""
    return None if at is None else f"{_second(int(clock.epoch.timestamp() + at))}Z"


def micro(clock: Clock, at: float | None) -> str | None:
    """Model time as ``2026-11-21T19:56:04.000000``, UTC without saying so."""
    return None if at is None else f"{_second(int(clock.epoch.timestamp() + at))}.000000"


@functools.lru_cache(maxsize=65536)
def _second(posix: int) -> str:
    date = datetime.datetime.fromtimestamp(posix, datetime.UTC)
    return date.strftime("%Y-%m-%dT%H:%M:%S")


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
