"""Keeping ``max_impacted_members``: places in the disruption ledger, taken before a move.

A place is taken before a move is requested, and before OWN_ACTION is offered, because the project
may begin with that as soon as it agrees (:mod:`fenix.workflow.ledger`).
"""

from __future__ import annotations

import datetime
from collections.abc import Collection

from fenix.db import records
from fenix.planner.model import Group
from fenix.planner.pace import Impact, Pace, pace
from fenix.workflow import moving
from fenix.workflow.grouping import Grouping
from fenix.workflow.hold import Hold
from fenix.workflow.inventory import Inventory
from fenix.workflow.ledger import Ledger
from fenix.workflow.outcome import Fatal
from fenix.workflow.upkeep import Upkeep

#: Statuses of instances that do their work. Whoever is in another one takes a place.
_WORKING = frozenset({"ACTIVE", "VERIFY_RESIZE", "PASSWORD"})
_TRIES = 5
_HELD = "held_back_since"
_WAITS = "waits for a place"


class Pacing:
    """Admits moves, as many of each group as it bears. Created anew for every run of a handler."""

    def __init__(
        self, hold: Hold, grouping: Grouping, inventory: Inventory, upkeep: Upkeep
    ) -> None:
        self._hold = hold
        self._snapshot = hold.snapshot
        self._grouping = grouping
        self._inventory = inventory
        self._upkeep = upkeep
        self._ledger = Ledger(hold, grouping)
        self._is_fresh = False
        self._full: set[str] = set()
        self.again_at: datetime.datetime | None = None

    def paces(self, instance: records.Instance) -> bool:
        """Whether the moves of an instance's group are paced by its own limits."""
        return self._grouping.limits_of(instance) is not None

    def admit(self, instance: records.Instance) -> bool:
        """Take a place for a move of an instance, unless it has one.

        :raises Fatal: members that are down have held the group back for too long.
        """
        group = self._grouping.limits_of(instance)
        is_admitted = group is None or self._admit(instance, group)
        if not instance.gone:
            self._explain(instance, None if is_admitted else group)
        return is_admitted

    def _explain(self, instance: records.Instance, group: Group | None) -> None:
        """Show with an instance that it waits for its group; None: it does not any more."""
        if group is not None:
            details = (
                f"{_WAITS} of group {group.group_id.partition('/')[2]}, of which at most "
                f"{group.max_impacted} members may be impacted or down at the same time"
            )
        elif (instance.details or "").startswith(_WAITS):
            details = None
        else:
            return
        if instance.details != details:
            instance.details = details
            self._hold.touch(instance)

    def _admit(self, instance: records.Instance, group: Group) -> bool:
        if group.group_id in self._full and not self._ledger.has_place(instance, group):
            return False
        # Before a place counts: one is left from a run that was not kept, and is settled here.
        self._refresh()
        if instance.gone:
            return False
        if self._ledger.has_place(instance, group):
            return self._may_go(instance, group)
        for _ in range(_TRIES):
            row = self._ledger.row(group)
            verdict = self._verdict(group, row, instance)
            if not verdict.start:
                self._held_back(group, row, verdict)
                return False
            if self._ledger.take(row, instance):
                self._went_on(group)
                return True
        self._again(self._hold.after(self._hold.conf.engine.cloud_poll_interval))
        return False

    def _may_go(self, instance: records.Instance, group: Group) -> bool:
        """Whether a member that has its place may be moved: others may be down by now.

        Places of further members that wait here are not counted: they may have to wait on.
        """
        if not self._is_idle(instance.instance_id):
            return True
        row = self._ledger.row(group)
        verdict = self._verdict(group, row, instance, self._idle(row))
        if not verdict.start:
            self._held_back(group, row, verdict)
        else:
            self._went_on(group)
        return bool(verdict.start)

    def _idle(self, row: records.Disruption) -> set[str]:
        """Members with a place whose moves wait to be requested."""
        return {i for i, m in row.members.items() if self._ledger.is_mine(m) and self._is_idle(i)}

    def settle(self) -> None:
        """Members that have arrived, or do not move any more, begin to recover."""
        self._full -= self._ledger.settle()

    def _is_idle(self, instance_id: str) -> bool:
        instance = self._snapshot.instances.get(instance_id)
        return (
            instance is not None
            and instance.move_phase == moving.PLANNED
            and not (instance.project_state or "").startswith("WAIT_")
        )

    # Who is down

    def _refresh(self) -> None:
        """Once in a run: see the members as they are now."""
        if not self._is_fresh:
            self._is_fresh = True
            self._inventory.observe()
            self._grouping.regroup()
            self.settle()
            self._ledger.adopt()

    def _down(self, key: str) -> dict[str, str]:
        """Members that do not work, and why; those that Fenix moves may be among them."""
        down: dict[str, str] = {}
        services = self._upkeep.services()
        elsewhere = self._snapshot.elsewhere or {}
        for instance_id in self._grouping.members(key):
            instance, server = self._snapshot.instances.get(instance_id), elsewhere.get(instance_id)
            if instance is not None:
                status, host = instance.state, instance.host
            elif server is not None:
                status, host = server.status, server.host
            else:
                continue
            seen = services.get(host or "")
            if status not in _WORKING:
                down[instance_id] = status
            elif seen is not None and not seen.up:
                down[instance_id] = f"on {host}, which is down"
        return down

    # Holding back

    def _verdict(
        self,
        group: Group,
        row: records.Disruption,
        instance: records.Instance,
        without: Collection[str] = (),
    ) -> Pace:
        impacts = [
            Impact(i, None if m["ended"] is None else _seconds(m["ended"]))
            for i, m in row.members.items()
            if i not in without
        ]
        now = _seconds(self._hold.now().isoformat())
        down = self._down(group.group_id)
        if instance.state in _WORKING:
            # Its host's services are down: it works on, and would be missed once it is moved.
            down.pop(instance.instance_id, None)
        return pace(group, now, impacts, down, [instance.instance_id])

    def _held_back(self, group: Group, row: records.Disruption, verdict: Pace) -> None:
        self._full.add(group.group_id)
        soon = self._hold.after(self._hold.conf.engine.cloud_poll_interval)
        if verdict.again_at is not None:
            soon = max(soon, _moment(verdict.again_at))
        self._again(soon)
        idle = self._idle(row)
        on_the_way = any(m["ended"] is None for i, m in row.members.items() if i not in idle)
        if on_the_way or verdict.again_at is not None:
            self._went_on(group)
            return
        known: dict[str, str] = self._hold.noted(_HELD, {})
        if group.group_id not in known:
            self._hold.note(_HELD, {**known, group.group_id: self._hold.now().isoformat()})
            self._hold.event("warning", f"{self._lack(group)}; waiting for them")
            return
        since = datetime.datetime.fromisoformat(known[group.group_id])
        limit = self._hold.conf.workflow.member_back_wait_time
        if self._hold.now() > since + datetime.timedelta(seconds=limit):
            raise Fatal(
                f"{self._lack(group)}, for {limit} s by now. Repair or delete them, or raise the "
                f"group's max_impacted_members, then continue the session"
            )

    def _went_on(self, group: Group) -> None:
        known: dict[str, str] = self._hold.noted(_HELD, {})
        if group.group_id in known:
            self._hold.note(_HELD, {k: v for k, v in known.items() if k != group.group_id} or None)

    def _lack(self, group: Group) -> str:
        project_id, _, group_id = group.group_id.partition("/")
        down = self._down(group.group_id)
        each = ", ".join(f"{i} ({why})" for i, why in sorted(down.items())[:20])
        return (
            f"no member of group {group_id} of project {project_id} may be moved: it bears "
            f"{group.max_impacted} impacted, and {len(down)} do not work: {each}"
        )

    def _again(self, when: datetime.datetime) -> None:
        self.again_at = when if self.again_at is None else min(self.again_at, when)


_EPOCH = datetime.datetime(1970, 1, 1)


def _seconds(text: str) -> float:
    return (datetime.datetime.fromisoformat(text) - _EPOCH).total_seconds()


def _moment(seconds: float) -> datetime.datetime:
    return _EPOCH + datetime.timedelta(seconds=seconds)
