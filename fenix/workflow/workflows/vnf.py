"""The ``vnf`` workflow: each instance is asked about, and the constraints of groups are kept.

After ETSI's model of NFVI software modification (contract section 4).
"""

from __future__ import annotations

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
        self.emptying.mitigates = self.grouping.mitigates
        self.moving.brake = self.pacing

    def consent(self) -> Consent:
        """A project is asked about each of its instances."""
        self.grouping = Grouping(self.hold, self.inventory)
        self.pacing = Pacing(self.hold, self.grouping, self.inventory, self.upkeep)
        self.per_instance = PerInstance(
            self.hold, self.asking, self.inventory, self.grouping, self.pacing
        )
        return self.per_instance

    def look(self) -> None:
        """Read the constraints as they are now."""
        if self.hold.noted("discovered"):
            self.grouping.read()

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
        waiting = [h for h in picture.unmaintained() if self.snapshot.on(h.hostname)]
        busy = picture.busy()
        if not waiting or not busy or not self.limits.in_time(waiting):
            return []
        state = (frozenset(h.hostname for h in waiting), frozenset(h.hostname for h in busy))
        known = self.snapshot.tried.get("ahead")
        if known is None or known[0] != state:
            known = self.snapshot.tried["ahead"] = (state, self.steering.ahead(waiting))
        return [self.snapshot.hosts[name] for name in known[1]]
