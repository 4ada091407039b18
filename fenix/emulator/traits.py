"""Notification to event, as Ceilometer does it with this project's event definitions."""

import datetime
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
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
DEFAULTS = ("service", "request_id", "project_id", "user_id", "tenant_id")
"""Traits that Ceilometer adds to every event, from the context where the payload has none."""


@dataclass(frozen=True, slots=True)
class Notification:
    """A message from the bus; ``context`` is what the sender's request context became."""

    event_type: str
    payload: dict[str, Any]
    message_id: str
    timestamp: str
    publisher_id: str = "fenix"
    context: dict[str, Any] = field(default_factory=dict)


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

    def trait_as(self, name: str, convert: Callable[[Any, int], Any]) -> Any:
        """The value of a trait made comparable by ``convert(value, type)``."""
        return next((convert(value, kind) for key, kind, value in self.traits if key == name), None)

    @property
    def project_id(self) -> str:
        """Whose alarms are tried: the last of the traits project_id and tenant_id."""
        found = [value for key, _, value in self.traits if key in ("project_id", "tenant_id")]
        return str(found[-1]) if found else ""


def convert(notification: Notification) -> Event | None:
    """The event of a notification; None where Ceilometer would drop it."""
    definition = DEFINITIONS.get(notification.event_type)
    if definition is None:
        LOG.debug("no event definition for %s", notification.event_type)
        return None
    values = {name: (TEXT, _default(name, notification)) for name in DEFAULTS}
    for name, kind in definition.items():
        values[name] = (kind, notification.payload.get(name))
    try:
        traits = [
            [name, kind, _value(kind, value)]
            for name, (kind, value) in values.items()
            if value is not None and (kind == TEXT or value != "")
        ]
        generated = _value(DATETIME, notification.timestamp)
    except (AttributeError, TypeError, ValueError) as error:
        LOG.error("event %s dropped: %s", notification.event_type, error)
        return None
    return Event(notification.message_id, notification.event_type, generated, traits)


def _default(name: str, notification: Notification) -> Any:
    payload, context = notification.payload, notification.context
    if name == "service":
        return notification.publisher_id
    if name == "request_id":
        return context.get("request_id")
    if name == "user_id":
        first = payload.get("user_id")
        return first if first is not None else context.get("user_id")
    first = payload.get("tenant_id")
    return first if first is not None else context.get("project_id")


def _value(kind: int, value: Any) -> Any:
    if kind == INT:
        return int(value)
    if kind == FLOAT:
        return float(value)
    if kind == DATETIME:
        date: datetime.datetime = timeutils.normalize_time(timeutils.parse_isotime(value))
        return date.isoformat()
    return str(value)[:LONGEST]
