"""The servers and migrations of the cloud, found without looking at all of them."""

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterable, Iterator

from fenix.emulator.host import Host
from fenix.emulator.server import Migration, Server


class Servers:
    """All servers, living and deleted, by id, host, project and time of the last change."""

    def __init__(self) -> None:
        self._by_id: dict[str, Server] = {}
        self._alive: dict[int, Server] = {}
        self._order: list[Server] = []
        self._by_host: dict[str, dict[str, Server]] = {}
        self._by_project: dict[str, dict[str, Server]] = {}
        self._recent: OrderedDict[str, Server] = OrderedDict()

    def __len__(self) -> int:
        return len(self._alive)

    def __iter__(self) -> Iterator[Server]:
        """The living, oldest first."""
        return iter(self._alive.values())

    def get(self, server_id: str, deleted: bool = False) -> Server | None:
        """The server with this id; one that is deleted only if asked for."""
        server = self._by_id.get(server_id)
        return server if server is not None and (deleted or not server.deleted) else None

    def on(self, host: Host | str) -> list[Server]:
        """Living servers on a host."""
        return list(self._by_host.get(host if isinstance(host, str) else host.name, {}).values())

    def count_on(self, host: Host) -> int:
        """How many living servers are on a host."""
        return len(self._by_host.get(host.name, ()))

    def of(self, project_id: str) -> list[Server]:
        """Living servers of a project."""
        return list(self._by_project.get(project_id, {}).values())

    def changed_since(self, at: float) -> list[Server]:
        """Servers changed at model time ``at`` or later, the deleted too, newest change first."""
        found = []
        for server in reversed(self._recent.values()):
            if server.updated < at:
                break
            found.append(server)
        return found

    def newest_first(self, before: int | None = None) -> Iterator[Server]:
        """The living, newest first; only those with a number below ``before``."""
        at = len(self._order)
        if before is not None:
            at = bisect_left(self._order, before, key=lambda s: s.number)
        for i in range(at - 1, -1, -1):
            server = self._order[i]
            if not server.deleted:
                yield server

    def everything(self) -> Iterable[Server]:
        """The living and the deleted."""
        return self._by_id.values()

    def add(self, server: Server) -> None:
        """Take in a new server."""
        self._by_id[server.id] = server
        self._alive[server.number] = server
        self._order.append(server)
        self._by_project.setdefault(server.project_id, {})[server.id] = server
        if server.host is not None:
            self._by_host.setdefault(server.host.name, {})[server.id] = server
        self._recent[server.id] = server

    def place(self, server: Server, host: Host | None) -> None:
        """Note that the server is now on ``host``."""
        if server.host is not None:
            self._by_host.get(server.host.name, {}).pop(server.id, None)
        server.host = host
        if host is not None:
            self._by_host.setdefault(host.name, {})[server.id] = server

    def touch(self, server: Server, at: float) -> None:
        """Note a change at model time ``at``."""
        server.updated = at
        self._recent.move_to_end(server.id)

    def bury(self, server: Server) -> None:
        """Take a deleted server out of the living."""
        self._alive.pop(server.number, None)
        if len(self._order) > 2 * len(self._alive) + 1000:
            self._order = list(self._alive.values())
        self._by_project.get(server.project_id, {}).pop(server.id, None)
        if server.host is not None:
            self._by_host.get(server.host.name, {}).pop(server.id, None)


class Migrations:
    """All migrations, by number, uuid, server, source and time of the last change."""

    def __init__(self) -> None:
        self._all: list[Migration] = []
        self._by_uuid: dict[str, Migration] = {}
        self._by_server: dict[str, list[Migration]] = {}
        self._by_source: dict[str, list[Migration]] = {}
        self._recent: OrderedDict[str, Migration] = OrderedDict()

    def __len__(self) -> int:
        return len(self._all)

    def add(self, migration: Migration) -> None:
        """Take in a new one; its id must be above those before."""
        self._all.append(migration)
        self._by_uuid[migration.uuid] = migration
        self._by_server.setdefault(migration.server.id, []).append(migration)
        self._by_source.setdefault(migration.source.name, []).append(migration)
        self._recent[migration.uuid] = migration

    def touch(self, migration: Migration, at: float) -> None:
        """Note a change at model time ``at``; one whose row has not appeared has none to show."""
        migration.updated = at
        if migration.uuid in self._recent:
            self._recent.move_to_end(migration.uuid)

    def get(self, uuid: str) -> Migration | None:
        """By uuid."""
        return self._by_uuid.get(uuid)

    def number(self, number: int) -> Migration | None:
        """By the integer id."""
        i = bisect_left(self._all, number, key=lambda m: m.id)
        return self._all[i] if i < len(self._all) and self._all[i].id == number else None

    def of(self, server_id: str) -> list[Migration]:
        """Of one server, oldest first."""
        return self._by_server.get(server_id, [])

    def off(self, hostname: str) -> list[Migration]:
        """Of one source, oldest first."""
        return self._by_source.get(hostname, [])

    def newest_first(self) -> Iterator[Migration]:
        """All of them."""
        return reversed(self._all)

    def changed_since(self, at: float) -> list[Migration]:
        """Changed at model time ``at`` or later, newest change first."""
        found = []
        for migration in reversed(self._recent.values()):
            if migration.updated < at:
                break
            found.append(migration)
        return found
