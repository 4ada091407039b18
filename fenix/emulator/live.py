"""Live migration, step by step as Nova's conductor and computes do it."""

from collections import deque
from collections.abc import Callable

from fenix.emulator.agenda import Appointment
from fenix.emulator.errors import BadRequest, Conflict
from fenix.emulator.host import Host
from fenix.emulator.record import Move
from fenix.emulator.scheduler import Wish
from fenix.emulator.server import Action, Fault, Migration, Server
from fenix.emulator.state import State

NO_HOST = "No valid host was found. There are not enough hosts available."


class LiveMigration:
    """One live migration. Its methods need the cloud's lock; steps run off the agenda."""

    def __init__(
        self, state: State, queues: "LiveQueues", server: Server, migration: Migration, act: Action
    ) -> None:
        self.state = state
        self.queues = queues
        self.server = server
        self.migration = migration
        self.action = act
        self.tried: list[Host] = []
        self.move: Move | None = None
        self.was = (server.vm_state, server.power_state)
        self._next: list[Appointment] = []

    # Conductor
    def schedule(self) -> None:
        """Find or check the destination; without one the server stays as it was."""
        state, server, migration = self.state, self.server, self.migration
        trouble = state.faults.find("schedule", migration.source, server)
        if trouble.what == "lost" or self._gone():
            return
        source = migration.source
        dest: Host | None = None
        if not source.up or (source.compute is not None and source.compute.forced_down):
            self.fail("conductor_live_migrate_instance", "Compute service is unavailable")
            return
        wish = Wish(server.flavor, server.group, server.requested_zone, server.id)
        if migration.requested is not None:
            wanted = state.hosts[migration.requested]
            why = "it is the source" if wanted is source else state.scheduler.refusal(wanted, wish)
            dest = wanted if why is None else None
        else:
            dest = state.scheduler.pick(wish, (source, *self.tried))
        if dest is None or trouble.what:
            self.fail("conductor_live_migrate_instance", NO_HOST)
            return
        self._take(dest)
        check = state.faults.find("check_destination", dest, server)
        if check.what:
            self._untake(dest)
            self.tried.append(dest)
            if migration.requested is not None:
                self.fail(
                    "conductor_live_migrate_instance", f"Migration pre-check error: {dest.name}"
                )
            else:
                self.schedule()
            return
        state.action_event(self.action, "conductor_live_migrate_instance")
        state.set_migration(migration, "queued")
        self._after(check.hang, lambda: self.queues.join(self))

    def _take(self, dest: Host) -> None:
        state, server, migration = self.state, self.server, self.migration
        state.release(migration.source, server.id)
        state.claim(migration.source, migration.uuid, server.flavor.resources)
        state.claim(dest, server.id, server.flavor.resources)
        state.scheduler.joins(server.group, server.id, dest)
        migration.dest = dest
        if self.move is not None:
            self.move.dest = dest.name

    def _untake(self, dest: Host, stale: bool = False) -> None:
        state, server, migration = self.state, self.server, self.migration
        if not stale:
            state.release(dest, server.id)
        state.release(migration.source, migration.uuid)
        state.claim(migration.source, server.id, server.flavor.resources)
        state.scheduler.leaves(server.group, server.id, dest)

    # Computes
    def prepare(self) -> None:
        """It is this one's turn on its source: prepare the destination."""
        if self._gone():
            return
        self.state.set_migration(self.migration, "preparing")
        self._after(self.state.timings.draw("live_prepare"), self._prepared)

    def _prepared(self) -> None:
        state = self.state
        if self._gone() or self._frozen():
            return
        dest = self._dest()
        trouble = state.faults.find("pre_live_migration", dest, self.server)
        if trouble.what or not dest.up:
            self.fail("compute_pre_live_migration", f"pre_live_migration failed on {dest.name}")
            return
        self._after(trouble.hang, self._copy)

    def _copy(self) -> None:
        state, migration = self.state, self.migration
        if self._gone() or self._frozen():
            return
        state.set_migration(migration, "running")
        state.action_event(self.action, "compute_check_can_live_migrate_destination", self._dest())
        trouble = state.faults.find("live_migration", migration.source, self.server)
        seconds = state.timings.draw("live_migration") + trouble.hang
        migration.copy_started, migration.copy_seconds = state.now, seconds
        if trouble.what == "crash":
            self._after(trouble.hang, self._crash)
        elif trouble.what in ("error", "silent"):
            self._after(seconds, lambda: self.fail("compute_live_migration", "migration failed"))
        elif trouble.what not in ("stuck", "lost"):
            pause = min(state.timings.draw("live_interruption"), seconds)
            self._after(seconds - pause, lambda: self._switch(pause))

    def _switch(self, pause: float) -> None:
        if self._gone() or self._frozen():
            return
        if self.server.running and pause > 0:
            self.state.guest(self.server, False, "live migration")
        self._after(pause, self._arrive)

    def _arrive(self) -> None:
        state, server = self.state, self.server
        if self._gone() or self._frozen():
            return
        dest = self._dest()
        state.place(server, dest)
        vm_state, power_state = self.was
        state.change(server, vm_state=vm_state, power_state=power_state, task_state=None)
        state.guest(server, vm_state == "active", "live migration")
        state.action_event(self.action, "compute_live_migration", self.migration.source)
        self._after(state.timings.draw("live_record_lag"), self._complete)

    def _complete(self) -> None:
        self.state.release(self.migration.source, self.migration.uuid)
        self._end("completed")

    def _crash(self) -> None:
        """The driver raised: ERROR on the source, and a stale allocation on the destination."""
        state, server = self.state, self.server
        if self._gone():
            return
        text = f"lab fault: live_migration on {self.migration.source.name}"
        state.scheduler.leaves(server.group, server.id, self._dest())
        state.release(self.migration.source, self.migration.uuid)
        state.claim(self.migration.source, server.id, server.flavor.resources)
        state.change(server, vm_state="error", task_state=None, fault=Fault(500, text, state.now))
        state.action_failed(self.action, "compute_live_migration", text, self.migration.source)
        self._end("error", text)

    # Ends
    def fail(self, event: str, details: str, status: str = "error") -> None:
        """Back as it was; only the migration record and the instance action tell."""
        state, server, migration = self.state, self.server, self.migration
        if self._gone():
            return
        if migration.dest is not None and migration.uuid in migration.source.allocations:
            self._untake(migration.dest)
        vm_state, power_state = self.was
        state.change(server, vm_state=vm_state, power_state=power_state, task_state=None)
        if not server.running and vm_state == "active" and migration.source.up:
            state.guest(server, True, "live migration")
        state.action_failed(self.action, event, details, migration.source)
        self._end(status, details)

    def abort(self) -> None:
        """Stop it: ``cancelled`` a moment later."""
        self._cancel()
        self.state.action_event(self.action, "compute_live_migration_abort", self.migration.source)
        self._after(
            self.state.timings.draw("abort"),
            lambda: self.fail("compute_live_migration", "aborted", "cancelled"),
        )

    def force_complete(self) -> None:
        """Pause the guest and finish the copying at once."""
        self._cancel()
        self._switch(self.state.timings.draw("live_interruption"))

    def _end(self, status: str, reason: str | None = None) -> None:
        self._cancel()
        self.state.set_migration(self.migration, status)
        if self.move is not None:
            self.move.end, self.move.result = self.state.now, status
            self.move.reason = reason
        self.queues.leave(self)

    def _gone(self) -> bool:
        if not self.server.deleted and self.migration.in_progress:
            return False
        if self.move is not None and self.move.end is None:
            self.move.end, self.move.result = self.state.now, self.migration.status
        self.queues.leave(self)
        return True

    def _frozen(self) -> bool:
        """Whether the source died: nothing more happens until it is back."""
        if not self.migration.source.up:
            return True
        if not self._dest().up:
            self.fail("compute_live_migration", f"lost connection to {self._dest().name}")
            return True
        return False

    def host_back(self) -> None:
        """The source is up again: nova-compute ends what it was doing."""
        self.fail("compute_live_migration", "nova-compute was restarted")

    def _dest(self) -> Host:
        if self.migration.dest is None:
            raise RuntimeError(f"migration {self.migration.id} has no destination")
        return self.migration.dest

    def _after(self, seconds: float, step: Callable[[], None]) -> None:
        self._next.append(self.state.agenda.after(seconds, step))

    def _cancel(self) -> None:
        for appointment in self._next:
            appointment.cancel()
        self._next.clear()


class LiveQueues:
    """Live migrations wait for their turn on their source; knows the one of each migration."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.running: dict[str, list[LiveMigration]] = {}
        self.waiting: dict[str, deque[LiveMigration]] = {}
        self.by_migration: dict[str, LiveMigration] = {}

    def start(
        self, server: Server, requested: str | None, request_id: str, user_id: str
    ) -> Migration:
        """What os-migrateLive does; raises Conflict or BadRequest. Returns the migration row."""
        state = self.state
        if server.task_state is not None:
            raise Conflict(
                f"Cannot 'os-migrateLive' instance {server.id} while it is in task_state "
                f"{server.task_state}"
            )
        if server.vm_state not in ("active", "paused"):
            raise Conflict(
                f"Cannot 'os-migrateLive' instance {server.id} while it is in vm_state "
                f"{server.vm_state}"
            )
        if requested is not None and (
            requested not in state.hosts or not state.hosts[requested].is_compute
        ):
            raise BadRequest(f"Compute host {requested} could not be found.")
        if server.host is None:
            raise Conflict(f"Instance {server.id} is not ready")
        migration = Migration(
            id=state.next_number("migration"),
            uuid=state.new_uuid(),
            server=server,
            type="live-migration",
            status="accepted",
            source=server.host,
            created=state.now,
            updated=state.now,
            requested=requested,
            user_id=user_id,
            project_id=server.project_id,
            flavor=server.flavor,
            old_flavor=server.flavor,
        )
        act = state.begin_action(server, "live-migration", request_id, user_id)
        state.change(server, task_state="migrating", migration=migration)
        state.migrations.add(migration)
        made = LiveMigration(state, self, server, migration, act)
        made.move = state.begin_move(
            server, "live", server.host, state.hosts[requested] if requested else None
        )
        self.by_migration[migration.uuid] = made
        trouble = state.faults.find("schedule", server.host, server)
        state.agenda.after(state.timings.draw("schedule") + trouble.hang, made.schedule)
        return migration

    def join(self, one: LiveMigration) -> None:
        """Run it now or when its turn comes."""
        name = one.migration.source.name
        running = self.running.setdefault(name, [])
        if len(running) < self.state.timings.live_migrations_per_host:
            running.append(one)
            one.prepare()
        else:
            self.waiting.setdefault(name, deque()).append(one)

    def leave(self, one: LiveMigration) -> None:
        """It is over: the next one's turn."""
        name = one.migration.source.name
        self.by_migration.pop(one.migration.uuid, None)
        waiting = self.waiting.get(name, deque())
        if one in waiting:
            waiting.remove(one)
        running = self.running.get(name, [])
        if one in running:
            running.remove(one)
            while waiting and len(running) < self.state.timings.live_migrations_per_host:
                following = waiting.popleft()
                running.append(following)
                following.prepare()

    def host_back(self, host: Host) -> None:
        """nova-compute on ``host`` is back: what it was sending is over."""
        for one in list(self.by_migration.values()):
            if one.migration.source is host and one.migration.dest is not None:
                one.host_back()
