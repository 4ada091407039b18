"""Webhooks that projects register themselves, and what could not be delivered."""

from __future__ import annotations

from fenix.client import results
from fenix.client.connection import Connection

_PATH = "subscription"


class Subscriptions:
    """``/v1/subscription/{project_id}``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, project_id: str) -> results.Subscription:
        """The webhook of a project. :raises NotFound: it has none."""
        return results.read(
            results.Subscription, self._connection.request("GET", _PATH, project_id)
        )

    def page(self, limit: int | None = None, marker: str = "") -> list[results.Subscription]:
        """The webhooks of projects, by project id, for administrators.

        :param marker: the id of the last project of the page before.
        """
        query = {"limit": limit, "marker": marker or None}
        body = self._connection.request("GET", _PATH, query=query)
        return [results.read(results.Subscription, row) for row in body["subscriptions"]]

    def put(
        self, project_id: str, url: str, secret: str, event_type: str | None = None
    ) -> results.Subscription:
        """Register a webhook, or replace the one that there is.

        :param secret: signs every call; see :func:`fenix.client.verify`. Fenix never shows it.
        :param event_type: the name that events have; None: ``maintenance.planned``.
        :raises Unprocessable: the service does not call such a URL.
        """
        body = {"url": url, "secret": secret}
        if event_type is not None:
            body["event_type"] = event_type
        return results.read(
            results.Subscription,
            self._connection.request(
                "PUT", _PATH, project_id, body=body, again_when_busy=True, secret=True
            ),
        )

    def delete(self, project_id: str) -> None:
        """Delete the webhook of a project; none to delete is no error."""
        self._connection.request("DELETE", _PATH, project_id)

    def dead_letters(
        self, *, limit: int | None = None, marker: int | None = None, **where: str | None
    ) -> list[results.DeadLetter]:
        """What was not delivered, oldest first, for administrators.

        :param marker: the ``id`` of the last one of the page before.
        :param where: ``session_id``, ``channel`` (a project) or ``carrier``.
        """
        query = {"limit": limit, "marker": marker, **where}
        body = self._connection.request("GET", "dead_letters", query=query)
        return [results.read(results.DeadLetter, row) for row in body["dead_letters"]]
