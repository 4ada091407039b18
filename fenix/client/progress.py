"""How long a session may still take."""

from __future__ import annotations

import datetime

from fenix.client import results


def time_left(detail: results.Detail, now: datetime.datetime) -> datetime.timedelta | None:
    """How long the hosts of a session may still take, as the service expects it.

    :param now: the present time, with its time zone.
    :returns: None before there is anything to go by, and when nothing goes on.
    """
    if detail.eta is None or detail.session.idle or detail.session.paused:
        return None
    return max(detail.eta - now, datetime.timedelta())


def clock(span: datetime.timedelta) -> str:
    """``h:mm:ss``."""
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
