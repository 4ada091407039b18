"""Aodh's API, for event alarms."""

import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fenix.emulator.alarms import OPERATORS, STATES, Alarm
from fenix.emulator.errors import BadRequest, Forbidden, NotFound, Refused
from fenix.emulator.web import Api, Request, Response, Routes

if TYPE_CHECKING:
    from fenix.emulator.cloud import Cloud

routes = Routes()
FIELDS = {
    "all_projects",
    "enabled",
    "name",
    "project_id",
    "repeat_actions",
    "severity",
    "state",
    "timestamp",
    "type",
    "user_id",
}
SCHEMES = ("http", "https", "log", "test", "trust+http", "trust+https", "trust+zaqar", "zaqar")
ACTIONS = ("alarm_actions", "ok_actions", "insufficient_data_actions")
TYPES = ("string", "integer", "float", "boolean", "", None)


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
    one = {"id": "v2", "status": "stable", "links": [link], "updated": "2013-02-13T00:00:00Z"}
    return Response(200, {"versions": {"values": [one]}})


def view(cloud: "Cloud", alarm: Alarm) -> dict[str, Any]:
    """An alarm as the API shows it."""
    return {
        "alarm_id": alarm.id,
        "name": alarm.name,
        "type": "event",
        "project_id": alarm.project_id,
        "user_id": alarm.user_id,
        "enabled": alarm.enabled,
        "state": alarm.state,
        "state_reason": alarm.state_reason,
        "state_timestamp": cloud.stamp(alarm.state_updated),
        "timestamp": cloud.stamp(alarm.updated),
        "evaluate_timestamp": cloud.stamp(alarm.created),
        "severity": alarm.severity,
        "description": alarm.description,
        "repeat_actions": alarm.repeat_actions,
        "alarm_actions": alarm.alarm_actions,
        "ok_actions": alarm.ok_actions,
        "insufficient_data_actions": alarm.insufficient_data_actions,
        "time_constraints": [],
        "event_rule": {"event_type": alarm.event_type, "query": alarm.query},
    }


def _filters(request: Request) -> dict[str, str]:
    """The ``q.field=F&q.op=eq&q.value=V`` triples; a plain ``F=V`` is refused as Aodh does."""
    for key, _ in request.query:
        if key not in ("q.field", "q.op", "q.value", "q.type", "sort", "limit", "marker"):
            raise BadRequest(f'Unknown argument: "{key}"')
    fields = [v for k, v in request.query if k == "q.field"]
    values = [v for k, v in request.query if k == "q.value"]
    if not set(fields) <= FIELDS:
        raise BadRequest(
            f"Invalid input for field/attribute field. Value: '{set(fields)}'. "
            f"only fields {FIELDS} are allowed"
        )
    operators = {v for k, v in request.query if k == "q.op"}
    if not operators <= {"eq", ""}:
        raise BadRequest(
            f"Invalid input for field/attribute op. Value: '{operators}'. "
            "only operations {'eq'} are allowed"
        )
    return dict(zip(fields, values, strict=False))


@routes.get("/v2/alarms")
def index(cloud: "Cloud", request: Request) -> Response:
    """The project's alarms, or everybody's with ``all_projects`` (admin): a bare list."""
    asked = _filters(request)
    everyone = asked.pop("all_projects", "false").lower() in ("true", "1", "yes", "t", "on")
    if everyone and not request.caller.is_admin:
        raise Forbidden("RBAC Authorization Failed")
    project = asked.pop("project_id", None)
    if not everyone and project is None:
        project = request.project_id
    if project not in (None, request.project_id) and not request.caller.is_admin:
        body = {"faultcode": "Client", "faultstring": f"Not Authorized to access project {project}"}
        return Response(401, {"error_message": {**body, "debuginfo": None}})
    found = cloud.alarms.all() if project is None else cloud.alarms.of(project)
    for key, value in asked.items():
        found = [a for a in found if str(view(cloud, a).get(key)).lower() == value.lower()]
    marker = request.get("marker")
    if marker is not None:
        ids = [a.id for a in found]
        if marker not in ids:
            raise Refused(f"Marker {marker} not found.", 500)
        found = found[ids.index(marker) + 1 :]
    if request.get("limit"):
        found = found[: request.whole("limit", 0, 10**6)]
    return Response(200, [view(cloud, a) for a in found])


@routes.post("/v2/alarms")
def create(cloud: "Cloud", request: Request) -> Response:
    """A new event alarm."""
    asked = _body(request)
    project = asked.get("project_id") or request.project_id
    if project != request.project_id and not request.caller.is_admin:
        raise Forbidden(f"Not Authorized to access project {project}")
    owner = asked.get("user_id") or request.caller.user.id
    alarm = Alarm(str(uuid.uuid4()), asked["name"], project, owner)
    alarm.created = alarm.updated = alarm.state_updated = cloud.now
    _fill(alarm, asked)
    cloud.alarms.add(alarm)
    location = f"{request.service_url}/v2/alarms/{alarm.id}"
    return Response(201, view(cloud, alarm), {"Location": location})


def _body(request: Request) -> dict[str, Any]:
    asked = request.json()
    if not isinstance(asked, dict):
        raise BadRequest("Invalid input: an object is needed")
    for key in ("name", "type"):
        if not asked.get(key):
            raise BadRequest(
                f"Invalid input for field/attribute {key}. Value: 'None'. Mandatory field missing."
            )
    if asked["type"] != "event":
        raise BadRequest(f"alarm type {asked['type']}: only event alarms are emulated")
    rule = asked.get("event_rule")
    if not isinstance(rule, dict):
        raise BadRequest("event_rule must be set for event type alarm")
    for condition in rule.get("query") or []:
        if condition.get("op", "eq") not in OPERATORS or condition.get("type") not in TYPES:
            raise BadRequest(
                "Query value or traits invalid: value must be one of "
                f"{sorted(OPERATORS)} for dictionary value @ data['op']"
            )
    for action in (a for key in ACTIONS for a in asked.get(key) or []):
        if urlsplit(str(action)).scheme not in SCHEMES:
            raise BadRequest(f"Unsupported action {action}")
    if asked.get("state") not in (None, *STATES):
        raise BadRequest(f"Invalid input for field/attribute state. Value: '{asked['state']}'.")
    return asked


def _fill(alarm: Alarm, asked: dict[str, Any]) -> None:
    rule = asked["event_rule"]
    alarm.name = asked["name"]
    alarm.event_type = rule.get("event_type") or "*"
    alarm.query = [
        {"field": "", "op": "eq", "value": "", "type": "", **c} for c in rule.get("query") or []
    ]
    for key in ACTIONS:
        setattr(alarm, key, [str(a) for a in asked.get(key) or []])
    alarm.repeat_actions = bool(asked.get("repeat_actions", False))
    alarm.enabled = bool(asked.get("enabled", True))
    alarm.severity = asked.get("severity") or "low"
    given = asked.get("description")
    alarm.description = given or f"Alarm when {alarm.event_type} event occurred."


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
    """Replace an alarm; what is left out gets its default again, as in Aodh."""
    alarm = _find(cloud, request, alarm_id)
    asked = _body(request)
    _fill(alarm, asked)
    alarm.updated = cloud.now
    alarm.set_state(asked.get("state") or "insufficient data", "Manually set via API", cloud.now)
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
        raise BadRequest("state invalid")
    alarm.set_state(state, "Manually set via API", cloud.now)
    return Response(200, state)
