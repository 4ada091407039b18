"""Watching moves: what the cloud says of each, and what follows from it."""

from __future__ import annotations

import datetime
from collections.abc import Callable

from fenix import exceptions, states, timing
from fenix.cloud import base
from fenix.cloud.paging import MARGIN
from fenix.conf.workflow import LIVE_MIGRATE
from fenix.db import records
from fenix.workflow import moving
from fenix.workflow.closer_look import CloserLook
from fenix.workflow.hold import Hold
from fenix.workflow.inventory import Inventory
from fenix.workflow.moving import Moving, named
from fenix.workflow.outcome import Fatal, GivenUp

#: How far Nova's clock may be from ours when migration records are matched to moves.
_SKEW = datetime.timedelta(seconds=10)


class Watching:
    """Takes moves that are under way to their end."""

    def __init__(self, hold: Hold, inventory: Inventory, starter: Moving) -> None:
        self._hold = hold
        self._snapshot = hold.snapshot
        self._inventory = inventory
        self._moving = starter
        self._conf = hold.conf.workflow
        self._closer = CloserLook(hold, inventory)
        self._to_confirm: list[records.Instance] = []
        #: Seconds that a live migration of an instance may take at the most; None: any.
        self.interruption: Callable[[records.Instance], int | None] = lambda _: None
        self._begin = True

    def watch(self, *, on_fatal: GivenUp | None = None, begin: bool = True) -> None:
        """Look at the cloud, and take every move that is under way one step further.

        :param begin: False: a call that Nova shows no trace of is not made again.
        :param on_fatal: is told of a move that cannot go on, which is then given up; None: the
            session fails.
        """
        moves = [m for m in self._snapshot.under_way() if m.move_phase != moving.PLANNED]
        if not moves:
            return
        self._begin = begin
        self._inventory.observe()
        self._read_records([m for m in moves if m.move_phase in moving.AT_NOVA])
        self._to_confirm = []
        for instance in moves:
            if not instance.gone:
                self._take(self._step, instance, on_fatal)
        if self._to_confirm:
            self._hold.save()
        for instance in self._to_confirm:
            self._take(self._confirm, instance, on_fatal)

    def _take(
        self,
        step: Callable[[records.Instance], None],
        instance: records.Instance,
        on_fatal: GivenUp | None,
    ) -> None:
        try:
            step(instance)
        except Fatal as error:
            if on_fatal is None:
                raise
            self._snapshot.set_phase(instance, None)
            self._hold.touch(instance)
            on_fatal(instance, error)

    def _step(self, instance: records.Instance) -> None:
        if instance.move_phase == moving.OWN:
            self._watch_own(instance)
        else:
            self._watch_move(instance)

    def _read_records(self, moves: list[records.Instance]) -> None:
        """Bring Nova's records up to date: those that changed since they were read last."""
        snapshot = self._snapshot
        known, until = snapshot.migrations, snapshot.migrations_until
        moving_now = {m.instance_id for m in moves}
        for server_id in known.keys() - moving_now:
            del known[server_id]
        started = min((m.move_at for m in moves if m.move_at), default=None)
        if started is None:
            return
        if until is None:
            # By Nova's clock, which may be behind ours.
            newest = self._hold.noted("cursor")
            read_to = started if newest is None else datetime.datetime.fromisoformat(newest)
            since = min(started, read_to) - _SKEW
        else:
            since = until - MARGIN
        for record in self._hold.cloud.migrations_since(since):
            if record.server_id in moving_now:
                known.setdefault(record.server_id, {})[record.migration_id] = record
            until = record.updated if until is None else max(until, record.updated)
        snapshot.migrations_until = until

    def _record(self, instance: records.Instance) -> base.Migration | None:
        """Nova's record of the present try; None when there is none (yet)."""
        since = _since(instance) - _SKEW
        newest = None
        for record in self._snapshot.migrations.get(instance.instance_id, {}).values():
            if (
                record.source == instance.move_source
                and (
                    record.created >= since
                    if instance.move_id is None
                    else int(record.migration_id) > int(instance.move_id)
                )
                and (newest is None or int(record.migration_id) > int(newest.migration_id))
            ):
                newest = record
        return newest

    def _watch_own(self, instance: records.Instance) -> None:
        if instance.host != instance.move_source and not instance.task_state:
            self._arrived(instance)
        elif self._is_late(instance):
            self._closer.take(instance)
            if instance.gone or instance.host != instance.move_source or instance.task_state:
                return
            raise Fatal(
                f"{named(instance)} chose OWN_ACTION but is still on {instance.move_source} "
                f"after {self._conf.own_action_wait_time} s; ask project "
                f"{instance.project_id} to move it, then continue the session"
            )

    def _is_late(self, instance: records.Instance) -> bool:
        """Whether a project has not moved its instance in time; not while the session waits."""
        due = instance.move_due
        return due is not None and self._hold.now() > due and self._hold.session.paused_at is None

    def _overdue(self, instance: records.Instance, more: float = 0.0) -> bool:
        """Whether a move takes longer than it may, by so many seconds."""
        due = instance.move_due
        return due is not None and self._hold.now() > due + datetime.timedelta(seconds=more)

    def _watch_move(self, instance: records.Instance) -> None:
        if self._overdue(instance):
            self._closer.take(instance)
            if instance.gone:
                return
        record = self._record(instance)
        if instance.state == "ERROR":
            raise Fatal(
                f"{named(instance)} went into ERROR while it was moved from "
                f"{instance.move_source} to {instance.move_target} (try "
                f"{instance.move_attempts}): {instance.details or 'Nova gives no fault'}. Check "
                f"it on both hosts, put it back with 'openstack server set --state active', "
                f"remove what the move left in Placement with 'nova-manage placement audit "
                f"--delete', then continue the session"
            )
        if instance.state == "VERIFY_RESIZE":
            if record is not None and record.status == "confirming":
                self._busy(instance)
            else:
                # All together, so that their intents are written in one transaction.
                self._snapshot.set_phase(instance, moving.CONFIRMING)
                self._hold.touch(instance)
                self._to_confirm.append(instance)
        elif instance.task_state:
            self._busy(instance)
        elif instance.host != instance.move_source:
            self._left(instance, record)
        elif record is not None and record.status in base.FAILED:
            self._moving.failed(instance, f"Nova's migration record says {record.status}", record)
        elif record is None:
            self._no_trace(instance)
        else:
            self._busy(instance)
        if record is not None and record.status == "running":
            self._bound(instance)

    def _left(self, instance: records.Instance, record: base.Migration | None) -> None:
        """One is at rest elsewhere; it has arrived when Nova has ended its record, too."""
        if record is not None and record.status not in base.FINAL:
            if not self._overdue(instance, self._conf.abort_wait_time):
                return
            self._hold.event(
                "warning",
                f"{named(instance)} is at rest on {instance.host}, and Nova's migration record "
                f"{record.migration_id} still says {record.status}: it counts as moved",
                host=instance.host,
                instance_id=instance.instance_id,
                project_id=instance.project_id,
            )
        self._arrived(instance, record)

    def _bound(self, instance: records.Instance) -> None:
        """From when it runs, a live migration has the time that its instance bears."""
        longest = self.interruption(instance)
        if longest is None or instance.move_phase is None:
            return
        if self._moving.action(instance) == LIVE_MIGRATE:
            due = self._hold.after(longest)
            if instance.move_due is None or due < instance.move_due:
                instance.move_due = due
                self._hold.touch(instance)

    def _busy(self, instance: records.Instance) -> None:
        if instance.move_phase == moving.REQUESTED:
            self._snapshot.set_phase(instance, moving.MOVING)
            self._hold.touch(instance)
        if not self._overdue(instance):
            return
        bound = self._longest(instance)
        if self._overdue(instance, self._conf.abort_wait_time):
            raise Fatal(
                f"the move of {named(instance)} from {instance.move_source} to "
                f"{instance.move_target} neither ended within "
                f"{bound} nor could be aborted within "
                f"{self._conf.abort_wait_time} s more (Nova: {instance.state}, "
                f"{instance.task_state}); end it in Nova, then continue the session"
            )
        # By its state: a paused instance moves live whatever was chosen for it.
        if instance.state == "MIGRATING" or self._moving.action(instance) == LIVE_MIGRATE:
            self._hold.event(
                "move",
                f"{named(instance)}: live migration takes longer than {bound} and is aborted",
                host=instance.move_source,
                instance_id=instance.instance_id,
                project_id=instance.project_id,
            )
            try:
                self._hold.cloud.abort(instance.instance_id)
            except exceptions.CloudError as error:
                instance.details = str(error)
                self._hold.touch(instance)

    def _longest(self, instance: records.Instance) -> str:
        """How long a move may take, in words."""
        usual: int = self._conf.live_migration_wait_time
        own = self.interruption(instance)
        if own is None or own >= usual or self._moving.action(instance) != LIVE_MIGRATE:
            return f"{usual} s"
        return f"its max_interruption_time of {own} s"

    def _no_trace(self, instance: records.Instance) -> None:
        if instance.move_phase != moving.MOVING and self._begin:
            # The intent was written, the call was not made, or nobody knows: make it.
            self._moving.call(instance)
        elif self._hold.now() >= _since(instance) + moving.TRACELESS:
            self._closer.take(instance)
            if self._has_trace(instance):
                return
            why = "Nova shows neither a change nor a migration record"
            self._moving.failed(instance, why, None)

    def _has_trace(self, instance: records.Instance) -> bool:
        return bool(
            instance.gone
            or instance.task_state
            or instance.host != instance.move_source
            or instance.state in ("ERROR", "VERIFY_RESIZE")
            or self._record(instance) is not None
        )

    def _confirm(self, instance: records.Instance) -> None:
        try:
            self._hold.cloud.confirm(instance.instance_id)
        except (exceptions.CloudBusy, exceptions.CloudRefused) as error:
            # It is being confirmed already, or will not be: the next look tells.
            instance.details = str(error)
            self._busy(instance)

    def _arrived(self, instance: records.Instance, record: base.Migration | None = None) -> None:
        hold = self._hold
        seconds = (hold.now() - instance.move_at).total_seconds() if instance.move_at else 0.0
        hold.event(
            "move",
            f"{named(instance)}: {instance.move_source} -> {instance.host or 'gone'}",
            host=instance.host,
            instance_id=instance.instance_id,
            project_id=instance.project_id,
            source=instance.move_source,
            target=instance.host,
            action=instance.action,
            attempt=instance.move_attempts,
            began_at=timing.wire(instance.move_at),
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


def _since(instance: records.Instance) -> datetime.datetime:
    return instance.move_at or datetime.datetime.min + _SKEW
