"""The ``default`` workflow: one question per project and host, no constraints."""

from __future__ import annotations

from fenix.workflow.consent import Consent, PerProject
from fenix.workflow.rolling import RollingWorkflow


class Workflow(RollingWorkflow):
    """Rolling maintenance of controllers and computes, in interaction with projects."""

    def consent(self) -> Consent:
        """A project is asked about all its instances on a host at once."""
        return PerProject(self.hold, self.asking, self.inventory)
