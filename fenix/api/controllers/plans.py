"""``/v1/plan``: what a session would do, for administrators (contract section 8)."""

from __future__ import annotations

from typing import Any

from fenix.api.controllers.sessions import CREATE, checked_creation
from fenix.api.resource import Resource, verb


class Plans(Resource):
    """``/v1/plan``."""

    @verb("session:plan", schema=CREATE)
    def post(self, body: dict[str, Any]) -> dict[str, Any]:
        """Plan the session that this body would create; nothing is changed."""
        checked = checked_creation(body, self.services.clock.now())
        return self.services.engine.plan(self.caller().to_rpc(), checked)
