"""Hosts of a session that somebody has reserved with Blazar."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

from fenix import timing
from fenix.cloud.blazar import Reservation
from fenix.conf.neighbours import IGNORE, MAINTAIN
from fenix.workflow.hold import Hold
from fenix.workflow.outcome import Fatal

#: What clients see of it.
RESERVATIONS = "reservations"

_NAMED = 10
_ENDED = frozenset({"done", "quarantined", "skipped"})


class Reserved:
    """Looks for reservations that the session's work would meet."""

    def __init__(self, hold: Hold) -> None:
        self._hold = hold
        self._conf = hold.conf.blazar

    @property
    def rule(self) -> str:
        """``refuse``, ``maintain`` or ``ignore``: the session's own, else as configured."""
        return str(self._hold.session.settings.get("reserved_hosts") or self._conf.reserved_hosts)

    def look(self) -> list[dict[str, Any]]:
        """Find them, and keep them with the session.

        :returns: what clients see of each, by host and begin.
        :raises CloudError: Blazar does not answer.
        """
        if self.rule == IGNORE:
            return []
        ours = {h.hostname for h in self._hold.snapshot.session_hosts() if h.phase not in _ENDED}
        now, until = self._hold.now(), self._until()
        found = [
            _shown(r)
            for r in self._hold.reservations()
            if r.hostname in ours and r.end > now and r.start < until
        ]
        if found != self._hold.noted(RESERVATIONS, []):
            self._say_new(found)
            self._hold.note(RESERVATIONS, found)
        return found

    def _until(self) -> datetime.datetime:
        """Leases that begin later do not meet the session."""
        window_end = self._hold.session.settings.get("window_end")
        if window_end is not None:
            return timing.parse(window_end)
        begin = max(self._hold.now(), self._hold.session.maintenance_at or self._hold.now())
        return begin + datetime.timedelta(seconds=self._conf.lookahead)

    def _say_new(self, found: list[dict[str, Any]]) -> None:
        known = self._hold.noted(RESERVATIONS, [])
        for one in found:
            if one not in known:
                self._hold.event(
                    "reservation", _told(one), host=one["host"], lease_id=one["lease_id"]
                )

    def why_not(self) -> str | None:
        """Why the session may not touch its hosts; None when it may."""
        found = self.look()
        if not found or self.rule == MAINTAIN:
            return None
        told = "; ".join(_told(one) for one in found[:_NAMED])
        more = f"; and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        return (
            f"hosts are reserved: {told}{more}. Wait until the leases are over, change them in "
            f"Blazar, or make a session without these hosts; one with reserved_hosts "
            f"{MAINTAIN!r} goes on all the same"
        )

    def demand_none(self) -> None:
        """Stop before any work when hosts are reserved and the session may not touch those.

        :raises Fatal: naming hosts, leases, times and projects.
        """
        why_not = self.why_not()
        if why_not is not None:
            raise Fatal(f"{why_not}. Then continue the session")


def _shown(found: Reservation) -> dict[str, Any]:
    values = dataclasses.asdict(found)
    host = values.pop("hostname")
    times = {name: timing.wire(values[name]) for name in ("start", "end")}
    return {"host": host, **values, **times}


def _told(one: dict[str, Any]) -> str:
    return (
        f"{one['host']} from {one['start']} to {one['end']} by lease {one['lease_name']!r} "
        f"({one['lease_id']}, {one['resource_type']}, {one['status']}) of project "
        f"{one['project_id']}"
    )
