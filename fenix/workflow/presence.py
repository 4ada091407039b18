"""Computes that appear in the cloud, and computes that go: found out once, by whoever looks."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from oslo_config import cfg

from fenix.cloud import base
from fenix.db import records
from fenix.db.known_hosts import Change
from fenix.notifications import payloads
from fenix.workflow import host_events

#: A host is gone when it has not been listed for so long: part of a cloud may just not answer.
GONE_AFTER = datetime.timedelta(seconds=10)


class Known(Protocol):
    """Where known hosts are kept; see :mod:`fenix.db.known_hosts`."""

    def known_hosts(self) -> dict[str, datetime.datetime | None]:
        """Since when each known host is missing; None: it is there."""
        ...

    def write_known_hosts(
        self, change: Change, now: datetime.datetime, outgoing: Sequence[records.Outgoing]
    ) -> bool:
        """Write a change and what is to be told of it; False: another was faster."""
        ...


def difference(
    known: dict[str, datetime.datetime | None],
    found: Iterable[base.CloudHost],
    now: datetime.datetime,
) -> Change:
    """What has changed. A cloud that lists no compute at all says nothing."""
    here = {h.hostname for h in found if base.COMPUTE in h.roles}
    if not here:
        return Change()
    absent = {name: since for name, since in known.items() if name not in here}
    return Change(
        added=frozenset(here - known.keys()),
        removed=frozenset(n for n, since in absent.items() if since and since <= now - GONE_AFTER),
        missing=frozenset(n for n, since in absent.items() if since is None),
        back=frozenset(n for n in here & known.keys() if known[n] is not None),
    )


def look(
    store: Known,
    conf: cfg.ConfigOpts,
    found: Iterable[base.CloudHost],
    *,
    now: datetime.datetime,
    admin_project: Callable[[], str],
    session_id: str = host_events.NO_SESSION,
) -> frozenset[str]:
    """Compare the cloud with what was known, and tell of hosts added and removed.

    The first look of all tells nothing. Two that look at the same time tell once.

    :param session_id: the session that looks, if one does.
    :returns: every host that is taken to be there: those listed, and those missing for a moment.
    """
    known = store.known_hosts()
    change = difference(known, found, now)
    if not change:
        return frozenset(known)
    outgoing: list[records.Outgoing] = []
    if known:
        for state, names in (
            (payloads.HOST_ADDED, change.added),
            (payloads.HOST_REMOVED, change.removed),
        ):
            for hostname in sorted(names):
                outgoing += host_events.outgoing(
                    conf,
                    hostname=hostname,
                    state=state,
                    session_id=session_id,
                    admin_project=admin_project(),
                    now=now,
                )
    if not store.write_known_hosts(change, now, outgoing):
        return frozenset(store.known_hosts())
    return frozenset(known.keys() | change.added) - change.removed
