"""``/v1/plan``: what a session would do, for administrators (contract section 8)."""

from __future__ import annotations

from typing import Any

from fenix.api.answers import RESERVATION, an_object, listed, nullable
from fenix.api.controllers.sessions import CREATE, checked_creation
from fenix.api.resource import Resource, verb

_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}
_SECONDS = {"type": "number", "minimum": 0}
_RATIO = nullable({"type": "number", "minimum": 0})
_HOST = an_object(
    "PlannedHost",
    host=_TEXT,
    emptied_first={"type": "boolean"},
    instances=_COUNT,
    drain_at=_SECONDS,
    empty_at=_SECONDS,
    done_at=_SECONDS,
)
_MOVE = an_object(
    "PlannedMove",
    instance_id=_TEXT,
    instance_name=_TEXT,
    project_id=_TEXT,
    source=_TEXT,
    target=_TEXT,
    wave={"type": "integer", "minimum": 1},
)
_GROUP = an_object(
    "PlannedGroup",
    group_id=_TEXT,
    project_id=nullable(_TEXT),
    members=_COUNT,
    moves=_COUNT,
    pace=_SECONDS,
)
_DURATION = an_object(
    seconds=_SECONDS,
    phases={"type": "object", "additionalProperties": _SECONDS},
    ends_at=_TEXT,
    times={
        "type": "object",
        "additionalProperties": an_object(seconds=_SECONDS, source=_TEXT, count=_COUNT),
    },
    parallel_moves_per_host=_COUNT,
)

#: What an engine answers (:mod:`fenix.engine.planning`).
PLAN = an_object(
    "Plan",
    workflow=_TEXT,
    waves=listed(an_object(wave={"type": "integer", "minimum": 1}, hosts=listed(_HOST))),
    moves=listed(_MOVE),
    groups=listed(_GROUP),
    scale_in=nullable({"type": "object"}),
    blocked_hosts=listed(an_object(host=_TEXT, why=_TEXT, remedy=_TEXT)),
    bounds={"type": "object", "additionalProperties": {"type": "number"}},
    totals={"type": "object", "additionalProperties": {"type": "number"}},
    ratios={"type": "object", "additionalProperties": _RATIO},
    duration=_DURATION,
    outside_window=listed(_TEXT),
    obstacles=listed(_TEXT),
    reservations=listed(RESERVATION),
    projects=listed(an_object(project_id=_TEXT, has_manager={"type": "boolean"})),
)


class Plans(Resource):
    """``/v1/plan``."""

    @verb("session:plan", schema=CREATE, answer=PLAN, refusals=(409, 422))
    def post(self, body: dict[str, Any]) -> dict[str, Any]:
        """Plan the session that this body would create; nothing is changed."""
        checked = checked_creation(body, self.services.clock.now())
        return self.services.engine.plan(self.caller().to_rpc(), checked)
