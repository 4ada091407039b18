"""``/v1/maintenance``: sessions, for administrators (contract section 2)."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from fenix import exceptions
from fenix.api import answers, paging, session_ids, validation, views
from fenix.api.controllers import limits
from fenix.api.controllers.projects import Project
from fenix.api.resource import Resource, Services, verb
from fenix.db import history, records
from fenix.db import sessions as db_sessions

#: ``repr()`` of a session's metadata: what Ceilometer keeps of it (contract section 5).
MAX_METADATA = 255

_NAME = {"type": "string", "minLength": 1, "maxLength": 255}

CREATE: validation.Schema = {
    "title": "SessionCreation",
    "type": "object",
    "additionalProperties": False,
    "description": "send a JSON object",
    "properties": {
        "hosts": {
            "type": "array",
            "items": {**_NAME, "description": "send the name of a host"},
            "uniqueItems": True,
            "description": "send a list of host names, each once; leave it out to take all hosts",
        },
        "state": {"enum": ["MAINTENANCE"], "description": "send MAINTENANCE or leave it out"},
        "maintenance_at": {
            "type": "string",
            "description": "send a time such as '2026-01-31 23:30:00'",
        },
        "workflow": {**_NAME, "description": "send the name of a workflow plug-in"},
        "metadata": {"type": "object", "description": "send an object of hints to projects"},
        "download": {
            "type": "array",
            "description": "send a list of URLs",
            "items": {
                "anyOf": [
                    {"type": "string"},
                    {
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["url"],
                        "properties": {"url": {"type": "string"}, "sha256": {"type": "string"}},
                    },
                ],
                "description": "send a URL, or an object with url and sha256",
            },
        },
        "actions": {
            "type": "array",
            "description": "send a list of objects with plugin and type",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["plugin", "type"],
                "description": "send an object with plugin, type, and perhaps metadata and order",
                "properties": {
                    "plugin": {**_NAME, "description": "send the name of an action plug-in"},
                    "type": {
                        **_NAME,
                        "description": "send pre, host, compute, controller, post or a type that "
                        "the workflow knows",
                    },
                    "metadata": {"type": "object", "description": "send an object"},
                    "order": {
                        "type": "integer",
                        "minimum": -(2**31),
                        "maximum": 2**31 - 1,
                        "description": "send an integer of 32 bits",
                    },
                },
            },
        },
        **limits.PROPERTIES,
    },
}

#: Commands to a session (contract section 8); those of a host need ``host``.
COMMANDS = ("pause", "resume", "abort", "continue", "retry_host", "skip_host")
_OF_HOST = ("retry_host", "skip_host")

CONTROL: validation.Schema = {
    "title": "SessionCommand",
    "type": "object",
    "additionalProperties": False,
    "description": "send an object with command, or with at most state",
    "properties": {
        "state": {
            "type": "string",
            "pattern": r"^[A-Z][A-Z0-9_]{0,63}\Z",
            "description": "send the name of the state to continue from, or leave it out",
        },
        "command": {
            "type": "string",
            "enum": list(COMMANDS),
            "description": f"send one of {', '.join(COMMANDS)}",
        },
        "host": {**_NAME, "description": "send the name of a host of the session"},
    },
}


def _command(body: dict[str, Any]) -> str:
    """The command of a body; none means ``continue``.

    :raises BadRequest: fields that do not belong together.
    """
    command: str = body.get("command", "continue")
    if "command" in body and "state" in body:
        raise exceptions.BadRequest(
            "state: it is not sent together with command; send state alone to continue from it"
        )
    if command in _OF_HOST and "host" not in body:
        raise exceptions.BadRequest(f"host: it is missing; send the host to {command}")
    if "host" in body and command not in _OF_HOST:
        raise exceptions.BadRequest(
            f"host: the command {command} is for the whole session; leave host out"
        )
    return command


class Sessions(Resource):
    """``/v1/maintenance``."""

    @verb("session:list", body_forbidden=True, answer=answers.SESSION_IDS, query=paging.OF_SESSIONS)
    def get(self) -> dict[str, list[str]]:
        """The ids of sessions, oldest first, under both keys that clients read."""
        query = self.query()
        ids = db_sessions.ids(
            self.services.database,
            state=paging.state(query),
            limit=paging.limit(query),
            after=self._marked(query.get("marker")),
        )
        return {"session_id": ids, "sessions": ids}

    def _marked(self, session_id: str | None) -> records.Session | None:
        """The session after which a page begins.

        :raises BadRequest: there is none with that id.
        """
        if session_id is None:
            return None
        try:
            return db_sessions.get(self.services.database, session_ids.checked(session_id))
        except exceptions.NotFound:
            raise exceptions.BadRequest(
                f"marker: there is no session {validation.shown(session_id)}; send the id of the "
                f"last one of the page before, or leave it out"
            ) from None

    @verb("session:create", schema=CREATE, answer=answers.CREATED, refusals=(409, 422, 509))
    def post(self, body: dict[str, Any]) -> dict[str, str]:
        """Create a session; after 503, or no answer, look whether it exists before trying again."""
        checked = checked_creation(body, self.services.clock.now())
        session_id = str(uuid.uuid4())
        try:
            self.services.engine.create_session(self.caller().to_rpc(), session_id, checked)
        except exceptions.Unavailable:
            if not exists(self.services, session_id):
                raise
        return {"session_id": session_id}

    def children(self) -> Mapping[str, Callable[[str], Resource]]:
        """One session."""
        return {"{session_id}": lambda session_id: Session(self.services, session_id)}


def checked_creation(body: dict[str, Any], now: datetime.datetime) -> dict[str, Any]:
    """What the schema of a creation cannot say.

    :returns: the body for the engine, with times as ``YYYY-MM-DD HH:MM:SS`` UTC.
    """
    size = len(repr(body.get("metadata", {})))
    if size > MAX_METADATA:
        raise exceptions.BadRequest(
            f"metadata: its Python repr has {size} characters; send at most {MAX_METADATA}, more "
            f"would be cut off on its way to projects"
        )
    if body.get("download"):
        raise exceptions.Unprocessable(
            "download: packages are not downloaded by this release; leave it out or send []"
        )
    if "maintenance_at" in body:
        body = {**body, "maintenance_at": limits.time(body["maintenance_at"], "maintenance_at")}
    return limits.checked(body, now)


def exists(services: Services, session_id: str) -> bool:
    """Whether the session has rows."""
    try:
        db_sessions.get(services.database, session_id)
    except exceptions.NotFound:
        return False
    return True


class _OfSession(Resource):
    """Something below ``/v1/maintenance/{session_id}``."""

    def __init__(self, services: Services, session_id: str) -> None:
        super().__init__(services)
        self._text = session_id

    def session_id(self) -> str:
        """The session's id.

        :raises NotFound: when no session can have it.
        """
        return session_ids.checked(self._text)


class Session(_OfSession):
    """``/v1/maintenance/{session_id}``."""

    @verb("session:show", body_forbidden=True, answer=answers.SESSION, refusals=(404,))
    def get(self) -> dict[str, Any]:
        """The session's own fields."""
        return views.session(db_sessions.summary(self.services.database, self.session_id()))

    @verb(
        ("session:continue", "session:control"),
        schema=CONTROL,
        body_optional=True,
        answer=answers.COMMANDED,
        refusals=(404, 409, 422),
    )
    def put(self, body: dict[str, Any]) -> dict[str, Any]:
        """Continue a session that has failed, or give it another command."""
        command = _command(body)
        self.authorize("session:continue" if command == "continue" else "session:control", {})
        session_id = self.session_id()
        db_sessions.get(self.services.database, session_id)
        return self.services.engine.command_session(
            self.caller().to_rpc(),
            session_id,
            command,
            host=body.get("host"),
            state=body.get("state"),
        )

    post = put

    @verb("session:delete", body_forbidden=True, answer=answers.EMPTY, refusals=(404,))
    def delete(self) -> dict[str, Any]:
        """Stop the session and put its hosts back."""
        session_id = self.session_id()
        db_sessions.get(self.services.database, session_id)
        try:
            self.services.engine.delete_session(self.caller().to_rpc(), session_id)
        except exceptions.Unavailable:
            if exists(self.services, session_id):
                raise
        return {}

    def children(self) -> Mapping[str, Callable[[str], Resource]]:
        """The details, the history, or the part of one project."""
        return {
            "detail": lambda _: Detail(self.services, self._text),
            "events": lambda _: Events(self.services, self._text),
            "{project_id}": lambda project_id: Project(self.services, self._text, project_id),
        }


class Detail(_OfSession):
    """``/v1/maintenance/{session_id}/detail``."""

    @verb("session:detail", body_forbidden=True, answer=answers.DETAIL, refusals=(404,))
    def get(self) -> dict[str, Any]:
        """The session with everything that belongs to it."""
        return views.detail(
            db_sessions.detail(self.services.database, self.session_id()), self.services.clock.now()
        )


class Events(_OfSession):
    """``/v1/maintenance/{session_id}/events``; it outlives the session."""

    @verb(
        "session:events",
        body_forbidden=True,
        answer=answers.EVENTS,
        query=paging.OF_EVENTS,
        refusals=(404,),
    )
    def get(self) -> dict[str, Any]:
        """A page of the session's history, oldest first."""
        query = self.query()
        session_id = self.session_id()
        found = history.page(
            self.services.database,
            session_id,
            paging.event_marker(query),
            paging.limit(query) or paging.USUAL,
        )
        return {"session_id": session_id, "events": [views.event(e) for e in found]}
