"""``/v1/engines``: who does the work, for administrators (contract section 8)."""

from __future__ import annotations

import datetime
from typing import Any

from fenix.api import answers, views
from fenix.api.resource import Resource, verb
from fenix.db import engines


class Engines(Resource):
    """``/v1/engines``."""

    @verb("engine:list", body_forbidden=True, answer=answers.ENGINES)
    def get(self) -> dict[str, list[dict[str, Any]]]:
        """The engines that live: their last heartbeat is not older than a lease."""
        lease = datetime.timedelta(seconds=self.services.conf.engine.lease)
        found = engines.alive(self.services.database, self.services.clock.now() - lease)
        held = engines.sessions(self.services.database)
        return {"engines": [views.engine(e, held.get(e.engine_id, [])) for e in found]}
