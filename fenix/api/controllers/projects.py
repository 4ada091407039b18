"""``/v1/maintenance/{session_id}/{project_id}``: a project's part (contract section 3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fenix import exceptions
from fenix.api import answers, matching, session_ids, validation
from fenix.api.resource import Resource, Services, verb
from fenix.conf import workflow
from fenix.db import history, records, replies

ACTIONS = (workflow.MIGRATE, workflow.LIVE_MIGRATE, workflow.OWN_ACTION, workflow.EVICTION)

#: Replies of one project that come in at the same moment.
_TRIES = 20
#: What a history keeps of ids that clients made up, and of words about them.
_ID = 64
_WHY = 500
_NULLABLE = "or leave it out"

REPLY: validation.Schema = {
    "title": "Reply",
    "type": "object",
    "required": ["state"],
    "description": 'send an object with state, such as {"state": "ACK_MAINTENANCE"}',
    "properties": {
        "state": {
            "type": "string",
            "maxLength": 64,
            "pattern": r"^N?ACK_[A-Z][A-Z0-9_]*\Z",
            "description": "send ACK_ or NACK_ and the state of the notification, such as "
            "ACK_MAINTENANCE",
        },
        "instance_actions": {
            "type": ["object", "null"],
            "additionalProperties": {
                "type": "string",
                "description": f"send one of {', '.join(ACTIONS)}",
            },
            "description": f"send an object of instance ids and actions, {_NULLABLE}",
        },
        "instance_action": {
            "type": ["string", "null"],
            "description": f"send one of {', '.join(ACTIONS)}, {_NULLABLE}",
        },
    },
}


def _reply(body: dict[str, Any]) -> matching.Reply:
    """Read a reply.

    :raises Unprocessable: an action that does not exist.
    """
    named: dict[str, str] = body.get("instance_actions") or {}
    action: str | None = body.get("instance_action")
    given = [(f"instance_actions.{i}", a) for i, a in named.items()]
    if action is not None:
        given.append(("instance_action", action))
    for field, value in given:
        if value not in ACTIONS:
            raise exceptions.Unprocessable(
                f"{field}: there is no action {validation.shown(value)}; "
                f"send one of {', '.join(ACTIONS)}"
            )
    kind, _, state = body["state"].partition("_")
    return matching.Reply(state, kind == "NACK", named, action)


class _OfProject(Resource):
    def __init__(self, services: Services, session_id: str, project_id: str) -> None:
        super().__init__(services)
        self._session_id = session_id
        self.project_id = project_id

    def target(self) -> dict[str, Any]:
        """The project in the URL; compared with the caller's before any look-up."""
        return {"project_id": self.project_id}

    def view(self) -> replies.View:
        """The project's part of the session.

        :raises NotFound: when there is no such session.
        """
        session_id = session_ids.checked(self._session_id)
        return replies.view(self.services.database, session_id, self.project_id)

    def answer(
        self, reply: matching.Reply, match: Callable[[replies.View], list[matching.Answer]]
    ) -> None:
        """Write durably what the reply answers, then hint to an engine.

        Matched anew when another reply came in between. One that changes nothing is kept in the
        session's history with the reason.
        """
        for _ in range(_TRIES):
            view = self.view()
            try:
                answers = match(view)
            except exceptions.FenixError as error:
                self._ignored(view, reply, str(error))
                raise
            if not answers:
                self._ignored(view, reply, matching.why_not(view, reply))
                return
            written = [self._record(reply, a) for a in answers]
            if any(written):
                session = view.session
                self.services.engine.wake(
                    self.caller().to_rpc(), session.session_id, session.last_owner
                )
            if all(written):
                return
        self._ignored(self.view(), reply, "it came while the question was asked again")

    def _ignored(self, view: replies.View, reply: matching.Reply, why: str) -> None:
        instance_id = self.instance_id()
        event = records.Event(
            view.session.session_id,
            self.services.clock.now(),
            history.IGNORED,
            f"{reply.text} from project {self.project_id[:_ID]} changed nothing: {why[:_WHY]}",
            project_id=self.project_id[:_ID],
            instance_id=None if instance_id is None else instance_id[:_ID],
            data={"reply": reply.text, "why": why[:_WHY], "request_id": self.caller().request_id},
        )
        history.ignore(self.services.database, event)

    def instance_id(self) -> str | None:
        """The instance in the URL; None on the project's."""
        return None

    def _record(self, reply: matching.Reply, answer: matching.Answer) -> bool:
        return replies.record(
            self.services.database,
            answer.wait,
            reply.text,
            answer.actions,
            self.services.clock.now(),
            complete=answer.complete,
        )


class Project(_OfProject):
    """``/v1/maintenance/{session_id}/{project_id}``."""

    @verb("project:show", body_forbidden=True, answer=answers.INSTANCE_IDS, refusals=(404,))
    def get(self) -> dict[str, list[str]]:
        """The project's instances that the session is concerned with now."""
        return {"instance_ids": matching.concerned(self.view())}

    @verb("project:reply", schema=REPLY, answer=REPLY, refusals=(404, 422))
    def put(self, body: dict[str, Any]) -> dict[str, Any]:
        """Take the project's reply."""
        reply = _reply(body)
        self.answer(reply, lambda view: matching.for_project(view, reply))
        return body

    def children(self) -> Mapping[str, Callable[[str], Resource]]:
        """One of the project's instances."""
        return {
            "{instance_id}": lambda instance_id: Instance(
                self.services, self._session_id, self.project_id, instance_id
            )
        }


class Instance(_OfProject):
    """``/v1/maintenance/{session_id}/{project_id}/{instance_id}``."""

    def __init__(
        self, services: Services, session_id: str, project_id: str, instance_id: str
    ) -> None:
        super().__init__(services, session_id, project_id)
        self._instance_id = instance_id

    def instance_id(self) -> str | None:
        """The instance in the URL."""
        return self._instance_id

    @verb("project:reply", schema=REPLY, answer=REPLY, refusals=(404, 422))
    def put(self, body: dict[str, Any]) -> dict[str, Any]:
        """Take the project's reply for this instance."""
        reply = _reply(body)
        self.answer(reply, lambda view: matching.for_instance(view, self._instance_id, reply))
        return body
