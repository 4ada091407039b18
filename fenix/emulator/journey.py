"""What live and cold migrations have in common: the record, the steps, the end."""

from collections.abc import Callable
from dataclasses import dataclass

from fenix.emulator.agenda import Appointment
from fenix.emulator.entities import Flavor
from fenix.emulator.errors import BadRequest, Conflict
from fenix.emulator.host import Host
from fenix.emulator.scheduler import Wish
from fenix.emulator.server import Action, Fault, Migration, Server
from fenix.emulator.state import State

NO_HOST = "No valid host was found. There are not enough hosts available."
UNAVAILABLE = "Service is unavailable at this time."
KINDS = {
    "live-migration": "live",
    "migration": "cold",
    "resize": "resize",
    "evacuation": "evacuate",
}


@dataclass(frozen=True, slots=True)
class Order:
    """Who asked for a move of which server, and where to (a host's name, None for any)."""

    server: Server
    requested: str | None
    request_id: str
    user_id: str
    flavor: Flavor | None = None
    forced: bool = False


def known_host(state: State, name: str | None) -> Host | None:
    """The compute host of this name; raises BadRequest as Nova does when there is none."""
    if name is None:
        return None
    host = state.hosts.get(name)
    if host is None or host.compute is None:
        raise BadRequest(f"Compute host {name} could not be found.")
    return host


class Journey:
    """One move of one server. Its methods need the cloud's lock; steps run off the agenda."""

    def __init__(self, state: State, order: Order, kind: str, status: str, action: str) -> None:
        server = order.server
        if server.host is None:
            raise Conflict(f"Instance {server.id} is not ready")
        self.state = state
        self.order = order
        self.server = server
        self.source: Host = server.host
        self.was = (server.vm_state, server.power_state)
        self.was_running = server.running
        self.migration = Migration(
            id=0,
            uuid=state.new_uuid(),
            server=server,
            type=kind,
            status=status,
            source=server.host,
            created=state.now,
            updated=state.now,
            user_id=order.user_id,
            project_id=server.project_id,
            flavor=order.flavor or server.flavor,
            old_flavor=server.flavor,
        )
        self.action: Action = state.begin_action(server, action, order.request_id, order.user_id)
        self.move = state.begin_move(
            server, KINDS[kind], server.host, known_host(state, order.requested)
        )
        self._next: list[Appointment] = []
        server.migration = self.migration
        server.on_delete = self.deleted

    def begin(self, schedule: Callable[[], None]) -> None:
        """The row appears a moment after the API has answered, the scheduler decides later."""
        state = self.state
        trouble = state.faults.find("schedule", self.source, self.server)
        if trouble.what == "lost":
            return
        total = state.timings.draw("schedule")
        lag = min(state.timings.draw("conductor"), total)

        def appear() -> None:
            if self.gone():
                return
            self.migration.id = state.next_number("migration")
            self.migration.created = state.now
            state.migrations.add(self.migration)
            self.after(total - lag + trouble.hang, schedule)

        self.after(lag, appear)

    @property
    def dest(self) -> Host:
        """Where it goes; only after the scheduler has decided."""
        if self.migration.dest is None:
            raise RuntimeError(f"migration {self.migration.id} has no destination")
        return self.migration.dest

    def wish(self) -> Wish:
        """What the destination must offer."""
        server = self.server
        flavor = self.migration.flavor or server.flavor
        return Wish(flavor, server.group, server.requested_zone, server.id)

    def choose(self, but: tuple[Host, ...]) -> Host | None:
        """The requested host if it may be, any other than ``but`` if none was requested."""
        scheduler = self.state.scheduler
        if self.state.faults.find("schedule", self.source, self.server).what:
            return None
        wanted = known_host(self.state, self.order.requested)
        if wanted is None:
            return scheduler.pick(self.wish(), (self.source, *but))
        if wanted is self.source:
            return None
        if self.order.forced:
            fits = wanted.fits(self.wish().flavor.resources)
            return wanted if fits and scheduler.service_up(wanted.compute) else None
        return wanted if scheduler.refusal(wanted, self.wish()) is None else None

    def take(self, dest: Host) -> None:
        """Allocate on the destination; the migration holds what the source gave."""
        state, server, migration = self.state, self.server, self.migration
        held = state.release(self.source, server.id)
        state.claim(self.source, migration.uuid, held or server.flavor.resources)
        state.claim(dest, server.id, self.wish().flavor.resources)
        state.scheduler.joins(server.group, server.id, dest)
        migration.dest = dest
        self.move.dest = dest.name
        state.migrations.touch(migration, state.now)

    def give_back(self, stale: bool = False) -> None:
        """Free the destination (unless a ``stale`` allocation stays); the source holds again."""
        state, server, dest = self.state, self.server, self.migration.dest
        if dest is None or self.migration.uuid not in self.source.allocations:
            return
        if not stale:
            state.release(dest, server.id)
        state.scheduler.leaves(server.group, server.id, dest)
        held = state.release(self.source, self.migration.uuid)
        state.claim(self.source, server.id, held or server.flavor.resources)

    def refused(self, events: tuple[str, ...], text: str = NO_HOST) -> None:
        """No destination: the record says error, then the server is as it was."""
        state, server = self.state, self.server
        for event in events:
            state.action_failed(self.action, event, text, state.conductor)
        self.end("error", text)

        def unwind() -> None:
            if not server.deleted:
                state.change(server, task_state=None)

        state.agenda.after(state.timings.draw("unwind"), unwind)

    def broken(self, event: str, text: str, host: Host) -> None:
        """The driver raised: the server is in ERROR wherever its row says it is."""
        state, server = self.state, self.server
        fault = Fault(500, text, state.now)
        state.change(server, vm_state="error", task_state=None, fault=fault)
        state.action_failed(self.action, event, text, host)
        self.end("error", text)

    def end(self, status: str, reason: str | None = None) -> None:
        """The last status; nothing more happens."""
        self.cancel()
        self.server.on_delete = None
        self.state.set_migration(self.migration, status)
        self.move.end, self.move.result, self.move.reason = self.state.now, status, reason

    def deleted(self) -> None:
        """The server is being deleted: free what it holds here and there."""
        state, server, migration = self.state, self.server, self.migration
        for host in filter(None, (migration.source, migration.dest)):
            state.release(host, migration.uuid)
            state.release(host, server.id)
            state.scheduler.leaves(server.group, server.id, host)
        self.end("cancelled", "the server was deleted")

    def gone(self) -> bool:
        """Whether the server was deleted or the migration ended meanwhile."""
        return self.server.deleted or not self.migration.in_progress

    def after(self, seconds: float, step: Callable[[], None], on: Host | None = None) -> None:
        """Do a step later; if its host is down by then, when that is back."""

        def run() -> None:
            if on is not None and not on.up:
                on.backlog.append(run)
            elif not self.gone():
                step()

        self._next.append(self.state.agenda.after(seconds, run))

    def cancel(self) -> None:
        """Nothing planned happens."""
        for appointment in self._next:
            appointment.cancel()
        self._next.clear()
