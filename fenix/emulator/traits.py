"""Notification to event, as Ceilometer's event definitions of this project do it."""

import datetime
import logging
from dataclasses import dataclass
from typing import Any

from oslo_utils import timeutils

LOG = logging.getLogger(__name__)
LONGEST = 255
TEXT, INT, FLOAT, DATETIME = 1, 2, 3, 4

_MAINTENANCE = {
    "service": TEXT,
    "project_id": TEXT,
    "session_id": TEXT,
    "state": TEXT,
    "instance_ids": TEXT,
    "reply_url": TEXT,
    "allowed_actions": TEXT,
    "reply_at": DATETIME,
    "actions_at": DATETIME,
    "metadata": TEXT,
}
DEFINITIONS: dict[str, dict[str, int]] = {
    "maintenance.planned": _MAINTENANCE,
    "maintenance.scheduled": _MAINTENANCE,
    "maintenance.host": {
        "service": TEXT,
        "project_id": TEXT,
        "session_id": TEXT,
        "host": TEXT,
        "state": TEXT,
    },
    "maintenance.session": {
        "service": TEXT,
        "project_id": TEXT,
        "session_id": TEXT,
        "state": TEXT,
        "percent_done": INT,
    },
}
"""Traits by event type; the names are the payload's keys."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event; ``traits`` is a list of ``[name, type, value]``."""

    message_id: str
    event_type: str
    generated: str
    traits: list[list[Any]]

    def trait(self, name: str) -> Any:
        """The value of a trait, None without it."""
        return next((value for key, _, value in self.traits if key == name), None)


def convert(
    event_type: str, payload: dict[str, Any], message_id: str, generated: str
) -> Event | None:
    """The event of a notification; None where Ceilometer would drop it."""
    definition = DEFINITIONS.get(event_type)
    if definition is None:
        LOG.debug("no event definition for %s", event_type)
        return None
    traits = []
    try:
        for name, kind in definition.items():
            value = payload.get(name)
            if value is not None:
                traits.append([name, kind, _value(kind, value)])
    except (TypeError, ValueError) as error:
        LOG.error("event %s %s dropped: %s", event_type, message_id, error)
        return None
    return Event(message_id, event_type, generated, traits)


def _value(kind: int, value: Any) -> Any:
    if kind == INT:
        return int(value)
    if kind == FLOAT:
        return float(value)
    if kind == DATETIME:
        if not isinstance(value, str):
            raise TypeError(f"a time must be text, not {value!r}")
        date: datetime.datetime = timeutils.normalize_time(timeutils.parse_isotime(value))
        return date.isoformat()
    return str(value)[:LONGEST]
