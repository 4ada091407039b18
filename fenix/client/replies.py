"""What a manager sends: replies to questions, and the look-up of the instances they are about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fenix.client.connection import Connection
from fenix.client.webhook import ProjectEvent

_PATH = "maintenance"


class Replies:
    """``/v1/maintenance/{session_id}/{project_id}``.

    The URL is made from the endpoint of the connection, not taken from an event: whoever can
    reach a manager's webhook could otherwise have its token sent to wherever they like.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def instances(self, event: ProjectEvent) -> list[str]:
        """Ids of the instances that an event is about; only instances that exist now."""
        if event.instance_id is not None:
            return [event.instance_id]
        return self.instance_ids(event.session_id, event.project_id)

    def instance_ids(self, session_id: str, project_id: str) -> list[str]:
        """Ids of a project's instances that a session asks about just now.

        :raises NotFound: there is no such session.
        """
        answer = self._connection.request("GET", _PATH, session_id, project_id)
        return [str(i) for i in answer["instance_ids"]]

    def accept(self, event: ProjectEvent, actions: Mapping[str, str] | None = None) -> None:
        """Agree to what an event asks.

        :param actions: by instance id; the configured action for those left out.
        :raises Unprocessable: an action that the event does not allow.
        """
        self._answer(event, "ACK", actions)

    def refuse(self, event: ProjectEvent) -> None:
        """Say "not now": the question comes again, a few times."""
        self._answer(event, "NACK", None)

    def _answer(self, event: ProjectEvent, word: str, actions: Mapping[str, str] | None) -> None:
        self.send(
            event.session_id,
            event.project_id,
            f"{word}_{event.state}",
            instance_id=event.instance_id,
            actions=actions,
        )

    def send(
        self,
        session_id: str,
        project_id: str,
        reply: str,
        *,
        instance_id: str | None = None,
        actions: Mapping[str, str] | None = None,
        action: str | None = None,
    ) -> None:
        """Reply in so many words; a reply that matches no open question changes nothing.

        :param reply: ``ACK_`` or ``NACK_`` and the state of the question.
        :param actions: by instance id.
        :param action: for every instance that ``actions`` does not name.
        :raises Forbidden: the token is of another project.
        """
        body: dict[str, Any] = {"state": reply}
        if actions:
            body["instance_actions"] = dict(actions)
        if action:
            body["instance_action"] = action
        more = [] if instance_id is None else [instance_id]
        self._connection.request(
            "PUT", _PATH, session_id, project_id, *more, body=body, again_when_busy=True
        )
