"""Moving instances: each with a named target, an intent that is written first, a deadline.

Phases of a move: *planned* (its target is reserved), *requested* (the call is about to be made
or was made), *moving* (Nova works on it), *confirming* (a cold migration), *own* (the project
moves it itself). An engine that takes a session over finds the phase and looks at Nova before
it acts, so no move is made twice.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable

from fenix import exceptions, states
from fenix.cloud import base
from fenix.conf.workflow import LIVE_MIGRATE, MIGRATE
from fenix.db import records
from fenix.planner.placement import Rooms
from fenix.workflow.capacity import Picture
from fenix.workflow.hold import Hold
from fenix.workflow.inventory import Inventory
from fenix.workflow.outcome import Fatal

PLANNED = "planned"
REQUESTED = "requested"
MOVING = "moving"
CONFIRMING = "confirming"
OWN = "own"

_AT_NOVA = frozenset({REQUESTED, MOVING, CONFIRMING})
_LONGEST_PAUSE = 60.0
#: How far Nova's clock may be from ours when migration records are matched to moves.
_SKEW = datetime.timedelta(seconds=10)
#: After this, a call that Nova shows no trace of has not been taken.
_TRACELESS = datetime.timedelta(seconds=20)
#: An aborted migration must have ended by then.
_ABORT_GRACE = datetime.timedelta(seconds=60)


class Moving:
    """Starts, watches and repeats moves."""

    def __init__(self, hold: Hold, inventory: Inventory) -> None:
        self._hold = hold
        self._snapshot = hold.snapshot
        self._inventory = inventory
        self._conf = hold.conf.workflow
        self._records: dict[str, list[base.Migration]] = {}

    def plan(self, instance: records.Instance, target: str) -> None:
        """Reserve the target of an instance's next move."""
        instance.move_source, instance.move_target = instance.host, target
        instance.move_attempts, instance.action_done = 0, False
        instance.move_at, instance.move_due = self._hold.now(), None
        self._snapshot.set_phase(instance, PLANNED)
        self._hold.touch(instance)

    def leave_to_project(self, instance: records.Instance) -> None:
        """The project moves this one itself; Fenix waits until it has left the host."""
        instance.move_source, instance.move_target = instance.host, None
        instance.action_done = False
        instance.move_at = self._hold.now()
        instance.move_due = self._hold.after(self._conf.own_action_wait_time)
        self._snapshot.set_phase(instance, OWN)
        self._hold.touch(instance)

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

    # Watching

    def watch(self, *, on_fatal: Callable[[Fatal], None] | None = None) -> None:
        """Look at the cloud, and take every move that is under way one step further.

        :param on_fatal: is told of a move that cannot go on, which is then given up; None: the
            session fails.
        """
        moves = [m for m in self._snapshot.under_way() if m.move_phase != PLANNED]
        if not moves:
            return
        self._inventory.observe()
        self._read_records([m for m in moves if m.move_phase in _AT_NOVA])
        for instance in moves:
            if instance.gone:
                continue
            try:
                if instance.move_phase == OWN:
                    self._watch_own(instance)
                else:
                    self._watch_move(instance)
            except Fatal as error:
                if on_fatal is None:
                    raise
                self._snapshot.set_phase(instance, None)
                self._hold.touch(instance)
                on_fatal(error)

    def _read_records(self, moves: list[records.Instance]) -> None:
        self._records = {}
        started = min((m.move_at for m in moves if m.move_at), default=None)
        if started is None:
            return
        for record in self._hold.cloud.migrations_since(started - _SKEW):
            self._records.setdefault(record.server_id, []).append(record)

    def _record(self, instance: records.Instance) -> base.Migration | None:
        """Nova's record of the present try; None when there is none (yet)."""
        since = _since(instance) - _SKEW
        newest = None
        for record in self._records.get(instance.instance_id, ()):
            if (
                record.source == instance.move_source
                and record.created >= since
                and (instance.move_id is None or int(record.migration_id) > int(instance.move_id))
            ):
                newest = record
        return newest

    def _watch_own(self, instance: records.Instance) -> None:
        if instance.host != instance.move_source and not instance.task_state:
            self._arrived(instance)
        elif instance.move_due is not None and self._hold.now() > instance.move_due:
            raise Fatal(
                f"{_named(instance)} chose OWN_ACTION but is still on {instance.move_source} "
                f"after {self._conf.own_action_wait_time} s; ask project "
                f"{instance.project_id} to move it, then continue the session"
            )

    def _watch_move(self, instance: records.Instance) -> None:
        record = self._record(instance)
        if instance.state == "ERROR":
            raise Fatal(
                f"{_named(instance)} went into ERROR while it was moved from "
                f"{instance.move_source} to {instance.move_target} (try "
                f"{instance.move_attempts}): {instance.details or 'Nova gives no fault'}. Check "
                f"it on both hosts, put it back with 'openstack server set --state active', "
                f"then continue the session"
            )
        if instance.state == "VERIFY_RESIZE":
            if record is not None and record.status == "confirming":
                self._busy(instance)
            else:
                self._confirm(instance)
        elif instance.task_state:
            self._busy(instance)
        elif instance.host != instance.move_source:
            if record is None or record.status in base.FINAL:
                self._arrived(instance, record)
        elif record is not None and record.status in base.FAILED:
            self._failed(instance, f"Nova's migration record says {record.status}", record)
        elif record is None:
            self._no_trace(instance)
        else:
            self._busy(instance)

    def _busy(self, instance: records.Instance) -> None:
        if instance.move_phase == REQUESTED:
            self._snapshot.set_phase(instance, MOVING)
            self._hold.touch(instance)
        due = instance.move_due
        if due is None or self._hold.now() <= due:
            return
        if self._hold.now() > due + _ABORT_GRACE:
            raise Fatal(
                f"the move of {_named(instance)} from {instance.move_source} to "
                f"{instance.move_target} neither ended within "
                f"{self._conf.live_migration_wait_time} s nor could be aborted (Nova: "
                f"{instance.state}, {instance.task_state}); end it in Nova, then continue the "
                f"session"
            )
        if self.action(instance) == LIVE_MIGRATE:
            self._hold.event(
                "move",
                f"{_named(instance)}: live migration takes longer than "
                f"{self._conf.live_migration_wait_time} s and is aborted",
                host=instance.move_source,
                instance_id=instance.instance_id,
                project_id=instance.project_id,
            )
            try:
                self._hold.cloud.abort(instance.instance_id)
            except exceptions.CloudError as error:
                instance.details = str(error)
                self._hold.touch(instance)

    def _no_trace(self, instance: records.Instance) -> None:
        if self._hold.now() < _since(instance) + _TRACELESS and instance.move_phase == MOVING:
            return
        if instance.move_phase == MOVING:
            self._failed(instance, "Nova shows neither a change nor a migration record", None)
        else:
            # The intent was written, the call was not made, or nobody knows: make it.
            self._call(instance)

    def _confirm(self, instance: records.Instance) -> None:
        self._snapshot.set_phase(instance, CONFIRMING)
        self._hold.touch(instance)
        self._hold.save()
        try:
            self._hold.cloud.confirm(instance.instance_id)
        except (exceptions.CloudBusy, exceptions.CloudRefused) as error:
            # It is being confirmed already, or will not be: the next look tells.
            instance.details = str(error)
            self._busy(instance)

    # Ends of a move

    def _arrived(self, instance: records.Instance, record: base.Migration | None = None) -> None:
        hold = self._hold
        seconds = (hold.now() - instance.move_at).total_seconds() if instance.move_at else 0.0
        hold.event(
            "move",
            f"{_named(instance)}: {instance.move_source} -> {instance.host or 'gone'}",
            host=instance.host,
            instance_id=instance.instance_id,
            project_id=instance.project_id,
            source=instance.move_source,
            target=instance.host,
            action=instance.action,
            seconds=round(seconds, 3),
        )
        instance.moves += 1
        instance.action_done, instance.details = True, None
        if record is not None:
            instance.move_id = record.migration_id
        self._snapshot.set_phase(instance, None)
        hold.touch(instance)
        self.tell_done(instance)

    def tell_done(self, instance: records.Instance) -> None:
        """INSTANCE_ACTION_DONE to the project that was asked about an instance."""
        project = self._snapshot.projects.get(instance.project_id)
        instance.project_state = states.INSTANCE_ACTION_DONE
        if project is None or not project.has_manager:
            return
        now = self._hold.now()
        self._hold.tell_project(
            project,
            states.INSTANCE_ACTION_DONE,
            allowed_actions=[],
            reply_at=now,
            actions_at=now,
            metadata={},
            instance_id=instance.instance_id,
        )

    def _failed(self, instance: records.Instance, why: str, record: base.Migration | None) -> None:
        """Try again, elsewhere if possible, or give the session up."""
        hold = self._hold
        if record is not None:
            instance.move_id = record.migration_id
        instance.details = why
        hold.event(
            "move",
            f"{_named(instance)}: try {instance.move_attempts} from {instance.move_source} to "
            f"{instance.move_target} failed: {why}",
            host=instance.move_source,
            instance_id=instance.instance_id,
            project_id=instance.project_id,
            target=instance.move_target,
        )
        if instance.move_attempts > self._conf.live_migration_retries:
            self._snapshot.set_phase(instance, None)
            hold.touch(instance)
            raise Fatal(
                f"{_named(instance)} could not be moved off {instance.move_source}: "
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
        self, wanted: Iterable[records.Instance], targets: Callable[[], list[records.Host]]
    ) -> None:
        """Begin the planned moves whose time has come, as many per host as configured.

        Of a group whose members are kept apart, one moves at a time. Before a move is tried
        again, the cloud is looked at: a call that seemed to fail may have been taken.

        :param targets: hosts among which a repeated move may choose another target.
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
            ):
                continue
            busy[instance.move_source] = busy.get(instance.move_source, 0) + 1
            groups.add(group)
            if instance.move_attempts:
                if not self._waits_at_source(instance):
                    self._take_up(instance)
                    continue
                self._retarget(instance, targets())
            begun.append(self._intend(instance))
        if begun:
            self._hold.save()
        for instance in begun:
            self._call(instance)

    def _apart(self, instance: records.Instance) -> str | None:
        item = Picture(self._snapshot).item(instance)
        return item.apart[0] if item.apart else None

    @staticmethod
    def _waits_at_source(instance: records.Instance) -> bool:
        return (
            instance.host == instance.move_source
            and not instance.task_state
            and instance.state != "VERIFY_RESIZE"
        )

    def _take_up(self, instance: records.Instance) -> None:
        """The last try is under way after all: watch it to its end."""
        instance.move_due = self._hold.after(self._conf.live_migration_wait_time)
        self._snapshot.set_phase(instance, MOVING)
        self._hold.touch(instance)

    def _retarget(self, instance: records.Instance, hosts: list[records.Host]) -> None:
        picture = Picture(self._snapshot)
        failed = instance.move_target
        rooms = Rooms(picture.rooms(h for h in hosts if h.hostname != failed))
        other = rooms.find(picture.item(instance), without={instance.host or ""})
        if other is not None:
            instance.move_target = other

    def _intend(self, instance: records.Instance) -> records.Instance:
        instance.move_attempts += 1
        instance.move_at = self._hold.now()
        instance.move_due = self._hold.after(self._conf.live_migration_wait_time)
        self._snapshot.set_phase(instance, REQUESTED)
        self._hold.touch(instance)
        return instance

    def _call(self, instance: records.Instance) -> None:
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
            self._failed(instance, str(error), None)
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
        if self._hold.now() > _since(instance) + _TRACELESS:
            self._failed(instance, instance.details or "Nova did not answer", None)


def _since(instance: records.Instance) -> datetime.datetime:
    return instance.move_at or datetime.datetime.min + _SKEW


def _named(instance: records.Instance) -> str:
    return f"{instance.instance_name} ({instance.instance_id})"
