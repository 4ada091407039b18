"""What was listed of a large cloud a moment ago, brought up to date.

To list ten thousand computes or forty thousand instances takes seconds of a processor on both
sides. Where a listing fits into one page none of this is used: then everybody lists anew.
"""

from __future__ import annotations

import dataclasses
import datetime
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from fenix import timing
from fenix.cloud import base, paging
from fenix.cloud.paging import MARGIN

#: Seconds after which all is read anew, whatever was said of changes: Nova's clock may be set back.
_ANEW = 60.0
#: A listing of computes counts for one second for each thousand of them, and no longer than this:
#: nova-compute itself reports every ten seconds.
_LONGEST = 10.0
#: Nova tells of whole seconds, and compares with parts of them.
_SECOND = datetime.timedelta(seconds=1)

C = TypeVar("C", bound=paging.Changed)


class RecentHosts:
    """Listed hosts, while they may be used; with what this process has changed since."""

    def __init__(self, clock: timing.Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._known: dict[str, base.CloudHost] = {}
        self._until = 0.0

    def __call__(self, read: Callable[[], list[base.CloudHost]]) -> list[base.CloudHost]:
        """The listing while it serves, else a new one; who comes while one is made waits for it.

        :param read: makes one, by :meth:`listed`.
        """
        if not self._known:
            return read()
        with self._turn:
            known = self._serving()
            return read() if known is None else known

    def _serving(self) -> list[base.CloudHost] | None:
        with self._lock:
            return list(self._known.values()) if self._clock.monotonic() < self._until else None

    def listed(self, read: Callable[[], list[base.CloudHost]]) -> list[base.CloudHost]:
        """List anew."""
        found = read()
        is_large = len(found) > base.LARGE
        # From when it is there: on a busy machine it may take as long as it serves.
        serves = min(_LONGEST, len(found) / base.LARGE) if is_large else 0.0
        with self._lock:
            self._known = {h.hostname: h for h in found} if is_large else {}
            self._until = self._clock.monotonic() + serves
        return found

    def changed(self, host: base.CloudHost, **changed: Any) -> None:
        """This process has changed a host."""
        with self._lock:
            known = self._known.get(host.hostname)
            if known is not None:
                self._known[host.hostname] = dataclasses.replace(known, **changed)


class RecentServers:
    """Every instance, listed once a minute, with what has changed since.

    For one thread at a time.
    """

    def __init__(self, cloud: base.Cloud, clock: timing.Clock) -> None:
        self._cloud = cloud
        self._clock = clock
        self._known: dict[str, base.Server] = {}
        self._newest: datetime.datetime | None = None
        self._until = 0.0

    def __call__(self) -> list[base.Server]:
        """Every instance as it is now."""
        begun = self._clock.monotonic()
        if self._newest is None or begun >= self._until:
            return self.listed()
        for server in self._cloud.changed_since(self._newest - MARGIN):
            self._newest = max(self._newest, server.updated)
            if server.status == base.DELETED:
                self._known.pop(server.server_id, None)
            else:
                self._known[server.server_id] = server
        return list(self._known.values())

    def listed(self) -> list[base.Server]:
        """List anew."""
        begun = self._clock.monotonic()
        found = self._cloud.servers()
        is_large = len(found) > base.LARGE
        self._known = {s.server_id: s for s in found} if is_large else {}
        self._newest = max(s.updated for s in found) if is_large else None
        self._until = begun + _ANEW
        return found


class RecentChanges(Generic[C]):
    """What changed of late: sessions that look at different times read each change once.

    One that can be read only long after a newer one, by more than the margin, is told of when all
    is read anew.

    For one thread at a time.

    :param read: what changed since a moment.
    :param key: what stays the same when something changes.
    """

    def __init__(
        self,
        read: Callable[[datetime.datetime], list[C]],
        key: Callable[[C], str],
        clock: timing.Clock,
    ) -> None:
        self._read, self._key, self._clock = read, key, clock
        self._known: dict[str, C] = {}
        self._since = datetime.datetime.max
        self._newest = datetime.datetime.min
        self._until = 0.0

    def __call__(self, since: datetime.datetime) -> list[C]:
        """What changed since then, as it is now, and perhaps some of a second before."""
        begun = self._clock.monotonic()
        if since < self._since or begun >= self._until:
            found = self._read(since)
            self._known, self._since, self._newest = {}, since, since
            self._until = begun + _ANEW
        else:
            found = self._read(max(self._since, self._newest - MARGIN))
        for one in found:
            self._known[self._key(one)] = one
            self._newest = max(self._newest, one.updated)
        return [one for one in self._known.values() if one.updated >= since - _SECOND]
