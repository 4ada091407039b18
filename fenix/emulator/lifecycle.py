"""Birth, death and power states of servers."""

from collections.abc import Iterable
from functools import partial

from fenix.emulator.entities import Flavor, Project, ServerGroup, User
from fenix.emulator.errors import BadRequest, Conflict
from fenix.emulator.host import Host
from fenix.emulator.scheduler import Wish
from fenix.emulator.server import (
    NOSTATE,
    PAUSED,
    RUNNING,
    SHUTDOWN,
    SUSPENDED,
    VM_STATES,
    Action,
    Fault,
    Server,
)
from fenix.emulator.state import State

POWER = {
    "os-stop": (("active", "error"), "powering-off", "stopped", SHUTDOWN, "stop"),
    "os-start": (("stopped",), "powering-on", "active", RUNNING, "start"),
    "pause": (("active",), "pausing", "paused", PAUSED, "pause"),
    "unpause": (("paused",), "unpausing", "active", RUNNING, "unpause"),
    "suspend": (("active",), "suspending", "suspended", SUSPENDED, "suspend"),
    "resume": (("suspended",), "resuming", "active", RUNNING, "resume"),
    "rescue": (("active", "stopped", "error"), "rescuing", "rescued", RUNNING, "rescue"),
    "unrescue": (("rescued",), "unrescuing", "active", RUNNING, "unrescue"),
}
"""API action: (allowed vm_states, task_state meanwhile, vm_state and power_state then, name)."""
BRINGING = {"error": "schedule_and_build_instances", "shelved_offloaded": "unshelve_instance"}
"""The conductor's part in creating and unshelving, by the vm_state when it fails."""


class Lifecycle:
    """What happens to one server at one place. Needs the cloud's lock."""

    def __init__(self, state: State) -> None:
        self.state = state

    def new(
        self,
        project: Project,
        name: str,
        flavor: Flavor,
        user: User,
        group: ServerGroup | None = None,
        metadata: dict[str, str] | None = None,
    ) -> Server:
        """A server in BUILD with no host."""
        state = self.state
        server = Server(
            id=state.new_uuid(),
            number=state.next_number("server"),
            name=name,
            project_id=project.id,
            user_id=user.id,
            flavor=flavor,
            created=state.now,
            updated=state.now,
            group=group,
            metadata=dict(metadata or {}),
            reservation_id=f"r-{state.random.getrandbits(40):08x}"[:10],
        )
        state.servers.add(server)
        if group is not None:
            group.members[server.id] = None
        if server.metadata.get("group"):
            state.record.presence.join(server.metadata["group"], [server], state.now)
        state.record.presence.update(server, state.now, "build")
        return server

    def put(self, server: Server, host: Host, status: str) -> None:
        """Place a new server at once, in API status ``status``, with or without room."""
        state = self.state
        vm_state = VM_STATES.get(status.upper())
        if vm_state in (None, "deleted", "resized", "shelved"):
            raise ValueError(f"a server cannot be booted in status {status}")
        if vm_state == "shelved_offloaded":
            state.change(server, vm_state=vm_state, power_state=SHUTDOWN, launched=state.now)
            return
        state.claim(host, server.id, server.flavor.resources)
        state.place(server, host)
        power = {"stopped": SHUTDOWN, "paused": PAUSED, "suspended": SUSPENDED}
        state.change(
            server,
            vm_state=vm_state,
            power_state=NOSTATE if vm_state == "building" else power.get(vm_state or "", RUNNING),
            task_state="spawning" if vm_state == "building" else None,
            launched=None if vm_state == "building" else state.now,
        )
        if vm_state == "error":
            server.fault = Fault(500, "booted in status ERROR", state.now)
        state.guest(server, vm_state in ("active", "rescued"), "build")
        if vm_state == "active":
            self._replaces(server)

    def create(self, server: Server, requested: str | None, request_id: str) -> None:
        """Let the scheduler find a place and spawn the server there."""
        action = self.state.begin_action(server, "create", request_id, server.user_id)
        self.state.change(server, task_state="scheduling")
        self._bring(server, requested, action)

    def _bring(self, server: Server, requested: str | None, action: Action) -> None:
        state = self.state
        state.agenda.after(
            state.timings.draw("schedule"), partial(self._schedule, server, requested, action)
        )

    def _schedule(self, server: Server, requested: str | None, action: Action) -> None:
        state = self.state
        if server.deleted:
            return
        wish = Wish(server.flavor, server.group, server.requested_zone, server.id)
        host: Host | None
        if requested is not None:
            host = state.hosts[requested]
            if state.scheduler.refusal(host, wish) is not None:
                host = None
        else:
            host = state.scheduler.pick(wish)
        if host is None:
            text = "No valid host was found. There are not enough hosts available."
            if server.vm_state == "building":
                state.change(server, vm_state="error", fault=Fault(500, text, state.now))
            state.change(server, task_state=None)
            event = f"conductor_{BRINGING[server.vm_state]}"
            state.action_failed(action, event, text, state.conductor)
            return
        state.claim(host, server.id, server.flavor.resources)
        state.place(server, host)
        state.change(server, task_state="spawning")
        trouble = state.faults.find("spawn", host, server)
        delay = state.timings.draw("spawn") + trouble.hang
        state.agenda.after(delay, partial(self._spawned, server, action))

    def _spawned(self, server: Server, action: Action) -> None:
        state, host = self.state, server.host
        if server.deleted or host is None or server.task_state != "spawning":
            return
        if not host.up or state.faults.find("spawn", host, server).what:
            text = f"Build of instance {server.id} aborted: fault: spawn on {host.name}"
            state.release(host, server.id)
            state.place(server, None)
            state.change(
                server, vm_state="error", task_state=None, fault=Fault(500, text, state.now)
            )
            state.action_failed(action, "compute__do_build_and_run_instance", text, host)
            return
        state.change(
            server, vm_state="active", task_state=None, power_state=RUNNING, launched=state.now
        )
        state.action_event(action, "compute__do_build_and_run_instance", host)
        state.guest(server, True, "build")
        self._replaces(server)

    def delete(self, server: Server, request_id: str) -> None:
        """Delete, taking its time."""
        state = self.state
        state.begin_action(server, "delete", request_id, server.user_id)
        state.change(server, task_state="deleting")
        state.agenda.after(state.timings.draw("delete"), partial(self.remove, server))

    def remove(self, server: Server) -> None:
        """The server is gone now."""
        state = self.state
        if server.deleted:
            return
        if server.on_delete is not None:
            server.on_delete()
        if server.host is not None:
            state.release(server.host, server.id)
            state.scheduler.leaves(server.group, server.id, server.host)
        state.change(
            server,
            vm_state="deleted",
            task_state=None,
            power_state=NOSTATE,
            terminated=state.now,
        )
        self._replaced(server)
        server.running = False
        state.record.presence.update(server, state.now, "deleted")
        state.servers.bury(server)
        if server.group is not None:
            server.group.members.pop(server.id, None)
        state.record.presence.leave(server)

    def power(self, server: Server, action: str, request_id: str) -> None:
        """Stop, start, pause and the like; raises Conflict in a state that does not allow it."""
        state = self.state
        allowed, task, vm_state, power_state, name = POWER[action]
        require(server, name if action.startswith("os-") else action, allowed)
        opened = state.begin_action(server, name, request_id, server.user_id)
        state.change(server, task_state=task)

        def done() -> None:
            if server.deleted or server.task_state != task:
                return
            state.change(server, vm_state=vm_state, task_state=None, power_state=power_state)
            state.action_event(opened, f"compute_{name}_instance", server.host)
            state.guest(server, vm_state in ("active", "rescued"), name)

        state.agenda.after(state.timings.draw("power"), done)

    def reboot(self, server: Server, hard: bool, request_id: str) -> None:
        """Restart the guest; a hard one also gets a server out of ERROR."""
        state = self.state
        soft, always = ("active",), ("active", "stopped", "paused", "suspended", "error")
        require(server, "reboot", always if hard else soft)
        opened = state.begin_action(server, "reboot", request_id, server.user_id)
        task = "rebooting_hard" if hard else "rebooting"
        state.change(server, task_state=task)
        state.guest(server, False, "reboot")

        def done() -> None:
            if server.deleted or server.task_state != task:
                return
            state.change(server, task_state=None, vm_state="active", power_state=RUNNING)
            state.action_event(opened, "compute_reboot_instance", server.host)
            state.guest(server, True, "reboot")

        state.agenda.after(state.timings.draw("power"), done)

    def shelve(self, server: Server, action: str, request_id: str) -> None:
        """Shelve, offload or unshelve."""
        state = self.state
        allowed = {
            "shelve": ("active", "stopped", "paused", "suspended"),
            "shelveOffload": ("shelved",),
            "unshelve": ("shelved", "shelved_offloaded"),
        }[action]
        require(server, action, allowed)
        opened = state.begin_action(server, action, request_id, server.user_id)
        if action == "unshelve":
            state.change(server, task_state="unshelving")
            self._bring(server, None, opened)
            return
        offload = "shelving_offloading"
        if action == "shelveOffload":
            state.change(server, task_state=offload)
            state.agenda.after(state.timings.draw("power"), partial(self._offload, server))
            return
        state.change(server, task_state="shelving")

        def shelved() -> None:
            if server.deleted or server.task_state != "shelving":
                return
            state.guest(server, False, "shelved")
            state.change(server, vm_state="shelved", task_state=offload, power_state=SHUTDOWN)
            state.agenda.after(state.timings.draw("power"), partial(self._offload, server))

        state.agenda.after(state.timings.draw("power"), shelved)

    def _offload(self, server: Server) -> None:
        state = self.state
        if server.deleted or server.task_state != "shelving_offloading":
            return
        if server.host is not None:
            state.release(server.host, server.id)
            state.place(server, None)
        state.change(server, vm_state="shelved_offloaded", task_state=None)

    def reset(self, server: Server, to: str) -> None:
        """What os-resetState does: ``active`` or ``error``, no task, whatever the truth is."""
        if to not in ("active", "error"):
            raise BadRequest(
                f"Invalid input for field/attribute state. Value: {to}. "
                f"{to!r} is not one of ['active', 'error']"
            )
        self.state.change(server, vm_state=to, task_state=None)

    def _replaces(self, server: Server) -> None:
        """A new server that stands in for one that is gone is a move of the project's own."""
        old_id = server.metadata.get("replaces")
        old = self.state.servers.get(old_id, deleted=True) if old_id else None
        if old is None:
            old = self.state.retired.pop((server.project_id, server.name), None)
        if old is not None and "replaced" not in old.extra:
            self._own_move(old, server)

    def _replaced(self, server: Server) -> None:
        """The same when the new one came before the old one went."""
        for other in self.state.servers.of(server.project_id) if server.name else ():
            if (
                other.name == server.name
                and other is not server
                and other.number > server.number
                and "replaced" not in server.extra
            ):
                self._own_move(server, other)
                return
        if "replaced" not in server.extra:
            self.state.retired[server.project_id, server.name] = server

    def _own_move(self, old: Server, new: Server) -> None:
        state = self.state
        if old.host is None or new.host is None or old.host is new.host:
            return
        old.extra["replaced"] = new.id
        move = state.begin_move(new, "own", old.host, new.host)
        gone = old.terminated if old.terminated is not None else state.now
        move.start = min(gone, new.created)
        move.end, move.result = state.now, "completed"
        move.active = new.launched


def require(server: Server, action: str, vm_states: Iterable[str]) -> None:
    """Raise Conflict as Nova does unless the server is idle in one of the states."""
    if server.task_state is not None:
        raise Conflict(
            f"Cannot '{action}' instance {server.id} while it is in task_state {server.task_state}"
        )
    if server.vm_state not in vm_states:
        raise Conflict(
            f"Cannot '{action}' instance {server.id} while it is in vm_state {server.vm_state}"
        )
