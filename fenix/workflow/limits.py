"""The limits that a session was created with (contract section 8).

How many hosts at once, how many may fail, which are tried first, and until when hosts begin.
"""

from __future__ import annotations

import datetime
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from fenix import timing
from fenix.db import records
from fenix.planner.timeline import Canaries
from fenix.workflow.expecting import Expecting
from fenix.workflow.hold import Hold
from fenix.workflow.outcome import Fatal
from fenix.workflow.upkeep import (
    DONE,
    DRAINING,
    MAINTAINING,
    PENDING,
    QUARANTINED,
    RETURNING,
    SKIPPED,
    UNDER_WORK,
)

_CANARY_PASSED = "canary_passed"
_WINDOW_REACHED = "window_reached"
_WINDOW_SPENT = "window_spent"
_NAMED = 20


class Limits:
    """What a session may begin now. Created anew for every run of a handler."""

    def __init__(self, hold: Hold) -> None:
        self._hold = hold
        self._conf = hold.conf.workflow
        self.expecting = Expecting(hold)

    def _setting(self, name: str, default: Any = 0) -> Any:
        value = self._hold.session.settings.get(name)
        return default if value is None else value

    # How many at once

    def at_once(self) -> int:
        """How many hosts may be worked on at the same time."""
        most: int = self._setting("max_parallel_hosts", self._conf.max_parallel_hosts)
        return most or sys.maxsize

    def may_begin(self) -> int:
        """How many further hosts may begin now."""
        active = sum(1 for h in self._hosts() if h.phase in (DRAINING, MAINTAINING, RETURNING))
        return max(0, min(self.at_once() - active, self._canary_places()))

    def again_at(self) -> datetime.datetime | None:
        """When more may begin; None when that depends on hosts under work."""
        soaked = self._soaked_at()
        return soaked if soaked is not None and soaked > self._hold.now() else None

    def _hosts(self) -> list[records.Host]:
        return self._hold.snapshot.session_hosts()

    # Canaries

    def canaries(self) -> Canaries:
        """How many hosts are tried before the others, as a plan counts with them."""
        return Canaries(self._setting("canary_hosts"), self._setting("canary_soak"))

    def _canaries(self) -> list[records.Host]:
        """The hosts that were begun first, as many as are tried before the others."""
        begun = [h for h in self._hosts() if h.phase != PENDING and h.started_at is not None]
        begun.sort(key=lambda h: (h.started_at, h.hostname))
        return begun[: self._setting("canary_hosts")]

    def _canary_places(self) -> int:
        wanted = self._setting("canary_hosts")
        if not wanted or self._hold.noted(_CANARY_PASSED):
            return sys.maxsize
        canaries = self._canaries()
        if len(canaries) < min(wanted, len(self._hosts())):
            return int(wanted) - len(canaries)
        soaked = self._soaked_at()
        if soaked is None or self._hold.now() < soaked:
            return 0
        self._hold.note(_CANARY_PASSED, True)
        self._hold.event("host", f"canaries passed: {_names(canaries)}")
        return sys.maxsize

    def _soaked_at(self) -> datetime.datetime | None:
        """When the canaries have been in use for long enough; None while one is worked on."""
        wanted = self._setting("canary_hosts")
        if not wanted or self._hold.noted(_CANARY_PASSED):
            return None
        canaries = self._canaries()
        ends = [h.finished_at for h in canaries if h.phase == DONE and h.finished_at]
        if not canaries or len(ends) < len(canaries):
            return None
        return max(ends) + datetime.timedelta(seconds=self._setting("canary_soak"))

    # Hosts that fail

    def may_lose(self, host: records.Host) -> bool:
        """Whether the session goes on without a host that failed.

        A controller is never left behind, nor one of the canaries: they are there to tell.
        """
        if host.phase in (QUARANTINED, SKIPPED):
            return True
        if host.outside or not host.is_compute:
            return False
        if not self._hold.noted(_CANARY_PASSED) and host in self._canaries():
            return False
        return len(self._lost()) < self._setting("max_failed_hosts")

    def _lost(self) -> list[records.Host]:
        return [h for h in self._hosts() if h.phase == QUARANTINED]

    @staticmethod
    def stays_out(host: records.Host) -> bool:
        """Whether a host failed while it was worked on, so that nothing should land on it."""
        return host.phase in (QUARANTINED, SKIPPED) and host.failed_phase in UNDER_WORK

    def report(self) -> str | None:
        """What is to be said of hosts that were left out; None when none was."""
        out = [h for h in self._hosts() if h.phase in (QUARANTINED, SKIPPED)]
        if not out:
            return None
        each = "; ".join(f"{h.hostname}: {h.details}" for h in _by_name(out)[:_NAMED])
        return f"{len(out)} of {len(self._hosts())} hosts were not maintained. {each}"

    # The window

    def _window_end(self) -> datetime.datetime | None:
        text = self._setting("window_end", None)
        if text is None or self._hold.noted(_WINDOW_SPENT):
            return None
        return timing.parse(text)

    def in_time(self, hosts: Sequence[records.Host]) -> list[records.Host]:
        """Of hosts that could begin now, those that are expected to be done in time."""
        end = self._window_end()
        if end is None:
            return list(hosts)
        return [h for h in hosts if self._hold.after(self.expecting.host(h)) <= end]

    def begins(self, host: records.Host) -> None:
        """A host is begun: what was expected of it is kept, to be compared with what it takes."""
        if self._window_end() is not None and host.started_at is None:
            self.expecting.begins(host)

    def demand_time(self, hosts: Sequence[records.Host]) -> None:
        """Stop the session when none of these hosts would be done in time.

        :raises Fatal: naming the hosts that are left.
        """
        if hosts and not self.in_time(hosts):
            self.out_of_time(hosts)

    def out_of_time(self, hosts: Sequence[records.Host]) -> NoReturn:
        """Stop the session: none of these hosts, which are left, can be done in time.

        :raises Fatal: naming them.
        """
        shortest = min(self.expecting.host(h) for h in hosts)
        self._hold.note(_WINDOW_REACHED, True)
        done = sum(1 for h in self._hosts() if h.phase == DONE)
        left = [h for h in self._hosts() if h.phase == PENDING]
        raise Fatal(
            f"window_end {timing.wire(self._window_end())} is too near for a further host, which "
            f"takes {shortest:.0f} s at least: {done} of {len(self._hosts())} hosts are "
            f"maintained, {len(left)} are left: {_names(left)}. Continue the session when they "
            f"may be maintained: it then goes on without a window"
        )

    def continued(self) -> None:
        """An admin goes on after the window: it does not count any more."""
        if self._hold.noted(_WINDOW_REACHED):
            self._hold.note(_WINDOW_REACHED, None)
            self._hold.note(_WINDOW_SPENT, True)


def _by_name(hosts: Sequence[records.Host]) -> list[records.Host]:
    return sorted(hosts, key=lambda h: h.hostname)


def _names(hosts: Sequence[records.Host]) -> str:
    names = [h.hostname for h in _by_name(hosts)]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"
