"""Live migration, step by step as Nova's conductor and computes do it."""

from collections import deque

from fenix.emulator.errors import BadRequest
from fenix.emulator.host import Host
from fenix.emulator.journey import NO_HOST, Journey, Order, known_host
from fenix.emulator.lifecycle import require
from fenix.emulator.server import Migration, Server
from fenix.emulator.state import State

CONDUCTOR = "conductor_live_migrate_instance"
LISTED = ("queued", "preparing", "running", "post-migrating")
"""Statuses in which ``/servers/{id}/migrations`` shows a live migration."""


class LiveMigration(Journey):
    """One live migration."""

    def __init__(self, state: State, queues: "LiveQueues", order: Order) -> None:
        super().__init__(state, order, "live-migration", "accepted", "live-migration")
        self.queues = queues
        self._tried: tuple[Host, ...] = ()

    # Conductor
    def schedule(self) -> None:
        """Find or check the destination; without one the server stays as it was."""
        state = self.state
        if not state.scheduler.service_up(self.source.compute):
            text = f"Compute service of {self.source.name} is unavailable at this time."
            self.refused((CONDUCTOR,), text)
            return
        dest = self.choose(self._tried)
        if dest is None:
            self.refused((CONDUCTOR,))
            return
        self.take(dest)
        if not (dest.up and self.source.up):  # thought to be up: the call is never answered
            self.after(state.timings.draw("rpc_timeout"), self._unchecked)
            return
        trouble = state.faults.find("check_destination", dest, self.server)
        self.after(trouble.hang, self._unchecked if trouble.what else self._checked)

    def _unchecked(self) -> None:
        dest = self.dest
        self.give_back()
        self.migration.dest = None
        self._tried = (*self._tried, dest)
        text = f"Migration pre-check error: host {dest.name} refused or did not answer"
        self.state.action_failed(
            self.action, "compute_check_can_live_migrate_destination", text, dest
        )
        if self.order.requested is not None or not self.source.up:
            self.refused((CONDUCTOR,), text)
        else:
            self.schedule()

    def _checked(self) -> None:
        state = self.state
        state.action_event(self.action, CONDUCTOR, state.conductor)
        state.action_event(self.action, "compute_check_can_live_migrate_destination", self.dest)
        state.action_event(self.action, "compute_check_can_live_migrate_source", self.source)
        state.set_migration(self.migration, "queued")
        self.after(0.0, lambda: self.queues.join(self), on=self.source)

    # Computes
    def prepare(self) -> None:
        """It is this one's turn on its source: prepare the destination."""
        state = self.state
        state.action_event(self.action, "compute_live_migration", self.source)
        state.set_migration(self.migration, "preparing")
        self.after(state.timings.draw("live_prepare"), self._prepare)

    def _prepare(self) -> None:
        if self._frozen():
            return
        trouble = self.state.faults.find("pre_live_migration", self.dest, self.server)
        if trouble.what:
            text = f"pre_live_migration failed on {self.dest.name}"
            self.after(trouble.hang, lambda: self.fail("compute_pre_live_migration", text))
        else:
            self.after(trouble.hang, self._copy)

    def _copy(self) -> None:
        state, migration = self.state, self.migration
        if self._frozen():
            return
        state.action_event(self.action, "compute_pre_live_migration", self.dest)
        state.set_migration(migration, "running")
        trouble = state.faults.find("live_migration", self.source, self.server)
        seconds = state.timings.draw("live_migration") + trouble.hang
        migration.copy_started, migration.copy_seconds = state.now, seconds
        if trouble.what == "crash":
            self.after(trouble.hang, self._crash)
        elif trouble.what in ("error", "silent"):
            self.after(seconds, lambda: self.fail("compute_live_migration", "migration failed"))
        elif not trouble.what:
            pause = min(state.timings.draw("live_interruption"), seconds)
            self.after(seconds - pause, lambda: self._pause(pause))

    def _pause(self, pause: float) -> None:
        if self._frozen():
            return
        if self.server.running and pause > 0:
            self.state.guest(self.server, False, "live migration")
        self.after(pause, self._arrive)

    def _arrive(self) -> None:
        state, server = self.state, self.server
        if self._frozen():
            return
        state.place(server, self.dest)
        vm_state, power_state = self.was
        state.change(server, vm_state=vm_state, power_state=power_state, task_state=None)
        self.move.active = state.now
        state.guest(server, self.was_running, "live migration")
        state.action_event(self.action, "compute_post_live_migration_at_destination", self.dest)
        self.after(state.timings.draw("live_record_lag"), self._complete)

    def _complete(self) -> None:
        self.state.release(self.source, self.migration.uuid)
        self.end("completed")

    def _crash(self) -> None:
        """The driver raised: ERROR on the source, and a stale allocation on the destination."""
        self.give_back(stale=True)
        text = f"fault: live_migration on {self.source.name}"
        self.broken("compute_live_migration", text, self.source)

    # Ends
    def fail(self, event: str, details: str, status: str = "error") -> None:
        """Back as it was; only the migration record and the instance action tell."""
        state, server = self.state, self.server
        self.give_back()
        vm_state, power_state = self.was
        state.change(server, vm_state=vm_state, power_state=power_state, task_state=None)
        state.guest(server, self.was_running, "live migration")
        if status != "cancelled":
            state.action_failed(self.action, event, details, self.source)
        self.end(status, details)

    def abort(self, request_id: str, user_id: str) -> None:
        """Stop it: ``cancelled`` a moment later."""
        state = self.state
        action = state.begin_action(self.server, "live_migration_cancel", request_id, user_id)
        self.cancel()

        def aborted() -> None:
            state.action_event(action, "compute_live_migration_abort", self.source)
            self.fail("compute_live_migration", "aborted", "cancelled")

        self.after(state.timings.draw("abort"), aborted, on=self.source)

    def force_complete(self, request_id: str, user_id: str) -> None:
        """Pause the guest and finish the copying at once."""
        name = "live_migration_force_complete"
        action = self.state.begin_action(self.server, name, request_id, user_id)
        self.state.action_event(action, f"compute_{name}", self.source)
        self.cancel()
        self._pause(self.state.timings.draw("live_interruption"))

    def end(self, status: str, reason: str | None = None) -> None:
        """The last status; the next in the queue may start."""
        super().end(status, reason)
        self.queues.leave(self)

    def host_back(self) -> None:
        """The source is up again: nova-compute gives up what it was sending."""
        self.cancel()
        self.fail("compute_live_migration", "nova-compute was restarted")

    def _frozen(self) -> bool:
        """Whether the source died: then nothing more happens until it is back."""
        if not self.source.up:
            return True
        if not self.dest.up:
            self.fail("compute_live_migration", f"lost connection to {self.dest.name}")
            return True
        return False


class LiveQueues:
    """Live migrations wait for their turn on their source; knows the one of each migration."""

    def __init__(self, state: State) -> None:
        self.state = state
        self._running: dict[str, list[LiveMigration]] = {}
        self._waiting: dict[str, deque[LiveMigration]] = {}
        self._by_migration: dict[str, LiveMigration] = {}

    def start(self, order: Order, at_once: bool = False) -> Migration:
        """What os-migrateLive does; raises Conflict or BadRequest.

        ``at_once`` is how the API was before 2.34: a refusal of the scheduler is a 400.
        """
        state, server = self.state, order.server
        require(server, "os-migrateLive", ("active", "paused"))
        known_host(state, order.requested)
        made = LiveMigration(state, self, order)
        if at_once and made.choose(()) is None:
            server.migration = None
            state.record.moves.remove(made.move)
            raise BadRequest(NO_HOST)
        state.change(server, task_state="migrating")
        self._by_migration[made.migration.uuid] = made
        made.begin(made.schedule)
        return made.migration

    def of(self, migration: Migration) -> LiveMigration | None:
        """The one in progress that this row is about."""
        return self._by_migration.get(migration.uuid)

    def of_server(self, server: Server) -> LiveMigration | None:
        """The one in progress of this server."""
        return self._by_migration.get(server.migration.uuid) if server.migration else None

    def join(self, one: LiveMigration) -> None:
        """Run it now or when its turn comes."""
        name = one.source.name
        running = self._running.setdefault(name, [])
        if len(running) < self.state.timings.live_migrations_per_host:
            running.append(one)
            one.prepare()
        else:
            self._waiting.setdefault(name, deque()).append(one)

    def leave(self, one: LiveMigration) -> None:
        """It is over: the next one's turn."""
        name = one.source.name
        self._by_migration.pop(one.migration.uuid, None)
        waiting = self._waiting.get(name, deque())
        if one in waiting:
            waiting.remove(one)
        running = self._running.get(name, [])
        if one in running:
            running.remove(one)
        while waiting and len(running) < self.state.timings.live_migrations_per_host:
            following = waiting.popleft()
            running.append(following)
            following.prepare()

    def host_back(self, host: Host) -> None:
        """nova-compute on ``host`` is back: what it was sending is over."""
        for one in list(self._by_migration.values()):
            if one.source is host and one.migration.status in ("preparing", "running"):
                one.host_back()
