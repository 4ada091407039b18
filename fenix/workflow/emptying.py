"""Emptying a host: its projects are asked, its instances moved, until nothing is left on it."""

from __future__ import annotations

import datetime
from collections.abc import Callable

from fenix.conf.workflow import LIVE_MIGRATE, OWN_ACTION
from fenix.db import records
from fenix.planner.placement import Placement, Rooms
from fenix.workflow import bound, capacity
from fenix.workflow.capacity import Picture
from fenix.workflow.consent import Consent, agreed
from fenix.workflow.hold import Hold
from fenix.workflow.inventory import Inventory, blocking
from fenix.workflow.moving import PLANNED, Moving
from fenix.workflow.outcome import Fatal, GivenUp
from fenix.workflow.upkeep import Upkeep


class Emptying:
    """Empties hosts in a state of the session, PREPARE_MAINTENANCE or PLANNED_MAINTENANCE."""

    def __init__(
        self, hold: Hold, consent: Consent, moving: Moving, inventory: Inventory, upkeep: Upkeep
    ) -> None:
        self._hold = hold
        self._snapshot = hold.snapshot
        self._consent = consent
        self._moving = moving
        self._inventory = inventory
        self._upkeep = upkeep
        #: Whether room is kept free for an instance that its project moves itself.
        self.mitigates: Callable[[records.Instance], bool] = lambda _: False
        #: Why no live migration of an instance can be short enough; None: it may be.
        self.too_short: Callable[[records.Instance], str | None] = lambda _: None

    def begin(self, host: records.Host, placement: Placement) -> None:
        """Disable a host, and reserve a target for each of its instances."""
        self._moving.remember(host.hostname)
        self._upkeep.drain(host)
        for instance in self._snapshot.on(host.hostname):
            if not self._consent.was_ahead(instance):
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
        deadlines = self._consent.gather(host, state, there)
        for instance in there:
            self._prepare(instance, state, targets)
        if any(i.move_phase is not None and agreed(i, state) for i in there):
            deadlines.append(self._hold.after(self._hold.conf.engine.cloud_poll_interval))
        return min(deadlines)

    def _prepare(self, instance: records.Instance, state: str, targets: list[records.Host]) -> None:
        """See to it that an agreed move has what it needs."""
        if not agreed(instance, state):
            return
        self._refuse_hopeless(instance)
        if instance.action == OWN_ACTION and instance.move_phase in (None, PLANNED):
            room = None
            if self.mitigates(instance):
                room = instance.move_target if instance.move_phase == PLANNED else None
                room = room or self._target(instance, targets)
            self._moving.leave_to_project(instance, room)
        elif instance.move_phase is None:
            why = blocking(instance)
            if why is not None:
                raise Fatal(
                    f"{instance.host}: {instance.instance_name} ({instance.instance_id}) cannot "
                    f"be moved, it is {why}. Then continue the session"
                )
            self._moving.plan(instance, self._target(instance, targets))

    def _refuse_hopeless(self, instance: records.Instance) -> None:
        """Do not begin a move that Nova refuses, nor one that cannot but be aborted."""
        if instance.move_phase not in (None, PLANNED) or instance.action == OWN_ACTION:
            return
        why = bound.why(self._hold, instance)
        if why is None and self._moving.action(instance) == LIVE_MIGRATE:
            why = self.too_short(instance)
        if why is not None:
            # Continued, the session asks again how it is to be moved.
            self._reset(instance)
            raise Fatal(f"{instance.host}: {why}. Then continue the session")

    def _target(self, instance: records.Instance, targets: list[records.Host]) -> str:
        picture = Picture(self._snapshot)
        found = Rooms(picture.rooms(targets), self._snapshot.groups).find(
            picture.item(instance), without={instance.host or ""}
        )
        if found is None:
            raise Fatal(
                f"no host has room for {instance.instance_name} ({instance.instance_id}, "
                f"{capacity.words(capacity.size(instance))}) of {instance.host}; free "
                f"capacity or enable a host, then continue the session"
            )
        return found

    def ask_ahead(self, host: records.Host) -> datetime.datetime | None:
        """Ask about a host before its turn; :returns: when to look again."""
        return min(self._consent.gather_ahead(host), default=None)

    def withdraw_idle(self) -> None:
        """Withdraw questions whose instances have left their host."""
        self._consent.withdraw_idle()

    def begin_moves(
        self, state: str, targets: list[records.Host], on_fatal: GivenUp
    ) -> datetime.datetime | None:
        """Start what is planned and agreed to, on every host that is being emptied.

        :param on_fatal: is told of a move that cannot be tried again.
        :returns: when to try again what had to be held back.
        """
        ready = [
            i
            for i in self._snapshot.under_way()
            if i.move_phase == PLANNED and agreed(i, state) and i.action != OWN_ACTION
        ]
        hosts = self._snapshot.hosts
        if any(
            i.move_attempts or (i.move_target in hosts and hosts[i.move_target].outside)
            for i in ready
        ):
            # A target that others take care of may have been disabled since it was chosen.
            self._upkeep.services()
        return self._moving.start(
            ready, lambda: [h for h in targets if not h.found_disabled], on_fatal
        )

    def give_up(self, host: records.Host) -> None:
        """Nothing more is begun on a host; what Nova moves off it comes to its end."""
        self._consent.withdraw(host)
        for instance in self._snapshot.on(host.hostname):
            if instance.move_phase == PLANNED:
                self._snapshot.set_phase(instance, None)
            self._reset(instance)
