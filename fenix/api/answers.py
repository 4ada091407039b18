"""JSON schemas of what the API answers, made from the rows' types and what views show of them."""

from __future__ import annotations

import datetime
import types
import typing
from typing import Any

from fenix.api import views
from fenix.api.controllers import limits
from fenix.api.validation import Schema

_TEXT: Schema = {"type": "string"}
_TIME: Schema = {
    "type": "string",
    "pattern": r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$",
    "description": "UTC",
    "examples": ["2026-11-21 22:54:02"],
}
_PERCENT: Schema = {"type": "integer", "minimum": 0, "maximum": 100}
_PLAIN: dict[Any, Schema] = {
    str: _TEXT,
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    datetime.datetime: _TIME,
    Any: {},
}


def nullable(schema: Schema) -> Schema:
    """The same, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def listed(schema: Schema) -> Schema:
    """A list of such."""
    return {"type": "array", "items": schema}


def an_object(title: str | None = None, /, **properties: Schema) -> Schema:
    """An object with all of these fields.

    :param title: the name that the description of the API gives it.
    """
    named = {"title": title} if title else {}
    return {
        **named,
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
    }


def of_type(hint: Any) -> Schema:
    """The schema of a field's type.

    :raises TypeError: for one that has no JSON form here.
    """
    if hint in _PLAIN:
        return _PLAIN[hint]
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        (inner,) = (a for a in arguments if a is not type(None))
        return nullable(of_type(inner))
    if origin is list:
        return listed(of_type(arguments[0]))
    if origin is dict:
        return {"type": "object", "additionalProperties": of_type(arguments[1])}
    raise TypeError(f"{hint} has no JSON form")


def _row(kind: str, title: str | None = None, **more: Schema) -> Schema:
    record, names = views.FIELDS[kind]
    hints = typing.get_type_hints(record)
    return an_object(title, **{name: of_type(hints[name]) for name in names}, **more)


_META: Schema = {"type": "object"}
_LIMITS = {
    name: nullable({k: v for k, v in limits.PROPERTIES[name].items() if k != "description"})
    for name in views.LIMITS
}
_LINK = an_object(rel=_TEXT, href=_TEXT)
_VERSION = an_object(
    "Version",
    id=_TEXT,
    status=_TEXT,
    version=_TEXT,
    min_version=_TEXT,
    updated=_TEXT,
    links=listed(_LINK),
)

EMPTY: Schema = {"type": "object", "maxProperties": 0}
VERSION = an_object(version=_VERSION)
VERSIONS = an_object(versions=listed(_VERSION))

CREATED = an_object(session_id=_TEXT)
SESSION_IDS = an_object("SessionIds", session_id=listed(_TEXT), sessions=listed(_TEXT))
SESSION = _row("session", "Session", paused={"type": "boolean"}, **_LIMITS, metadata=_META)
#: What :mod:`fenix.workflow.reserved` finds.
RESERVATION = an_object(
    "Reservation",
    host=_TEXT,
    lease_id=_TEXT,
    lease_name=_TEXT,
    project_id=_TEXT,
    resource_type=_TEXT,
    status=_TEXT,
    start=_TIME,
    end=_TIME,
)
COMMANDED = an_object(session_id=_TEXT, state=_TEXT)
DETAIL = an_object(
    "SessionDetail",
    session=SESSION,
    percent_done=_PERCENT,
    eta=nullable(_TIME),
    hosts=listed(_row("host", "Host")),
    instances=listed(_row("instance", "Instance")),
    projects=listed(_row("project", "Project", waits=listed(_row("wait", "Question")))),
    reservations=listed(RESERVATION),
    action_plugins=listed(_row("action", "Action", metadata=_META)),
    action_plugin_instances=listed(_row("run", "ActionRun", metadata=_META)),
)
EVENTS = an_object("Events", session_id=_TEXT, events=listed(_row("event", "Event")))
INSTANCE_IDS = an_object("InstanceIds", instance_ids=listed(_TEXT))
ENGINES = an_object("Engines", engines=listed(_row("engine", "Engine", sessions=listed(_TEXT))))

SUBSCRIPTION = _row("subscription", "Subscription")
SUBSCRIPTIONS = an_object("Subscriptions", subscriptions=listed(SUBSCRIPTION))
DEAD_LETTERS = an_object(
    "DeadLetters",
    dead_letters=listed(
        _row(
            "dead_letter",
            "DeadLetter",
            id={"type": "integer"},
            state=nullable(_TEXT),
            error=_TEXT,
        )
    ),
)

ERROR = an_object(
    "Error",
    error=an_object(
        code={"type": "integer", "minimum": 400, "maximum": 599, "description": "the HTTP code"},
        title=_TEXT,
        message={
            **_TEXT,
            "description": "what was wrong, with which field and value, and what to do",
        },
        request_id={**_TEXT, "description": "under this id the service's log has the request"},
    ),
)
