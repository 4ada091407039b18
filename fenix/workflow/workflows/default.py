"""The ``default`` workflow: one question per project and host, no constraints."""

from __future__ import annotations

from fenix.workflow.consent import Consent, PerProject
from fenix.workflow.grouping import Grouping
from fenix.workflow.hold import Hold
from fenix.workflow.ledger import Tally
from fenix.workflow.outcome import Outcome, Wait
from fenix.workflow.rolling import RollingWorkflow


class Workflow(RollingWorkflow):
    """Rolling maintenance of controllers and computes, in interaction with projects.

    It waits for no group, but its moves take places of groups that have limits: sessions that
    keep these count them.
    """

    def __init__(self, hold: Hold) -> None:
        super().__init__(hold)
        self.tally = Tally(hold, Grouping(hold, self.inventory, steers=False))
        self.moving.brake = self.tally

    def consent(self) -> Consent:
        """A project is asked about all its instances on a host at once."""
        return PerProject(self.hold, self.asking, self.inventory)

    def handle(self) -> Outcome:
        """Run the method of the session's state; who has arrived begins to recover."""
        outcome = super().handle()
        self.tally.settle()
        return outcome

    def settle(self) -> Wait | None:
        """After a failure: places of members that do not move any more are given back."""
        wait = super().settle()
        self.tally.settle()
        return wait

    def pause(self) -> Wait | None:
        """While it is paused, places of members that have arrived are given back, too."""
        wait = super().pause()
        self.tally.settle()
        return wait
