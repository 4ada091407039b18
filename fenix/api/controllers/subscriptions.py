"""``/v1/subscription``: webhooks that projects register themselves; ``/v1/dead_letters``.

Where there is no Aodh, or a project does not want an alarm of it, its manager is called by Fenix
itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fenix import exceptions
from fenix.api import answers, paging, validation, views
from fenix.api.resource import Resource, Services, verb
from fenix.conf.notifications import PLANNED, SCHEDULED
from fenix.db import outbox, records
from fenix.db import subscriptions as db_subscriptions

_MAX_ID = 64
_SECRET = (16, 255)
_REMEDY = f"send a string of {_SECRET[0]} to {_SECRET[1]} characters that nobody can guess"

SUBSCRIPTION: validation.Schema = {
    "title": "NewSubscription",
    "type": "object",
    "description": 'send an object such as {"url": "https://...", "secret": "..."}',
    "required": ["url", "secret"],
    "properties": {
        "project_id": {"type": "string", "description": "send the id in the URL, or leave it out"},
        "url": {
            "type": "string",
            "description": "send the URL that the manager listens at, such as "
            "https://vnfm.example.org/fenix",
        },
        "secret": {
            "type": "string",
            "minLength": _SECRET[0],
            "maxLength": _SECRET[1],
            "writeOnly": True,
            "description": _REMEDY,
        },
        "event_type": {
            "enum": [PLANNED, SCHEDULED],
            "description": f"send {PLANNED}, or leave it out",
        },
    },
}


class Subscriptions(Resource):
    """``/v1/subscription``."""

    @verb(
        "subscription:list",
        body_forbidden=True,
        answer=answers.SUBSCRIPTIONS,
        query=paging.OF_PROJECTS,
    )
    def get(self) -> dict[str, Any]:
        """A page of the subscriptions of all projects, by project id."""
        query = self.query()
        found = db_subscriptions.page(
            self.services.database,
            query.get("marker", ""),
            paging.limit(query) or paging.USUAL,
        )
        return {"subscriptions": [views.subscription(s) for s in found]}

    def children(self) -> Mapping[str, Callable[[str], Resource]]:
        """The subscription of one project."""
        return {"{project_id}": lambda project_id: Subscription(self.services, project_id)}


class Subscription(Resource):
    """``/v1/subscription/{project_id}``."""

    def __init__(self, services: Services, project_id: str) -> None:
        super().__init__(services)
        self._project_id = project_id

    def target(self) -> dict[str, Any]:
        """The project in the URL; compared with the caller's before any look-up."""
        return {"project_id": self._project_id}

    @verb("subscription:show", body_forbidden=True, answer=answers.SUBSCRIPTION, refusals=(404,))
    def get(self) -> dict[str, Any]:
        """The project's subscription, without its secret.

        :raises NotFound: when there is none.
        """
        found = db_subscriptions.get(self.services.database, self._project_id)
        if found is None:
            raise exceptions.NotFound(
                f"project {self._project_id!r} has no subscription; PUT makes one"
            )
        return views.subscription(found)

    @verb("subscription:put", schema=SUBSCRIPTION, answer=answers.SUBSCRIPTION, refusals=(422,))
    def put(self, body: dict[str, Any]) -> dict[str, Any]:
        """Create or replace it, and show what is kept.

        :raises Unprocessable: the configuration does not allow the URL.
        """
        project_id = self._project_id
        if len(project_id) > _MAX_ID or project_id != project_id.strip():
            raise exceptions.BadRequest(
                f"project_id: the id in the URL is longer than {_MAX_ID}, or begins or ends with "
                f"a space"
            )
        if body.get("project_id", project_id) != project_id:
            raise exceptions.BadRequest(
                f"project_id: {validation.shown(body['project_id'])} is not the id in the URL, "
                f"{project_id!r}; send the same or leave it out"
            )
        self.services.targets.target(body["url"])
        made = records.Subscription(
            project_id=project_id,
            url=body["url"],
            secret=self.services.secrets.seal(_encodable(body["secret"])),
            event_type=body.get("event_type", PLANNED),
            updated_at=self.services.clock.now().replace(microsecond=0),
        )
        db_subscriptions.put(self.services.database, made)
        return views.subscription(made)

    @verb("subscription:delete", body_forbidden=True, answer=answers.EMPTY)
    def delete(self) -> dict[str, Any]:
        """Delete it, if there is one."""
        db_subscriptions.delete(self.services.database, self._project_id)
        return {}


def _encodable(secret: str) -> str:
    try:
        secret.encode()
    except UnicodeEncodeError:
        raise exceptions.BadRequest(f"secret: holds half a character; {_REMEDY}") from None
    return secret


class DeadLetters(Resource):
    """``/v1/dead_letters``: what was not delivered, or perhaps not, and is not sent again."""

    @verb(
        "dead_letter:list",
        body_forbidden=True,
        answer=answers.DEAD_LETTERS,
        query=paging.OF_DEAD_LETTERS,
    )
    def get(self) -> dict[str, Any]:
        """A page, oldest first; of one project or one session where the query names it."""
        query = self.query()
        found = outbox.lost(
            self.services.database,
            paging.event_marker(query),
            paging.limit(query) or paging.USUAL,
            {k: query[k] for k in ("session_id", "channel", "carrier") if k in query},
        )
        return {"dead_letters": [views.dead_letter(row) for row in found]}
