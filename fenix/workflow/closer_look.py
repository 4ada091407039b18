"""Looking at one move, before it is aborted or given up.

News of it may have gone astray: what has changed is listed page by page, and stamped by the clocks
of many machines. To move an instance again that has moved, or to fail the session, would be wrong.
"""

from __future__ import annotations

import datetime

from fenix.cloud import base
from fenix.db import records
from fenix.workflow.hold import Hold
from fenix.workflow.inventory import Inventory

#: A move that takes long is looked at no oftener.
_AGAIN = datetime.timedelta(seconds=10)


class CloserLook:
    """Asks Nova about moves by their hosts: about each host, and about all, once in a handler."""

    def __init__(self, hold: Hold, inventory: Inventory) -> None:
        self._hold = hold
        self._inventory = inventory
        self._snapshot = hold.snapshot
        self._there: dict[str, list[base.Server]] = {}
        self._departed: dict[str, list[base.Migration]] = {}
        self._all_listed = False

    def take(self, instance: records.Instance) -> None:
        """Bring an instance and the records of its migrations up to date.

        It is looked for on both hosts of its move, and among all instances when it is on neither.
        """
        now, looked = self._hold.now(), self._snapshot.looked
        last = looked.get(instance.instance_id)
        if last is not None and last <= now < last + _AGAIN:
            return
        source = instance.move_source or ""
        hosts = filter(None, (source, instance.move_target))
        if not any(self._found(instance, host) for host in hosts) and not self._all_listed:
            self._inventory.refresh(recent=False)
            self._all_listed = True
        known = self._snapshot.migrations.setdefault(instance.instance_id, {})
        for record in self._departures(source):
            if record.server_id == instance.instance_id:
                known[record.migration_id] = record
        looked[instance.instance_id] = now

    def _found(self, instance: records.Instance, hostname: str) -> bool:
        if hostname not in self._there:
            self._there[hostname] = self._hold.cloud.servers(hostname)
        for server in self._there[hostname]:
            if server.server_id == instance.instance_id:
                self._inventory.apply(server, self._snapshot.server_groups.get(server.server_id))
                return True
        return False

    def _departures(self, hostname: str) -> list[base.Migration]:
        if hostname not in self._departed:
            self._departed[hostname] = self._hold.cloud.departures(hostname)
        return self._departed[hostname]
