"""Cold migration and resize, with confirm and revert."""

from functools import partial

from fenix.emulator.entities import Flavor
from fenix.emulator.errors import BadRequest, Conflict
from fenix.emulator.host import Host
from fenix.emulator.lifecycle import require
from fenix.emulator.record import Move
from fenix.emulator.scheduler import Wish
from fenix.emulator.server import RUNNING, SHUTDOWN, Action, Fault, Migration, Server
from fenix.emulator.state import State

NO_HOST = "No valid host was found. No valid host found for cold migrate"


class ColdMigration:
    """One cold migration or resize. Its methods need the cloud's lock."""

    def __init__(self, state: State, migration: Migration, action: Action, move: Move) -> None:
        self.state = state
        self.migration = migration
        self.server = migration.server
        self.action = action
        self.move = move
        self.was_running = self.server.running
        self.vm_state = self.server.vm_state

    def schedule(self) -> None:
        """Find or check the destination; without one the server stays as it was."""
        state, server, migration = self.state, self.server, self.migration
        trouble = state.faults.find("schedule", migration.source, server)
        if trouble.what == "lost" or self._gone():
            return
        source = migration.source
        flavor = migration.flavor or server.flavor
        wish = Wish(flavor, server.group, server.requested_zone, server.id)
        dest: Host | None
        if migration.requested is not None:
            dest = state.hosts[migration.requested]
            if dest is source or state.scheduler.refusal(dest, wish) is not None:
                dest = None
        else:
            dest = state.scheduler.pick(wish, (source,))
        if dest is None or trouble.what:
            state.change(server, task_state=None)
            state.action_failed(self.action, "conductor_migrate_server", NO_HOST)
            self._end("error", NO_HOST)
            return
        held = state.release(source, server.id)
        state.claim(source, migration.uuid, held or server.flavor.resources)
        state.claim(dest, server.id, flavor.resources)
        state.scheduler.joins(server.group, server.id, dest)
        migration.dest, self.move.dest = dest, dest.name
        state.action_event(self.action, "conductor_migrate_server")
        state.action_event(self.action, "compute_prep_resize", dest)
        state.set_migration(migration, "migrating")
        state.change(server, task_state="resize_migrating")
        state.guest(server, False, "cold migration")
        disk = state.faults.find("migrate_disk", source, server)
        total = state.timings.draw("cold_migration")
        if disk.what == "silent":
            state.agenda.after(disk.hang, partial(self._back, "silent"))
        elif disk.what == "error" or disk.what == "crash":
            text = f"lab fault: migrate_disk on {source.name}"
            state.agenda.after(disk.hang, partial(self._broken, text, source))
        elif not disk.what:
            state.agenda.after(disk.hang + total * 0.8, partial(self._moved, total * 0.2))

    def _moved(self, rest: float) -> None:
        state, server, migration = self.state, self.server, self.migration
        dest = migration.dest
        if self._gone() or not migration.source.up or dest is None:
            return
        state.set_migration(migration, "post-migrating")
        state.scheduler.leaves(server.group, server.id, migration.source)
        state.place(server, dest)
        state.change(server, task_state="resize_finish", power_state=SHUTDOWN)
        state.action_event(self.action, "compute_resize_instance", migration.source)
        trouble = state.faults.find("finish_migration", dest, server)
        if trouble.what in ("error", "crash"):
            text = f"lab fault: finish_migration on {dest.name}"
            state.agenda.after(trouble.hang, partial(self._broken, text, dest))
        elif not trouble.what:
            state.agenda.after(rest + trouble.hang, self._finished)

    def _finished(self) -> None:
        state, server, migration = self.state, self.server, self.migration
        if self._gone():
            return
        dest = migration.dest
        if dest is None or not dest.up:
            self._broken("the destination is down", dest)
            return
        state.set_migration(migration, "finished")
        if migration.flavor is not None:
            server.flavor = migration.flavor
        state.change(
            server,
            vm_state="resized",
            task_state=None,
            power_state=RUNNING if self.was_running else SHUTDOWN,
            launched=state.now,
        )
        state.action_event(self.action, "compute_finish_resize", dest)
        state.guest(server, self.was_running, "cold migration")

    def _broken(self, text: str, host: Host | None) -> None:
        """The driver raised: the server is in ERROR wherever its row says."""
        state, server = self.state, self.server
        if self._gone():
            return
        if server.host is self.migration.source:
            self._give_back()
        else:
            state.release(self.migration.source, self.migration.uuid)
        state.change(server, vm_state="error", task_state=None, fault=Fault(500, text, state.now))
        state.action_failed(self.action, "compute_finish_resize", text, host)
        self._end("error", text)

    def _back(self, reason: str) -> None:
        state, server = self.state, self.server
        if self._gone():
            return
        self._give_back()
        state.change(server, vm_state=self.vm_state, task_state=None)
        state.guest(server, self.was_running, "cold migration")
        state.action_failed(self.action, "compute_prep_resize", reason)
        self._end("error", reason)

    def _give_back(self) -> None:
        state, server, migration = self.state, self.server, self.migration
        if migration.dest is not None:
            state.release(migration.dest, server.id)
            state.scheduler.leaves(server.group, server.id, migration.dest)
        held = state.release(migration.source, migration.uuid)
        state.claim(migration.source, server.id, held or server.flavor.resources)

    def confirm(self, request_id: str, user_id: str) -> None:
        """Free the source; the server becomes what it was before."""
        state, server, migration = self.state, self.server, self.migration
        require(server, "confirmResize", ("resized",))
        if migration.status != "finished":
            raise BadRequest("Instance has not been resized.")
        action = state.begin_action(server, "confirmResize", request_id, user_id)
        state.set_migration(migration, "confirming")
        trouble = state.faults.find("confirm", migration.source, server)

        def done() -> None:
            if self._gone():
                return
            if trouble.what or not migration.source.up:
                text = f"lab fault: confirm on {migration.source.name}"
                state.change(
                    server, vm_state="error", task_state=None, fault=Fault(500, text, state.now)
                )
                state.action_failed(action, "compute_confirm_resize", text, migration.source)
                self._end("error", text)
                return
            state.release(migration.source, migration.uuid)
            state.change(server, vm_state="active" if server.running else "stopped")
            state.action_event(action, "compute_confirm_resize", migration.source)
            self._end("confirmed")

        state.agenda.after(state.timings.draw("confirm") + trouble.hang, done)

    def revert(self, request_id: str, user_id: str) -> None:
        """Back to the source."""
        state, server, migration = self.state, self.server, self.migration
        require(server, "revertResize", ("resized",))
        action = state.begin_action(server, "revertResize", request_id, user_id)
        state.change(server, task_state="resize_reverting")
        state.set_migration(migration, "reverting")
        state.guest(server, False, "cold migration")

        def done() -> None:
            if self._gone():
                return
            self._give_back()
            state.place(server, migration.source)
            if migration.old_flavor is not None:
                server.flavor = migration.old_flavor
            state.change(
                server,
                vm_state="active" if self.was_running else "stopped",
                task_state=None,
                power_state=RUNNING if self.was_running else SHUTDOWN,
            )
            state.guest(server, self.was_running, "cold migration")
            state.action_event(action, "compute_finish_revert_resize", migration.source)
            self._end("reverted")

        state.agenda.after(state.timings.draw("revert"), done)

    def _end(self, status: str, reason: str | None = None) -> None:
        self.state.set_migration(self.migration, status)
        self.move.end, self.move.result, self.move.reason = self.state.now, status, reason

    def _gone(self) -> bool:
        if not self.server.deleted and self.migration.in_progress:
            return False
        if self.move.end is None:
            self.move.end, self.move.result = self.state.now, self.migration.status
        return True


class ColdMigrations:
    """Starts them and finds the one of a server."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.by_migration: dict[str, ColdMigration] = {}

    def start(
        self,
        server: Server,
        requested: str | None,
        request_id: str,
        user_id: str,
        flavor: Flavor | None = None,
    ) -> Migration:
        """What ``migrate`` (or ``resize`` with a flavor) does; raises Conflict or BadRequest."""
        state = self.state
        name = "migrate" if flavor is None else "resize"
        require(server, name, ("active", "stopped"))
        source = server.host
        if source is None:
            raise Conflict(f"Instance {server.id} is not ready")
        if requested is not None:
            if requested not in state.hosts or not state.hosts[requested].is_compute:
                raise BadRequest(f"Compute host {requested} could not be found.")
            if state.hosts[requested] is source:
                raise BadRequest(
                    f"Unable to migrate instance {server.id} to the same host {requested}."
                )
        if not source.up or (source.compute is not None and source.compute.forced_down):
            raise Conflict("Service is unavailable at this time.")
        migration = Migration(
            id=state.next_number("migration"),
            uuid=state.new_uuid(),
            server=server,
            type="migration" if flavor is None else "resize",
            status="pre-migrating",
            source=source,
            created=state.now,
            updated=state.now,
            requested=requested,
            user_id=user_id,
            project_id=server.project_id,
            flavor=flavor or server.flavor,
            old_flavor=server.flavor,
        )
        action = state.begin_action(server, name, request_id, user_id)
        state.change(server, task_state="resize_prep", migration=migration)
        state.migrations.add(migration)
        kind = "cold" if flavor is None else "resize"
        move = state.begin_move(
            server, kind, source, state.hosts[requested] if requested is not None else None
        )
        made = ColdMigration(state, migration, action, move)
        self.by_migration[migration.uuid] = made
        trouble = state.faults.find("schedule", source, server)
        state.agenda.after(state.timings.draw("schedule") + trouble.hang, made.schedule)
        return migration

    def of(self, server: Server) -> ColdMigration:
        """The resize the server waits in; raises Conflict when it does not."""
        found = self.by_migration.get(server.migration.uuid) if server.migration else None
        if found is None:
            raise Conflict(f"Instance {server.id} has not been resized.")
        return found
