"""What is sent: the body that Aodh posts for an event alarm (contract section 5).

So a manager needs one decoder, whichever way it is told. Traits are ``[name, type, value]``, made
as Ceilometer makes them with the event definitions under ``etc/``.
"""

from __future__ import annotations

import datetime
import json
import uuid
from typing import Any

from fenix import timing
from fenix.db import records
from fenix.notifications.payloads import LONGEST

_TEXT, _DATETIME = 1, 4
_TIMES = ("reply_at", "actions_at")
#: Names the alarm that a subscription stands for, always the same for a project.
_ALARMS = uuid.UUID("d8f5b7a2-6c1e-4f0b-9a3d-5e7c2b4f8a16")


def body(row: records.Outgoing) -> bytes:
    """The body for a notification of the outbox; its ``channel`` is the project."""
    told = {
        "alarm_name": f"fenix_{row.event_type}",
        "alarm_id": str(uuid.uuid5(_ALARMS, row.channel)),
        "severity": "moderate",
        "previous": "alarm",
        "current": "alarm",
        "reason": f"Event <id={row.message_id},event_type={row.event_type}> for a subscription.",
        "reason_data": {
            "type": "event",
            "event": {
                "message_id": row.message_id,
                "event_type": row.event_type,
                "generated": row.created_at.isoformat(),
                "traits": [_trait(*item) for item in row.payload.items() if item[1] is not None],
                "raw": {},
                "message_signature": "",
            },
        },
    }
    return json.dumps(told).encode()


def _trait(name: str, value: Any) -> list[Any]:
    if name in _TIMES:
        moment: datetime.datetime = timing.parse(value)
        return [name, _DATETIME, moment.isoformat()]
    return [name, _TEXT, str(value)[:LONGEST]]
