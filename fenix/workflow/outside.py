"""Hosts that the session does not maintain, while it runs: they appear, fail and come back."""

from __future__ import annotations

from collections.abc import Mapping

from fenix.cloud import base
from fenix.workflow.hold import Hold
from fenix.workflow.inventory import Inventory


class Outside:
    """Keeps the rows of outside hosts in line with what their services report.

    One that is down, disabled or gone is a row with ``found_disabled``: nothing is moved to it
    until it is back.
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
        for host in self._hold.snapshot.hosts.values():
            if not host.outside:
                continue
            wrong = _wrong(seen.get(host.hostname))
            if host.found_disabled == (wrong is not None):
                continue
            host.found_disabled, host.details = wrong is not None, wrong
            self._hold.touch(host)
            what = f"{wrong}: nothing is moved to it" if wrong else "in use again"
            self._say(host.hostname, what)
        new = [
            self._inventory.add_outside(h) for h in self._inventory.usable_elsewhere(seen.values())
        ]
        if new:
            self._inventory.measure([h.hostname for h in new])
            self._inventory.count(new)
        for host in new:
            self._say(host.hostname, "new, and may take instances")

    def _say(self, hostname: str, what: str) -> None:
        self._hold.event("host", f"{hostname}, outside the session, is {what}", host=hostname)


def _wrong(seen: base.CloudHost | None) -> str | None:
    if seen is None:
        return "not in the cloud any more"
    if not seen.enabled:
        return "disabled"
    return None if seen.up else "down"
