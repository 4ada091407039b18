"""The cloud's tables and the few verbs that change them; everything else is built on these."""

import random
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from fenix.emulator.agenda import Agenda
from fenix.emulator.clock import Clock, ModelClock
from fenix.emulator.entities import Aggregate, Flavor, Project, Resources, ServerGroup, User
from fenix.emulator.faults import Faults
from fenix.emulator.host import Host
from fenix.emulator.index import Migrations, Servers
from fenix.emulator.record import Move, Record
from fenix.emulator.scheduler import Scheduler
from fenix.emulator.server import Action, ActionEvent, Migration, Server
from fenix.emulator.timings import Timings


class State:
    """Tables of the cloud. Whoever reads or writes does so inside ``with state.at_rest():``."""

    def __init__(
        self, clock: Clock | None = None, timings: Timings | None = None, seed: int | None = None
    ) -> None:
        self.clock: Clock = clock or ModelClock()
        self.timings = timings or Timings()
        self.lock = threading.RLock()
        self.agenda = Agenda(self.clock, self.lock)
        self.random = random.Random(seed)  # noqa: S311 - a model, not a secret
        self.projects: dict[str, Project] = {}
        self.users: dict[str, User] = {}
        self.flavors: dict[str, Flavor] = {}
        self.groups: dict[str, ServerGroup] = {}
        self.scheduler = Scheduler(lambda: self.agenda.now, self.timings)
        self.hosts: dict[str, Host] = self.scheduler.hosts
        self.controllers: list[Host] = []
        self.aggregates: dict[str, Aggregate] = self.scheduler.aggregates
        self.servers = Servers()
        self.migrations = Migrations()
        self.retired: dict[tuple[str, str], Server] = {}
        """The last deleted server of each (project id, name), until another takes its place."""
        self.faults = Faults()
        self.record = Record(self.clock.now)
        self._numbers: dict[str, int] = {}

    @contextmanager
    def at_rest(self) -> Iterator[float]:
        """Hold the lock with everything done that was due; gives the model time."""
        with self.lock:
            yield self.agenda.settle()

    @property
    def now(self) -> float:
        """Model time of what is happening (needs the lock)."""
        return self.agenda.now

    @property
    def conductor(self) -> Host | None:
        """The controller whose name instance actions carry."""
        return self.controllers[0] if self.controllers else None

    def new_uuid(self) -> str:
        """A random UUID with dashes; the same ones for the same seed."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def next_number(self, of: str) -> int:
        """1, 2, 3 ... for integer ids of one kind."""
        self._numbers[of] = self._numbers.get(of, 0) + 1
        return self._numbers[of]

    def change(self, server: Server, **values: object) -> None:
        """Set attributes of a server row; its ``updated`` moves."""
        for name, value in values.items():
            setattr(server, name, value)
        self.servers.touch(server, self.now)

    def place(self, server: Server, host: Host | None) -> None:
        """The server row now names ``host``; hard group policies are watched."""
        if server.host is not None:
            self.scheduler.leaves(server.group, server.id, server.host)
        self.servers.place(server, host)
        if host is not None:
            broken = self.scheduler.policy_refusal(host, server.group, server.id)
            if broken is not None:
                self.record.violation(self.now, broken, host.name, f"server {server.id}")
            self.scheduler.joins(server.group, server.id, host)
        self.servers.touch(server, self.now)

    def guest(self, server: Server, running: bool, reason: str) -> None:
        """The guest itself runs or not, whatever Nova's row says; ``reason`` is for the record."""
        server.running = running
        self.record.presence.update(server, self.now, reason)

    def claim(self, host: Host, consumer: str, what: Resources) -> None:
        """Allocate on a host for a server or migration id."""
        host.hold(consumer, what)
        self.scheduler.changed(host)
        if host.overcommitted:
            self.record.violation(self.now, "capacity", host.name, f"allocation of {consumer}")

    def release(self, host: Host | None, consumer: str) -> Resources | None:
        """Free what a server or migration holds on a host."""
        held = host.drop(consumer) if host is not None else None
        if host is not None:
            self.scheduler.changed(host)
        return held

    def begin_action(self, server: Server, name: str, request_id: str, user: str | None) -> Action:
        """Open an instance action."""
        made = Action(name, request_id, server.project_id, user, self.now, self.now)
        server.actions.append(made)
        return made

    def action_event(self, action: Action | None, event: str, host: Host | None = None) -> None:
        """An event of an instance action that went well."""
        if action is not None:
            name = host.name if host is not None else None
            action.events.append(ActionEvent(event, self.now, self.now, "Success", name))
            action.updated = self.now

    def action_failed(
        self, action: Action | None, event: str, details: str, host: Host | None = None
    ) -> None:
        """An event of an instance action that did not; the action's message becomes ``Error``."""
        if action is not None:
            name = host.name if host is not None else None
            action.events.append(ActionEvent(event, self.now, self.now, "Error", name, details))
            action.message, action.updated = "Error", self.now

    def set_migration(self, migration: Migration, status: str) -> None:
        """Give a migration a status; a final one frees its server."""
        migration.status = status
        self.migrations.touch(migration, self.now)
        if not migration.in_progress and migration.server.migration is migration:
            migration.server.migration = None

    def begin_move(self, server: Server, kind: str, source: Host, dest: Host | None) -> Move:
        """Note in the record that a move has begun."""
        names = self.record.presence.group_names(server.id)
        group = names[0] if names else (server.group.name if server.group else None)
        made = Move(
            server.id,
            server.name,
            server.project_id,
            group,
            kind,
            source.name,
            dest.name if dest is not None else None,
            self.now,
        )
        self.record.moves.append(made)
        return made
