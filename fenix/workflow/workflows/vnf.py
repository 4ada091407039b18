"""The ``vnf`` workflow: each instance is asked about, and the constraints of groups are kept.

After ETSI's model of NFVI software modification (contract section 4).
"""

from __future__ import annotations

from fenix.conf.workflow import LIVE_MIGRATE
from fenix.db import records
from fenix.workflow.capacity import Picture
from fenix.workflow.consent import Consent
from fenix.workflow.grouping import Grouping
from fenix.workflow.hold import Hold
from fenix.workflow.instance_consent import PerInstance
from fenix.workflow.outcome import Outcome, Wait
from fenix.workflow.pacing import Pacing
from fenix.workflow.rolling import RollingWorkflow


class Workflow(RollingWorkflow):
    """Rolling maintenance that never asks more of a group than it bears."""

    def __init__(self, hold: Hold) -> None:
        super().__init__(hold)
        self.watching.interruption = self.grouping.interruption
        self.emptying.too_short = self.grouping.too_short
        self.emptying.mitigates = self.grouping.mitigates
        self.moving.brake = self.pacing
        self.limits.expecting.lead_time = self._lead_time

    def consent(self) -> Consent:
        """A project is asked about each of its instances."""
        self.grouping = Grouping(self.hold, self.inventory)
        self.pacing = Pacing(self.hold, self.grouping, self.inventory, self.upkeep)
        self.per_instance = PerInstance(
            self.hold, self.asking, self.inventory, self.grouping, self.pacing
        )
        return self.per_instance

    def _lead_time(self, instance: records.Instance) -> float:
        """What is left to be paid of it: nothing once the project was asked ahead."""
        asked = self.per_instance.was_ahead(instance)
        return 0.0 if asked else float(self.grouping.lead_time(instance))

    def look(self) -> None:
        """Read the constraints as they are now."""
        if self.hold.noted("discovered"):
            self.grouping.read()

    def obstacles(self) -> list[str]:
        """What keeps the session from work, and live migrations that will be aborted."""
        found = super().obstacles()
        move = 0.0 if self.expected is None else self.expected.move
        for instance in self.snapshot.alive():
            why = self.grouping.too_short(instance, move)
            may = self.likely(instance) == LIVE_MIGRATE and instance.state != "SHUTOFF"
            if why is not None and may:
                found.append(why)
        return found

    def likely(self, instance: records.Instance) -> str:
        """What the instance's constraints prefer."""
        return self.grouping.preferred(instance) or super().likely(instance)

    def handle(self) -> Outcome:
        """Run the method of the session's state; who has arrived begins to recover."""
        outcome = super().handle()
        if self.hold.noted("impacts"):
            self.pacing.settle()
        return outcome

    def settle(self) -> Wait | None:
        """After a failure: places of members that do not move any more are given back."""
        wait = super().settle()
        if self.hold.noted("impacts"):
            self.per_instance.forget_questions()
            self.pacing.settle()
        return wait

    def pause(self) -> Wait | None:
        """While it is paused, places of members that have arrived are given back, too."""
        wait = super().pause()
        if self.hold.noted("impacts"):
            self.pacing.settle()
        return wait

    def hosts_ahead(self) -> list[records.Host]:
        """The hosts that can be emptied when those under work are in use again."""
        picture = Picture(self.snapshot)
        there = [h for h in picture.unmaintained() if self.snapshot.on(h.hostname)]
        busy = picture.busy()
        waiting = self.limits.in_time(there) if busy else []
        if not waiting:
            return []
        state = (frozenset(h.hostname for h in waiting), frozenset(h.hostname for h in busy))
        known = self.snapshot.tried.get("ahead")
        if known is None or known[0] != state:
            known = self.snapshot.tried["ahead"] = (state, self.steering.ahead(waiting))
        return [self.snapshot.hosts[name] for name in known[1]]
