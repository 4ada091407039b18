"""Consent of projects to the moves of their instances, asked for each instance by itself."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence

from fenix import states
from fenix.conf.workflow import LIVE_MIGRATE, MIGRATE, OWN_ACTION
from fenix.db import records
from fenix.workflow import asking as ask
from fenix.workflow.asking import Asking
from fenix.workflow.consent import Asker, agreed
from fenix.workflow.grouping import Grouping
from fenix.workflow.hold import Hold
from fenix.workflow.inventory import Inventory
from fenix.workflow.pacing import Pacing

#: What Fenix does itself: these moves wait until the group has a place for them.
_OURS = [MIGRATE, LIVE_MIGRATE]
_AHEAD = states.PLANNED_MAINTENANCE


class PerInstance(Asker):
    """One question for each instance, with the time that it needs to prepare."""

    def __init__(
        self,
        hold: Hold,
        asking: Asking,
        inventory: Inventory,
        grouping: Grouping,
        pacing: Pacing,
    ) -> None:
        super().__init__(hold, asking, inventory)
        self._grouping = grouping
        self._pacing = pacing

    def gather(
        self, host: records.Host, state: str, there: Sequence[records.Instance]
    ) -> list[datetime.datetime]:
        """See :class:`.Consent`."""
        deadlines = [self.hold.after(self.hold.conf.workflow.project_maintenance_reply)]
        waits = self._waits()
        for project, instances in self.undecided(state, there):
            for instance in instances:
                wait = waits.get(instance.instance_id)
                if wait is not None and (wait.state, wait.host) != (state, host.hostname):
                    self.asking.withdraw(wait)
                    wait = None
                if wait is None:
                    wait = self._ask(project, host, instance, state)
                else:
                    self._answer(wait, project, instance, state)
                if wait is None:
                    deadlines.append(self.hold.after(self.hold.conf.engine.cloud_poll_interval))
                elif wait.status == ask.OPEN:
                    deadlines.append(wait.reply_at)
        return deadlines

    def gather_ahead(self, host: records.Host) -> list[datetime.datetime]:
        """Ask about a host whose turn comes later, so that its instances are prepared by then.

        Those only that need time for it: the others answer when it is their turn. Nor those that
        their project moves itself: it would begin at once.
        """
        there = [
            i
            for i in self.snapshot.on(host.hostname)
            if self._grouping.lead_time(i) > 0 and self._grouping.preferred(i) != OWN_ACTION
        ]
        return self.gather(host, _AHEAD, there) if there else []

    def was_ahead(self, instance: records.Instance) -> bool:
        """Whether the project was asked, and has not refused, before the host's turn."""
        return agreed(instance, _AHEAD) or instance.project_state == f"WAIT_{_AHEAD}"

    def forget_questions(self) -> None:
        """The session has ended before they were answered; no place is kept for an answer."""
        for instance in self.snapshot.alive():
            if (instance.project_state or "").startswith("WAIT_"):
                instance.project_state = None
                self.hold.touch(instance)

    def _waits(self) -> dict[str, records.Wait]:
        return {
            w.instance_id: w
            for w in [*self.snapshot.waits, *self.hold.changes.new_waits]
            if w.instance_id is not None and w.status == ask.OPEN
        }

    def _answer(
        self,
        wait: records.Wait,
        project: records.Project,
        instance: records.Instance,
        state: str,
    ) -> None:
        if wait.reply is None and self.hold.now() >= wait.reply_at:
            # Before silence counts: perhaps it was deleted instead.
            self.inventory.look_at(instance.host or "")
            if instance.gone:
                self.asking.withdraw(wait)
                return
        self.read(wait, project, [instance], state)

    def _ask(
        self,
        project: records.Project,
        host: records.Host,
        instance: records.Instance,
        state: str,
    ) -> records.Wait | None:
        """:returns: the question; None when it has to wait for a place in the group."""
        allowed = ask.MOVES
        if self._is_ahead(host):
            allowed = _OURS
        elif not self._pacing.admit(instance):
            if self._grouping.preferred(instance) == OWN_ACTION:
                return None
            allowed = _OURS
        reply = self.hold.conf.workflow.project_maintenance_reply
        wait = self.asking.ask(
            project,
            state,
            seconds=max(reply, self._grouping.lead_time(instance)),
            instance_ids=[instance.instance_id],
            instance_id=instance.instance_id,
            allowed_actions=allowed,
            host=host.hostname,
        )
        self.asked_about([instance], state)
        return wait

    @staticmethod
    def _is_ahead(host: records.Host) -> bool:
        return host.phase == "pending"

    def decide(
        self,
        instances: Sequence[records.Instance],
        project_state: str,
        actions: Mapping[str, str],
    ) -> None:
        """Keep what was decided; without a word on how, the constraint's way is taken."""
        chosen = dict(actions)
        for instance in instances:
            preferred = self._grouping.preferred(instance)
            allowed = ask.MOVES if project_state.startswith("ACK_") else _OURS
            if not chosen.get(instance.instance_id) and preferred in allowed:
                chosen[instance.instance_id] = str(preferred)
        super().decide(instances, project_state, chosen)
