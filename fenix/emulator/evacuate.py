"""Evacuation: a server is built anew elsewhere because its host is down."""

from fenix.emulator.errors import BadRequest, NotFound
from fenix.emulator.journey import NO_HOST, Journey, Order
from fenix.emulator.lifecycle import require
from fenix.emulator.server import RUNNING, SHUTDOWN, Migration
from fenix.emulator.state import State


class Evacuation(Journey):
    """One evacuation."""

    def __init__(self, state: State, order: Order) -> None:
        super().__init__(state, order, "evacuation", "accepted", "evacuate")

    def schedule(self) -> None:
        """Find or check the destination and build the server there."""
        state, server = self.state, self.server
        dest = self.choose(())
        if dest is None:
            self.broken("rebuild_server", NO_HOST, self.source)
            return
        self.take(dest)
        state.change(server, task_state="rebuild_spawning")
        self.after(state.timings.draw("spawn"), self._built, on=dest)

    def _built(self) -> None:
        state, server = self.state, self.server
        runs = self.was[0] != "stopped"
        state.release(self.source, self.migration.uuid)
        state.place(server, self.dest)
        state.change(
            server,
            vm_state="active" if runs else "stopped",
            power_state=RUNNING if runs else SHUTDOWN,
            task_state=None,
            launched=state.now,
        )
        state.action_event(self.action, "compute_rebuild_instance", self.dest)
        state.guest(server, runs, "evacuation")
        self.move.active = state.now
        self.end("done")


class Evacuations:
    """Starts them."""

    def __init__(self, state: State) -> None:
        self.state = state

    def start(self, order: Order) -> Migration:
        """What ``evacuate`` does; raises Conflict, NotFound or BadRequest."""
        state, server = self.state, order.server
        wanted = state.hosts.get(order.requested or "")
        if order.requested is not None and (wanted is None or wanted.compute is None):
            raise NotFound(f"Compute host {order.requested} not found.")
        require(server, "evacuate", ("active", "stopped", "error"))
        if server.host is None or state.scheduler.service_up(server.host.compute):
            name = server.host.name if server.host is not None else None
            raise BadRequest(f"Compute service of {name} is still in use.")
        if order.requested == server.host.name:
            raise BadRequest("The target host can't be the same one.")
        made = Evacuation(state, order)
        state.change(server, task_state="rebuilding")
        made.begin(made.schedule)
        return made.migration
