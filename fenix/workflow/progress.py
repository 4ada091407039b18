"""How far a session is, and when it will be done; pure functions of its rows and notes."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence

from fenix import states
from fenix.db import records
from fenix.workflow import resuming
from fenix.workflow.upkeep import ENDED, MAINTAINING, RETURNING

#: Of a session whose hosts are done, but which is not; the rest is its last questions.
_ALL_HOSTS = 99
#: What counts as done of a host: it is begun, its instances are gone, its actions have ended.
_BEGUN = 0.1
_SHARES = {MAINTAINING: 0.5, RETURNING: 0.9}
#: Before so much of a host is done there is nothing to go by.
_ENOUGH = 0.5


def _share(host: records.Host) -> float:
    phase = host.failed_phase or host.phase
    if host.phase in ENDED:
        return 1.0
    return _SHARES.get(phase, _BEGUN if host.started_at is not None else 0.0)


def _done(hosts: Iterable[records.Host]) -> float:
    return sum(_share(h) for h in hosts)


def percent(hosts: Sequence[records.Host]) -> int:
    """Percent of the work on a session's hosts; 99 when all are done."""
    return int(_ALL_HOSTS * _done(hosts) / len(hosts)) if hosts else _ALL_HOSTS


def eta(
    session: records.Session, hosts: Sequence[records.Host], now: datetime.datetime
) -> datetime.datetime | None:
    """When the hosts of a session will be done, if the rest goes as fast as what is done.

    It counts from the first host that was begun, less the times at which the session stood still
    (paused, or failed until it was continued).

    :returns: None before half a host is done, and while the session stands still or stops.
    """
    begun = [h.started_at for h in hosts if h.started_at is not None]
    done = _done(hosts)
    still = session.state in states.IDLE or session.paused_at or session.command
    if still or not begun or done < _ENOUGH:
        return None
    first = min(begun)
    stood = sum(
        (
            max(datetime.timedelta(), end - max(first, begin))
            for begin, end in resuming.standstills(session.progress)
        ),
        datetime.timedelta(),
    )
    spent = max(datetime.timedelta(), now - first - stood)
    return now + spent * (len(hosts) - done) / done
