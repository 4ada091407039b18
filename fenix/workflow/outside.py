"""Hosts while a session runs: they appear, fail, come back, and go."""

from __future__ import annotations

from collections.abc import Mapping

from fenix.cloud import base
from fenix.db import records
from fenix.workflow import presence
from fenix.workflow.hold import Hold
from fenix.workflow.inventory import Inventory


class Outside:
    """Keeps the rows of outside hosts in line with what their services report.

    One that is down, disabled, gone or taken by another session is a row with ``found_disabled``:
    nothing is moved to it until it is back.
    """

    def __init__(self, hold: Hold, inventory: Inventory) -> None:
        self._hold = hold
        self._inventory = inventory

    def look(self, seen: Mapping[str, base.CloudHost]) -> None:
        """Take in what has changed, once the session knows the cloud at all.

        :param seen: every host of the cloud by name, as it is now.
        """
        if not self._hold.noted("discovered"):
            return
        ours = [h for h in self._hold.snapshot.hosts.values() if h.outside]
        held = self._hold.store.holders() if ours else {}
        for host in ours:
            wrong = _wrong(seen.get(host.hostname), held.get(host.hostname))
            if host.found_disabled == (wrong is not None):
                continue
            host.found_disabled, host.details = wrong is not None, wrong
            self._hold.touch(host)
            what = f"{wrong}: nothing is moved to it" if wrong else "in use again"
            self._say(host.hostname, what)
        if ours:
            session_id = self._hold.session.session_id
            self._hold.snapshot.reserved = self._hold.store.reserved(session_id)
        new = [
            self._inventory.add_outside(h) for h in self._inventory.usable_elsewhere(seen.values())
        ]
        if new:
            self._inventory.measure([h.hostname for h in new])
            self._inventory.count(new)
        for host in new:
            self._say(host.hostname, "new, and may take instances")

    def gone(self, seen: Mapping[str, base.CloudHost]) -> list[records.Host]:
        """Hosts of the session that are not in the cloud any more.

        Whatever computes have appeared or gone is told as ``maintenance.host``.
        """
        snapshot = self._hold.snapshot
        listed = frozenset(n for n, h in seen.items() if base.COMPUTE in h.roles)
        if listed == snapshot.present:
            return []
        there = presence.look(
            self._hold.store,
            self._hold.conf,
            seen.values(),
            now=self._hold.now(),
            admin_project=self._hold.admin_project,
            session_id=self._hold.session.session_id,
        )
        snapshot.present = listed if there == listed else None
        return [
            h for h in snapshot.computes() if h.hostname not in listed and h.hostname not in there
        ]

    def _say(self, hostname: str, what: str) -> None:
        self._hold.event("host", f"{hostname}, outside the session, is {what}", host=hostname)


def _wrong(seen: base.CloudHost | None, holder: str | None) -> str | None:
    if seen is None:
        return "not in the cloud any more"
    if not seen.enabled:
        return "disabled"
    if not seen.up:
        return "down"
    # What is put there would have to move once more.
    return None if holder is None else f"being maintained by session {holder}"
