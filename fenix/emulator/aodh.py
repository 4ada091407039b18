"""Aodh: event alarms and their API."""

import uuid as uuids
from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

from fenix.emulator.errors import BadRequest, Forbidden, NotFound, Refused
from fenix.emulator.web import Api, Request, Response, Routes

if TYPE_CHECKING:
    from fenix.emulator.cloud import Cloud
    from fenix.emulator.state import State

routes = Routes()
STATES = ("ok", "alarm", "insufficient data")


@dataclass(slots=True, eq=False)
class Alarm:
    """An event alarm. Without ``repeat_actions`` it fires once, then is mute in state alarm."""

    id: str
    name: str
    project_id: str
    user_id: str
    event_type: str | None
    query: list[dict[str, Any]]
    alarm_actions: list[str]
    ok_actions: list[str] = field(default_factory=list)
    insufficient_data_actions: list[str] = field(default_factory=list)
    repeat_actions: bool = False
    enabled: bool = True
    state: str = "insufficient data"
    severity: str = "low"
    description: str = ""
    type: str = "event"
    updated: float = 0.0
    state_updated: float = 0.0


class Alarms:
    """All alarms, by project. Needs the cloud's lock."""

    def __init__(self, state: "State") -> None:
        self._state = state
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
        """Everybody's."""
        return list(self._all.values())

    def of(self, project_id: str) -> list[Alarm]:
        """One project's."""
        return list(self._by_project.get(project_id, {}).values())

    def concerned(self, project_id: str, event_type: str) -> list[Alarm]:
        """The project's enabled event alarms whose type pattern matches, mute ones left out."""
        return [
            alarm
            for alarm in self.of(project_id)
            if alarm.enabled
            and alarm.type == "event"
            and fnmatch(event_type, alarm.event_type or "*")
            and (alarm.repeat_actions or alarm.state != "alarm")
        ]


class AlarmingApi(Api):
    """Aodh under ``/alarming``."""

    prefix = "/alarming"
    routes = routes

    def needs_token(self, request: Request) -> bool:
        """Only the versions need none."""
        return request.template != "/"

    def refuse(self, request: Request, error: Refused) -> Response:
        """Aodh's error shape."""
        side = "Client" if error.code < 500 else "Server"
        body = {"faultcode": side, "faultstring": error.message, "debuginfo": None}
        return Response(error.code, {"error_message": body})


@routes.get("/")
def versions(cloud: "Cloud", request: Request) -> Response:
    """The version there is."""
    link = {"rel": "self", "href": f"{request.service_url}/v2"}
    one = {"id": "v2", "status": "CURRENT", "links": [link]}
    return Response(200, {"versions": {"values": [one]}})


def view(cloud: "Cloud", alarm: Alarm) -> dict[str, Any]:
    """An alarm as the API shows it."""
    stamp = cloud.stamp(alarm.updated)
    return {
        "alarm_id": alarm.id,
        "name": alarm.name,
        "type": alarm.type,
        "project_id": alarm.project_id,
        "user_id": alarm.user_id,
        "enabled": alarm.enabled,
        "state": alarm.state,
        "state_reason": "Not evaluated yet",
        "state_timestamp": cloud.stamp(alarm.state_updated),
        "timestamp": stamp,
        "severity": alarm.severity,
        "description": alarm.description,
        "repeat_actions": alarm.repeat_actions,
        "alarm_actions": alarm.alarm_actions,
        "ok_actions": alarm.ok_actions,
        "insufficient_data_actions": alarm.insufficient_data_actions,
        "time_constraints": [],
        "event_rule": {"event_type": alarm.event_type or "*", "query": alarm.query},
    }


def _filters(request: Request) -> dict[str, str]:
    """Plain query parameters and the ``q.field=...&q.value=...`` form alike."""
    plain = {k: v for k, v in request.query if not k.startswith("q.")}
    fields = [v for k, v in request.query if k == "q.field"]
    values = [v for k, v in request.query if k == "q.value"]
    return {**plain, **dict(zip(fields, values, strict=False))}


@routes.get("/v2/alarms")
def index(cloud: "Cloud", request: Request) -> Response:
    """The project's alarms, or everybody's with ``all_projects`` (admin): a bare list."""
    asked = _filters(request)
    everyone = asked.pop("all_projects", "false").lower() in ("true", "1", "yes")
    if everyone and not request.caller.is_admin:
        raise Forbidden("RBAC Authorization Failed")
    project = asked.pop("project_id", None)
    if project not in (None, request.project_id) and not request.caller.is_admin:
        raise Forbidden(f"Not Authorized to access project {project}")
    if everyone:
        found = cloud.alarms.all() if project is None else cloud.alarms.of(project)
    else:
        found = cloud.alarms.of(project or request.project_id)
    limit = int(asked.pop("limit", "0") or 0)
    marker = asked.pop("marker", None)
    shown = [view(cloud, a) for a in found]
    for key, value in asked.items():
        if key in ("name", "type", "state", "severity", "alarm_id", "user_id"):
            shown = [a for a in shown if a[key] == value]
        elif key == "enabled":
            shown = [a for a in shown if str(a[key]).lower() == value.lower()]
    if marker is not None:
        ids = [a["alarm_id"] for a in shown]
        if marker not in ids:
            raise BadRequest(f"Invalid input for field/attribute marker. Value: '{marker}'")
        shown = shown[ids.index(marker) + 1 :]
    return Response(200, shown[:limit] if limit else shown)


@routes.post("/v2/alarms")
def create(cloud: "Cloud", request: Request) -> Response:
    """A new event alarm."""
    asked = request.json()
    if not isinstance(asked, dict) or not asked.get("name"):
        raise BadRequest("Invalid input for field/attribute name. Value: 'None'. Mandatory field")
    if asked.get("type") != "event":
        raise BadRequest(f"alarm type {asked.get('type')}: only event alarms are emulated")
    project = asked.get("project_id") or request.project_id
    if project != request.project_id and not request.caller.is_admin:
        raise Forbidden(f"Not Authorized to access project {project}")
    alarm = Alarm(
        str(uuids.uuid4()),
        asked["name"],
        project,
        asked.get("user_id") or request.caller.user.id,
        None,
        [],
        [],
        updated=cloud.now,
        state_updated=cloud.now,
    )
    _fill(alarm, asked)
    cloud.alarms.add(alarm)
    return Response(201, view(cloud, alarm))


def _fill(alarm: Alarm, asked: dict[str, Any]) -> None:
    rule = asked.get("event_rule") or {}
    alarm.name = asked.get("name", alarm.name)
    alarm.event_type = rule.get("event_type", alarm.event_type)
    alarm.query = rule.get("query", alarm.query)
    for key in ("alarm_actions", "ok_actions", "insufficient_data_actions"):
        setattr(alarm, key, [str(a) for a in asked.get(key, getattr(alarm, key)) or []])
    for key in ("repeat_actions", "enabled"):
        setattr(alarm, key, bool(asked.get(key, getattr(alarm, key))))
    for key in ("severity", "description", "state"):
        setattr(alarm, key, asked.get(key) or getattr(alarm, key))
    if alarm.state not in STATES:
        raise BadRequest(f"state invalid: {alarm.state}")


def _find(cloud: "Cloud", request: Request, alarm_id: str) -> Alarm:
    alarm = cloud.alarms.get(alarm_id)
    if alarm is None or not (request.caller.is_admin or alarm.project_id == request.project_id):
        raise NotFound(f"Alarm {alarm_id} not found")
    return alarm


@routes.get("/v2/alarms/{alarm_id}")
def show(cloud: "Cloud", request: Request, alarm_id: str) -> Response:
    """One alarm."""
    return Response(200, view(cloud, _find(cloud, request, alarm_id)))


@routes.put("/v2/alarms/{alarm_id}")
def update(cloud: "Cloud", request: Request, alarm_id: str) -> Response:
    """Change an alarm."""
    alarm = _find(cloud, request, alarm_id)
    asked = request.json()
    if not isinstance(asked, dict):
        raise BadRequest("Invalid input: an object is needed")
    _fill(alarm, asked)
    alarm.updated = cloud.now
    return Response(200, view(cloud, alarm))


@routes.delete("/v2/alarms/{alarm_id}")
def delete(cloud: "Cloud", request: Request, alarm_id: str) -> Response:
    """Delete an alarm."""
    cloud.alarms.remove(_find(cloud, request, alarm_id))
    return Response(204)


@routes.get("/v2/alarms/{alarm_id}/state")
def get_state(cloud: "Cloud", request: Request, alarm_id: str) -> Response:
    """An alarm's state, a JSON string."""
    return Response(200, _find(cloud, request, alarm_id).state)


@routes.put("/v2/alarms/{alarm_id}/state")
def set_state(cloud: "Cloud", request: Request, alarm_id: str) -> Response:
    """Set an alarm's state, from a JSON string."""
    alarm = _find(cloud, request, alarm_id)
    state = request.json()
    if state not in STATES:
        raise BadRequest(f"state invalid: {state}")
    alarm.state, alarm.state_updated = state, cloud.now
    return Response(200, state)
