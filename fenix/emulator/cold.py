"""Cold migration and resize, with confirm and revert."""

from functools import partial

from fenix.emulator.errors import BadRequest, Conflict
from fenix.emulator.host import Host
from fenix.emulator.journey import UNAVAILABLE, Journey, Order, known_host
from fenix.emulator.lifecycle import require
from fenix.emulator.server import RUNNING, SHUTDOWN, Fault, Migration, Server
from fenix.emulator.state import State

EVENTS = ("conductor_migrate_server", "cold_migrate")


class ColdMigration(Journey):
    """One cold migration or resize."""

    def __init__(self, state: State, order: Order) -> None:
        resize = order.flavor is not None
        kind, action = ("resize", "resize") if resize else ("migration", "migrate")
        super().__init__(state, order, kind, "pre-migrating", action)

    def schedule(self) -> None:
        """Find or check the destination; without one the server stays as it was."""
        state = self.state
        dest = self.choose(())
        if dest is None:
            what = "resize" if self.order.flavor is not None else "cold migrate"
            self.refused(EVENTS, f"No valid host was found. No valid host found for {what}")
            return
        self.take(dest)
        for event in EVENTS:
            state.action_event(self.action, event, state.conductor)
        self.after(state.timings.draw("hop"), self._prep, on=dest)

    def _prep(self) -> None:
        self.state.action_event(self.action, "compute_prep_resize", self.dest)
        self.state.set_migration(self.migration, "migrating")
        self.after(self.state.timings.draw("hop"), self._send, on=self.source)

    def _send(self) -> None:
        state = self.state
        state.change(self.server, task_state="resize_migrating")
        trouble = state.faults.find("migrate_disk", self.source, self.server)
        self.after(trouble.hang, partial(self._power_off, trouble.what))

    def _power_off(self, what: str) -> None:
        state = self.state
        if not self.source.up:
            return
        if what in ("error", "crash"):
            self.give_back()
            text = f"fault: migrate_disk on {self.source.name}"
            self.broken("compute_resize_instance", text, self.source)
        elif what == "silent":
            self.give_back()
            state.action_failed(self.action, "compute_resize_instance", "silent", self.source)
            state.change(self.server, task_state=None)
            self.end("error", "silent")
        elif not what:
            state.guest(self.server, False, "cold migration")
            total = state.timings.draw("cold_migration")
            self.after(total * 0.8, partial(self._sent, total * 0.2))

    def _sent(self, rest: float) -> None:
        state, server = self.state, self.server
        if not self.source.up:
            return
        state.set_migration(self.migration, "post-migrating")
        state.place(server, self.dest)
        state.change(server, task_state="resize_migrated")
        state.action_event(self.action, "compute_resize_instance", self.source)
        self.after(state.timings.draw("hop"), partial(self._receive, rest), on=self.dest)

    def _receive(self, rest: float) -> None:
        state = self.state
        state.change(self.server, task_state="resize_finish")
        trouble = state.faults.find("finish_migration", self.dest, self.server)
        if trouble.what in ("error", "crash", "silent"):
            self.after(trouble.hang, self._lost_on_arrival)
        elif not trouble.what:
            self.after(rest + trouble.hang, self._finish, on=self.dest)

    def _lost_on_arrival(self) -> None:
        self.state.release(self.source, self.migration.uuid)
        text = f"fault: finish_migration on {self.dest.name}"
        self.broken("compute_finish_resize", text, self.dest)

    def _finish(self) -> None:
        state, server, migration = self.state, self.server, self.migration
        state.set_migration(migration, "finished")
        server.flavor = migration.flavor or server.flavor
        state.change(
            server,
            vm_state="resized",
            task_state=None,
            power_state=RUNNING if self.was_running else SHUTDOWN,
            launched=state.now,
        )
        state.action_event(self.action, "compute_finish_resize", self.dest)
        state.guest(server, self.was_running, "cold migration")

    def confirm(self, request_id: str, user_id: str) -> None:
        """Free the source; the server becomes what it was before."""
        state, server, migration = self.state, self.server, self.migration
        if migration.status != "finished":
            raise BadRequest("Instance has not been resized.")
        if not state.scheduler.service_up(self.source.compute):
            raise Conflict(UNAVAILABLE)
        action = state.begin_action(server, "confirmResize", request_id, user_id)
        state.set_migration(migration, "confirming")
        trouble = state.faults.find("confirm", self.source, server)

        def done() -> None:
            if trouble.what:
                text = f"fault: confirm on {self.source.name}"
                state.action_failed(action, "compute_confirm_resize", text, self.source)
                fault = Fault(500, text, state.now)
                state.change(server, vm_state="error", task_state=None, fault=fault)
                self.end("error", text)
                return
            state.release(self.source, migration.uuid)
            state.action_event(action, "compute_confirm_resize", self.source)
            self.end("confirmed")
            unwind = state.timings.draw("unwind")
            self.move.active = state.now + unwind
            state.agenda.after(unwind, self._settle)

        self.after(state.timings.draw("confirm") + trouble.hang, done, on=self.source)

    def revert(self, request_id: str, user_id: str) -> None:
        """Back to the source."""
        state, server, migration = self.state, self.server, self.migration
        action = state.begin_action(server, "revertResize", request_id, user_id)
        state.change(server, task_state="resize_reverting")
        state.set_migration(migration, "reverting")
        state.guest(server, False, "cold migration")

        def done() -> None:
            dest = self.dest
            self.give_back()
            state.place(server, self.source)
            server.flavor = migration.old_flavor or server.flavor
            state.action_event(action, "compute_revert_resize", dest)
            state.action_event(action, "compute_finish_revert_resize", self.source)
            state.guest(server, self.was_running, "cold migration")
            self.end("reverted")
            state.agenda.after(state.timings.draw("unwind"), self._settle)

        self.after(state.timings.draw("revert"), done, on=self.source)

    def _settle(self) -> None:
        """After confirm or revert the row says what it said before the move."""
        if not self.server.deleted:
            vm_state, power_state = self.was
            self.state.change(
                self.server, vm_state=vm_state, task_state=None, power_state=power_state
            )

    def host_back(self) -> None:
        """The source is up again and finds a server it was sending: the move is given up."""
        self.cancel()
        self.give_back()
        self.state.change(self.server, task_state=None)
        self.state.guest(self.server, self.was_running, "cold migration")
        self.server.on_delete = None
        self.server.migration = None  # Nova leaves the row as it is, "migrating"
        self.move.end, self.move.result = self.state.now, "migrating"
        self.move.reason = "nova-compute was restarted"


class ColdMigrations:
    """Starts them and finds the one of a server."""

    def __init__(self, state: State) -> None:
        self.state = state
        self._by_migration: dict[str, ColdMigration] = {}

    def start(self, order: Order) -> Migration:
        """What ``migrate`` (or ``resize`` with a flavor) does; raises Conflict or BadRequest."""
        state, server = self.state, order.server
        require(server, "migrate" if order.flavor is None else "resize", ("active", "stopped"))
        if server.host is not None and not state.scheduler.service_up(server.host.compute):
            raise Conflict(UNAVAILABLE)
        if order.requested is not None and known_host(state, order.requested) is server.host:
            raise BadRequest("Cannot migrate to the host where the server exists.")
        made = ColdMigration(state, order)
        self._by_migration[made.migration.uuid] = made
        state.change(server, task_state="resize_prep")
        made.begin(made.schedule)
        return made.migration

    def of(self, server: Server) -> ColdMigration | None:
        """The one a server is in, until it is confirmed or reverted."""
        return self._by_migration.get(server.migration.uuid) if server.migration else None

    def host_back(self, host: Host, servers: list[Server]) -> None:
        """nova-compute on ``host`` is back and finds these servers in its database."""
        for server in servers:
            one = self.of(server)
            if one is not None and one.source is host and server.task_state == "resize_migrating":
                one.host_back()
