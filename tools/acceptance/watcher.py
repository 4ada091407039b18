"""Looks at Nova all the while: which services are enabled, what runs where, what moves."""

import contextlib
import dataclasses
import datetime
import threading

from keystoneauth1 import exceptions as ka_exc
from lab import host_of, now
from novaclient import exceptions as nova_exc

_PAUSE = 0.4
_MOVING = frozenset({"MIGRATING", "RESIZE", "VERIFY_RESIZE"})


@dataclasses.dataclass(frozen=True)
class Look:
    """What Nova said between ``begin`` and ``end``.

    ``where``: host by id of the instance. ``busy``: ids of those that are on the move.
    """

    begin: datetime.datetime
    end: datetime.datetime
    services: dict
    where: dict
    busy: frozenset

    def on(self, host):
        """Ids of the instances on a host."""
        return [server for server, there in self.where.items() if there == host]


class Watcher(threading.Thread):
    """Use as a context; ``looks`` grows while it runs.

    ``migrations``: Nova's records by their id, as last seen: those of an instance vanish with it.
    """

    def __init__(self, lab):
        super().__init__(name="watcher", daemon=True)
        self._lab = lab
        self._ended = threading.Event()
        self._since = now()
        self.looks = []
        self.migrations = {}

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self.join()
        self._see_migrations()

    def run(self):
        while not self._ended.wait(_PAUSE):
            # A look that fails is no look: a check tells when they are too few.
            with contextlib.suppress(ka_exc.ClientException, nova_exc.ClientException):
                self._look()

    def _look(self):
        begin = now()
        services = self._lab.services()
        servers = self._lab.servers()
        where = {server.id: host_of(server) for server in servers}
        busy = frozenset(server.id for server in servers if server.status in _MOVING)
        self.looks.append(Look(begin, now(), services, where, busy))
        self._see_migrations()

    def _see_migrations(self):
        self.migrations.update({m.id: m for m in self._lab.migrations(self._since)})

    def within(self, begin, end):
        """Looks that lie wholly between two moments."""
        return [look for look in self.looks if begin <= look.begin and look.end <= end]
