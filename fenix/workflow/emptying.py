"""Emptying a host: its projects are asked, its instances moved, until nothing is left on it."""

from __future__ import annotations

import datetime

from fenix.conf.workflow import OWN_ACTION
from fenix.db import records
from fenix.planner.placement import Placement, Rooms
from fenix.workflow import asking as ask
from fenix.workflow.asking import Asking
from fenix.workflow.capacity import Picture
from fenix.workflow.hold import Hold
from fenix.workflow.inventory import Inventory, blocking
from fenix.workflow.moving import PLANNED, Moving
from fenix.workflow.outcome import Fatal
from fenix.workflow.upkeep import Upkeep


class Emptying:
    """Empties hosts in a state of the session, PREPARE_MAINTENANCE or PLANNED_MAINTENANCE."""

    def __init__(
        self, hold: Hold, asking: Asking, moving: Moving, inventory: Inventory, upkeep: Upkeep
    ) -> None:
        self._hold = hold
        self._snapshot = hold.snapshot
        self._asking = asking
        self._moving = moving
        self._inventory = inventory
        self._upkeep = upkeep

    def begin(self, host: records.Host, placement: Placement) -> None:
        """Disable a host, and reserve a target for each of its instances."""
        self._upkeep.drain(host)
        for instance in self._snapshot.on(host.hostname):
            self._reset(instance)
            target = placement.get(instance.instance_id)
            if target is not None:
                self._moving.plan(instance, target)

    def _reset(self, instance: records.Instance) -> None:
        instance.project_state, instance.action, instance.action_done = None, None, False
        self._hold.touch(instance)

    def step(
        self, host: records.Host, state: str, targets: list[records.Host]
    ) -> datetime.datetime | None:
        """Ask, and begin the moves that were agreed to.

        :param targets: hosts that may take the instances.
        :returns: when to look again; None when the host is empty.
        """
        there = self._snapshot.on(host.hostname)
        if not there:
            if self._moving.leaving(host.hostname):
                return self._hold.after(self._hold.conf.engine.cloud_poll_interval)
            there = self._inventory.look_at(host.hostname)
            if not there:
                return None
        deadlines = self._consent(host, state, there)
        for instance in there:
            self._prepare(instance, state, targets)
        if any(i.move_phase is not None and agreed(i, state) for i in there):
            deadlines.append(self._hold.after(self._hold.conf.engine.cloud_poll_interval))
        return min(deadlines)

    def _consent(
        self, host: records.Host, state: str, there: list[records.Instance]
    ) -> list[datetime.datetime]:
        """Ask the projects on a host that have not been asked about all their instances."""
        of: dict[str, list[records.Instance]] = {}
        for instance in there:
            of.setdefault(instance.project_id, []).append(instance)
        self._asking.look_up(of)
        deadlines = [self._hold.after(self._hold.conf.workflow.project_maintenance_reply)]
        for project_id, instances in sorted(of.items()):
            project = self._hold.project(project_id)
            undecided = [i for i in instances if not agreed(i, state)]
            if not undecided:
                continue
            if not project.has_manager:
                self._decide(undecided, f"DEFAULT_{state}", {})
                continue
            wait = self._asking.open_wait(project_id)
            if wait is not None and wait.host == host.hostname and wait.state == state:
                if wait.reply is None and self._hold.now() >= wait.reply_at:
                    # Before silence counts: perhaps it deleted them instead of answering.
                    self._inventory.look_at(host.hostname)
                    self.withdraw_idle()
                    undecided = [i for i in undecided if not i.gone]
                self._read(wait, project, undecided, state)
                wait = None if wait.status != ask.OPEN else wait
                undecided = [i for i in undecided if not agreed(i, state)]
            if wait is not None:
                deadlines.append(wait.reply_at)
            elif undecided:
                self._ask(project, host, undecided, state)
        return deadlines

    def _ask(
        self,
        project: records.Project,
        host: records.Host,
        instances: list[records.Instance],
        state: str,
    ) -> None:
        self._asking.ask(
            project,
            state,
            seconds=self._hold.conf.workflow.project_maintenance_reply,
            instance_ids=[i.instance_id for i in instances],
            allowed_actions=ask.MOVES,
            host=host.hostname,
        )
        for instance in instances:
            instance.project_state = f"WAIT_{state}"
            self._hold.touch(instance)

    def _read(
        self,
        wait: records.Wait,
        project: records.Project,
        undecided: list[records.Instance],
        state: str,
    ) -> None:
        status = self._asking.settle(wait)
        asked = [i for i in undecided if i.instance_id in wait.instance_ids]
        if status == ask.ANSWERED:
            self._decide(asked, f"ACK_{state}", wait.reply_actions)
        elif status == ask.REFUSED:
            self._decide(asked, f"NACK_{state}", {})
            raise Fatal(f"{wait.host}: {self._asking.refusal([project.project_id], state)}")
        elif status == ask.SILENT:
            if not self._asking.silence_consents:
                self._decide(asked, f"SILENT_{state}", {})
                raise Fatal(f"{wait.host}: {self._asking.silence([project], state)}")
            self._decide(asked, f"DEFAULT_{state}", wait.reply_actions)

    def _decide(
        self, instances: list[records.Instance], project_state: str, actions: dict[str, str]
    ) -> None:
        for instance in instances:
            instance.project_state = project_state
            instance.action = actions.get(instance.instance_id) or instance.action
            self._hold.touch(instance)

    def _prepare(self, instance: records.Instance, state: str, targets: list[records.Host]) -> None:
        """See to it that an agreed move has what it needs."""
        if not agreed(instance, state):
            return
        if instance.action == OWN_ACTION and instance.move_phase in (None, PLANNED):
            self._moving.leave_to_project(instance)
        elif instance.move_phase is None:
            why = blocking(instance)
            if why is not None:
                raise Fatal(
                    f"{instance.host}: {instance.instance_name} ({instance.instance_id}) cannot "
                    f"be moved, it is {why}. Then continue the session"
                )
            self._moving.plan(instance, self._target(instance, targets))

    def _target(self, instance: records.Instance, targets: list[records.Host]) -> str:
        picture = Picture(self._snapshot)
        found = Rooms(picture.rooms(targets)).find(
            picture.item(instance), without={instance.host or ""}
        )
        if found is None:
            raise Fatal(
                f"no host has room for {instance.instance_name} ({instance.instance_id}, "
                f"{instance.vcpus:g} vCPU, {instance.memory_mb:g} MiB) of {instance.host}; free "
                f"capacity or enable a host, then continue the session"
            )
        return found

    def withdraw_idle(self) -> None:
        """Withdraw questions whose instances have left their host: nobody waits for the answer.

        A project that deleted what it was asked about can so be asked about its next host.
        """
        for wait in self._snapshot.waits:
            if wait.host is None or wait.status != ask.OPEN:
                continue
            there = {i.instance_id for i in self._snapshot.on(wait.host)}
            if there.isdisjoint(wait.instance_ids):
                self._asking.withdraw(wait)

    def begin_moves(self, state: str, targets: list[records.Host]) -> None:
        """Start what is planned and agreed to, on every host that is being emptied."""
        ready = [
            i
            for i in self._snapshot.under_way()
            if i.move_phase == PLANNED and agreed(i, state) and i.action != OWN_ACTION
        ]
        self._moving.start(ready, lambda: targets)


def agreed(instance: records.Instance, state: str) -> bool:
    """Whether an instance may be moved in a state, with or without its project's word."""
    return instance.project_state in (f"ACK_{state}", f"DEFAULT_{state}")
