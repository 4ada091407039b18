"""Moving instances: each with a named target, an intent that is written first, a deadline.

Phases of a move: *planned* (its target is reserved), *requested* (the call is about to be made
or was made), *moving* (Nova works on it), *confirming* (a cold migration), *own* (the project
moves it itself). An engine that takes a session over finds the phase and looks at Nova before
it acts, so no move is made twice.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from typing import Protocol

from fenix import exceptions, timing
from fenix.cloud import base
from fenix.conf.workflow import LIVE_MIGRATE, MIGRATE, OWN_ACTION
from fenix.db import records
from fenix.planner.placement import Rooms
from fenix.workflow.capacity import Picture
from fenix.workflow.hold import Hold
from fenix.workflow.inventory import Inventory
from fenix.workflow.outcome import Fatal, GivenUp

PLANNED = "planned"
REQUESTED = "requested"
MOVING = "moving"
CONFIRMING = "confirming"
OWN = "own"

AT_NOVA = frozenset({REQUESTED, MOVING, CONFIRMING})
_LONGEST_PAUSE = 60.0
#: After this, a call that Nova shows no trace of has not been taken.
TRACELESS = datetime.timedelta(seconds=20)


class Brake(Protocol):
    """What may hold a move back."""

    def paces(self, instance: records.Instance) -> bool:
        """Whether it says how many members of the instance's group move at the same time."""
        ...

    def admit(self, instance: records.Instance) -> bool:
        """Whether the move of an instance may be requested now; if so, it counts from now on."""
        ...

    @property
    def again_at(self) -> datetime.datetime | None:
        """When to ask again about what was held back; None when nothing was."""
        ...


class NoBrake:
    """Every move may begin at once."""

    again_at: datetime.datetime | None = None

    def paces(self, _instance: records.Instance) -> bool:
        """No."""
        return False

    def admit(self, _instance: records.Instance) -> bool:
        """Yes."""
        return True


class Moving:
    """Starts and repeats moves; :mod:`fenix.workflow.watching` takes them to their end."""

    def __init__(self, hold: Hold, inventory: Inventory) -> None:
        self._hold = hold
        self._snapshot = hold.snapshot
        self._inventory = inventory
        self._conf = hold.conf.workflow
        self.brake: Brake = NoBrake()

    def plan(self, instance: records.Instance, target: str) -> None:
        """Reserve the target of an instance's next move."""
        instance.move_source, instance.move_target = instance.host, target
        instance.move_attempts, instance.action_done = 0, False
        instance.move_at, instance.move_due = self._hold.now(), None
        self._snapshot.set_phase(instance, PLANNED)
        self._hold.touch(instance)

    def remember(self, hostname: str) -> None:
        """Know which of Nova's records are of moves that instances of a host made before.

        By their ids: Nova's clock may be far from ours.
        """
        newest: dict[str, int] = {}
        resting = {i.instance_id for i in self._snapshot.on(hostname) if not i.task_state}
        for record in self._hold.cloud.departures(hostname):
            if record.server_id in resting or record.status in base.FINAL:
                known = newest.get(record.server_id, 0)
                newest[record.server_id] = max(known, int(record.migration_id))
        for instance in self._snapshot.on(hostname):
            last = max(newest.get(instance.instance_id, 0), int(instance.move_id or 0))
            instance.move_id = str(last)
            self._hold.touch(instance)

    def leave_to_project(self, instance: records.Instance, room: str | None = None) -> None:
        """The project moves this one itself; Fenix waits until it has left the host.

        :param room: a host on which room for it is kept free until then.
        """
        instance.move_source, instance.move_target = instance.host, room
        instance.action_done = False
        instance.move_at = self._hold.now()
        instance.move_due = self._hold.after(self._conf.own_action_wait_time)
        self._snapshot.set_phase(instance, OWN)
        self._hold.touch(instance)
        self._begins(instance, OWN_ACTION)

    def _begins(self, instance: records.Instance, action: str) -> None:
        """Write into the history that a try to move an instance begins."""
        try_ = f" (try {instance.move_attempts})" if instance.move_attempts > 1 else ""
        self._hold.event(
            "move",
            f"{named(instance)}: {action} from {instance.move_source} to "
            f"{instance.move_target or 'where its project puts it'} begins{try_}",
            host=instance.move_source,
            instance_id=instance.instance_id,
            project_id=instance.project_id,
            source=instance.move_source,
            target=instance.move_target,
            action=action,
            attempt=instance.move_attempts,
            begins=True,
        )

    def action(self, instance: records.Instance) -> str:
        """How an instance is moved: as chosen, except where its state leaves one way only."""
        if instance.state == "SHUTOFF":
            return MIGRATE
        if instance.state == "PAUSED":
            return LIVE_MIGRATE
        return instance.action or str(self._conf.default_action)

    def leaving(self, hostname: str) -> bool:
        """Whether a move off a host has not ended; its source may still hold the disk."""
        return any(i.move_source == hostname for i in self._snapshot.under_way())

    def failed(self, instance: records.Instance, why: str, record: base.Migration | None) -> None:
        """Try again, elsewhere if possible, or give the session up."""
        hold = self._hold
        if record is not None:
            instance.move_id = record.migration_id
        instance.details = why
        hold.event(
            "move",
            f"{named(instance)}: try {instance.move_attempts} from {instance.move_source} to "
            f"{instance.move_target} failed: {why}",
            host=instance.move_source,
            instance_id=instance.instance_id,
            project_id=instance.project_id,
            source=instance.move_source,
            target=instance.move_target,
            action=self.action(instance),
            attempt=instance.move_attempts,
            began_at=timing.wire(instance.move_at),
            failed=why,
        )
        if instance.move_attempts > self._conf.live_migration_retries:
            self._snapshot.set_phase(instance, None)
            hold.touch(instance)
            raise Fatal(
                f"{named(instance)} could not be moved off {instance.move_source}: "
                f"{instance.move_attempts} tries, the last to {instance.move_target}: {why}. "
                f"See 'openstack server event list {instance.instance_id}' for Nova's reason, "
                f"remove the cause, then continue the session"
            )
        pause = min(
            self._conf.move_retry_interval * 2 ** (instance.move_attempts - 1), _LONGEST_PAUSE
        )
        instance.move_at, instance.move_due = hold.after(pause), None
        self._snapshot.set_phase(instance, PLANNED)
        hold.touch(instance)

    # Starting

    def start(
        self,
        wanted: Iterable[records.Instance],
        targets: Callable[[], list[records.Host]],
        on_fatal: GivenUp,
    ) -> datetime.datetime | None:
        """Begin the planned moves whose time has come, as many per host as configured.

        Of a group whose members are kept apart, one moves at a time. Before a move is tried
        again, the cloud is looked at: a call that seemed to fail may have been taken.

        :param targets: hosts among which a repeated move may choose another target.
        :param on_fatal: is told of a move that failed for the last time.
        :returns: when to try again what was held back.
        """
        now = self._hold.now()
        wanted = [i for i in wanted if i.move_at is None or i.move_at <= now]
        if any(i.move_attempts for i in wanted):
            self._inventory.observe()
        busy: dict[str | None, int] = {}
        groups = set()
        for instance in self._snapshot.under_way():
            if instance.move_phase != PLANNED:
                busy[instance.move_source] = busy.get(instance.move_source, 0) + 1
                groups.add(self._apart(instance))
        begun = []
        for instance in wanted:
            group = self._apart(instance)
            if (
                instance.move_phase != PLANNED
                or busy.get(instance.move_source, 0) >= self._conf.max_parallel_moves_per_host
                or (group is not None and group in groups)
                or not self._has_target(instance, targets, on_fatal)
                or not self._let_go(instance)
            ):
                continue
            busy[instance.move_source] = busy.get(instance.move_source, 0) + 1
            groups.add(group)
            if instance.move_phase == PLANNED:
                if instance.move_attempts or self._is_closed(instance.move_target):
                    self._retarget(instance, targets())
                begun.append(self._intend(instance))
        if begun:
            self._hold.save()
        for instance in begun:
            try:
                self.call(instance)
            except Fatal as error:
                on_fatal(instance, error)
        return self.brake.again_at

    def _apart(self, instance: records.Instance) -> str | None:
        """The group of which one member at a time moves, because nobody says how many may."""
        if self.brake.paces(instance):
            return None
        item = Picture(self._snapshot).item(instance)
        return item.apart[0] if item.apart else None

    @staticmethod
    def _waits_at_source(instance: records.Instance) -> bool:
        return (
            instance.host == instance.move_source
            and not instance.task_state
            and instance.state != "VERIFY_RESIZE"
        )

    def _has_target(
        self,
        instance: records.Instance,
        targets: Callable[[], list[records.Host]],
        on_fatal: GivenUp,
    ) -> bool:
        """Whether its group still allows the target; another is chosen if it does not.

        Members that their project makes anew land where Nova puts them.
        """
        if not self._is_crowded(instance):
            return True
        self._retarget(instance, targets())
        self._hold.touch(instance)
        if not self._is_crowded(instance):
            return True
        if not any(h.phase in ("maintaining", "returning") for h in self._snapshot.computes()):
            self._snapshot.set_phase(instance, None)
            on_fatal(
                instance,
                Fatal(
                    f"no host may take {named(instance)} of {instance.host}: each has as many "
                    f"members of its group as it may, or no room. Scale the group in or enable a "
                    f"host, then continue the session"
                ),
            )
        return False

    def _is_crowded(self, instance: records.Instance) -> bool:
        """Whether the target would have more members of the instance's group than it may."""
        key = self._snapshot.member_of.get(instance.instance_id)
        group = self._snapshot.groups.get(key or "")
        target = self._snapshot.hosts.get(instance.move_target or "")
        if group is None or not group.per_host or target is None:
            return False
        # The instance itself is counted: it is on its way there.
        (room,) = Picture(self._snapshot).rooms([target])
        return room.members.get(group.group_id, 0) > group.per_host

    def _let_go(self, instance: records.Instance) -> bool:
        """Whether a move may be requested now, or is under way already."""
        if instance.move_attempts and not self._waits_at_source(instance):
            self._take_up(instance)
            return True
        return self.brake.admit(instance)

    def _take_up(self, instance: records.Instance) -> None:
        """The last try is under way after all: watch it to its end."""
        instance.move_due = self._hold.after(self._conf.live_migration_wait_time)
        self._snapshot.set_phase(instance, MOVING)
        self._hold.touch(instance)

    def _is_closed(self, hostname: str | None) -> bool:
        """Whether a target has been disabled, or has failed, since it was reserved."""
        host = self._snapshot.hosts.get(hostname or "")
        return host is not None and host.found_disabled

    def _retarget(self, instance: records.Instance, hosts: list[records.Host]) -> None:
        """Choose a target that has not failed yet; when all have, another than the last."""
        picture = Picture(self._snapshot)
        key = f"failed targets of {instance.instance_id}"
        last = {instance.move_target} if instance.move_attempts else set()
        # Known to this engine only: another that takes over may try one twice.
        known = self._snapshot.tried.get(key, set()) if instance.move_attempts > 1 else set()
        for failed in (known | last, last):
            others = picture.rooms(h for h in hosts if h.hostname not in failed)
            rooms = Rooms(others, self._snapshot.groups)
            other = rooms.find(picture.item(instance), without={instance.host or ""})
            if other is not None:
                instance.move_target = other
                self._snapshot.tried[key] = failed
                return

    def _intend(self, instance: records.Instance) -> records.Instance:
        instance.move_attempts += 1
        instance.move_at = self._hold.now()
        instance.move_due = self._hold.after(self._conf.live_migration_wait_time)
        self._snapshot.set_phase(instance, REQUESTED)
        self._hold.touch(instance)
        self._begins(instance, self.action(instance))
        return instance

    def call(self, instance: records.Instance) -> None:
        """Ask Nova for the move whose intent was written."""
        target = instance.move_target or ""
        try:
            if self.action(instance) == MIGRATE:
                self._hold.cloud.cold_migrate(instance.instance_id, target)
            else:
                self._hold.cloud.live_migrate(instance.instance_id, target)
        except exceptions.CloudNotFound:
            self._inventory.observe()
            return
        except (exceptions.CloudBusy, exceptions.CloudRefused) as error:
            self.failed(instance, str(error), None)
            return
        except exceptions.CloudError as error:
            # Nobody knows whether Nova took it: the next look decides.
            instance.details = str(error)
            self._unanswered(instance)
            return
        self._snapshot.set_phase(instance, MOVING)
        self._hold.touch(instance)

    def _unanswered(self, instance: records.Instance) -> None:
        self._hold.touch(instance)
        if instance.move_at is None or self._hold.now() > instance.move_at + TRACELESS:
            self.failed(instance, instance.details or "Nova did not answer", None)


def named(instance: records.Instance) -> str:
    """Name and id, for messages."""
    return f"{instance.instance_name} ({instance.instance_id})"
