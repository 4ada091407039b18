"""Event alarms and when they fire, as Aodh's evaluator has it."""

import datetime
import json
import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import Any

from oslo_utils import timeutils

from fenix.emulator.traits import DATETIME, FLOAT, INT, Event

STATES = ("ok", "alarm", "insufficient data")
OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}
_TYPES = {"integer": INT, "float": FLOAT, "datetime": DATETIME}


@dataclass(slots=True, eq=False)
class Alarm:
    """An event alarm. Without ``repeat_actions`` it fires once, then is mute in state alarm."""

    id: str
    name: str
    project_id: str
    user_id: str
    event_type: str = "*"
    query: list[dict[str, Any]] = field(default_factory=list)
    alarm_actions: list[str] = field(default_factory=list)
    ok_actions: list[str] = field(default_factory=list)
    insufficient_data_actions: list[str] = field(default_factory=list)
    repeat_actions: bool = False
    enabled: bool = True
    state: str = "insufficient data"
    state_reason: str = "Not evaluated yet"
    severity: str = "low"
    description: str = ""
    created: float = 0.0
    updated: float = 0.0
    state_updated: float = 0.0

    def set_state(self, state: str, reason: str, at: float) -> None:
        """A new state at model time ``at``."""
        if state != self.state:
            self.state, self.state_updated = state, at
        self.state_reason = reason


class Alarms:
    """All alarms, by project. Needs the cloud's lock."""

    def __init__(self) -> None:
        self._all: dict[str, Alarm] = {}
        self._by_project: dict[str, dict[str, Alarm]] = {}

    def add(self, alarm: Alarm) -> None:
        """Take in a new one."""
        self._all[alarm.id] = alarm
        self._by_project.setdefault(alarm.project_id, {})[alarm.id] = alarm

    def remove(self, alarm: Alarm) -> None:
        """Forget one."""
        self._all.pop(alarm.id, None)
        self._by_project.get(alarm.project_id, {}).pop(alarm.id, None)

    def get(self, alarm_id: str) -> Alarm | None:
        """By id."""
        return self._all.get(alarm_id)

    def all(self) -> list[Alarm]:
        """Everybody's, newest first."""
        return list(reversed(self._all.values()))

    def of(self, project_id: str) -> list[Alarm]:
        """One project's, newest first."""
        return list(reversed(self._by_project.get(project_id, {}).values()))

    def hit(self, event: Event) -> list[Alarm]:
        """The alarms that an event fires: enabled, not mute, of the event's project only."""
        return [
            alarm
            for alarm in self.of(event.project_id)
            if alarm.enabled
            and (alarm.repeat_actions or alarm.state != "alarm")
            and fnmatch(event.event_type, alarm.event_type)
            and matches(alarm.query, event)
        ]


def matches(query: list[dict[str, Any]], event: Event) -> bool:
    """Whether the event meets every condition of an alarm's query."""
    return all(_meets(condition, event) for condition in query)


def _meets(condition: dict[str, Any], event: Event) -> bool:
    name = str(condition.get("field", ""))
    compare = OPERATORS[condition.get("op") or "eq"]
    if not name.startswith("traits."):
        return bool(compare(getattr(event, name, None), condition.get("value")))
    try:
        kind = _TYPES.get(condition.get("type") or "string", 0)
        wanted = _sanitized(condition.get("value"), kind)
        found = event.trait_as(name[len("traits.") :], _sanitized)
        return bool(compare(found, wanted))
    except (TypeError, ValueError):  # Aodh logs it and goes on to the next alarm
        return False


def _sanitized(value: Any, kind: int) -> Any:
    if kind == INT:
        return int(value)
    if kind == FLOAT:
        return float(value)
    if kind == DATETIME:
        date: datetime.datetime = timeutils.normalize_time(timeutils.parse_isotime(value))
        return date
    return str(value)


def webhook_body(alarm: Alarm, event: Event, previous: str) -> dict[str, Any]:
    """What Aodh's notifier posts."""
    return {
        "alarm_name": alarm.name,
        "alarm_id": alarm.id,
        "severity": alarm.severity,
        "previous": previous,
        "current": alarm.state,
        "reason": reason(alarm, event),
        "reason_data": {
            "type": "event",
            "event": {
                "message_id": event.message_id,
                "event_type": event.event_type,
                "generated": event.generated,
                "traits": event.traits,
                "raw": {},
                "message_signature": "emulated",
            },
        },
    }


def reason(alarm: Alarm, event: Event) -> str:
    """Why the alarm fired."""
    return (
        f"Event <id={event.message_id},event_type={event.event_type}> hits the query "
        f"<query={json.dumps(alarm.query, sort_keys=True)}>."
    )
