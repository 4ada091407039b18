"""How far a session is, and how long it may still take."""

from __future__ import annotations

import datetime

from fenix.client import results


def time_left(detail: results.Detail, now: datetime.datetime) -> datetime.timedelta | None:
    """An estimate: the rest takes as long as what is done has taken.

    It counts from the first host that was begun, so answers of projects before it are left out.

    :param now: the present time, with its time zone.
    :returns: None before there is anything to go by, and when nothing goes on.
    """
    begun = [h.started_at for h in detail.hosts if h.started_at]
    percent = detail.percent_done
    if detail.session.idle or detail.session.paused or not begun or not 0 < percent < 100:
        return None
    spent = max(now - min(begun), datetime.timedelta())
    return spent * (100 - percent) / percent


def clock(span: datetime.timedelta) -> str:
    """``h:mm:ss``."""
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
