"""Sessions, for administrators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fenix.client import results
from fenix.client.connection import Connection

_PATH = "maintenance"
_PAGE = 500


class Sessions:
    """``/v1/maintenance``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ids(
        self, *, state: str | None = None, limit: int | None = None, marker: str | None = None
    ) -> list[str]:
        """Ids of sessions, oldest first.

        :param state: only those in this state.
        :param limit: at most so many, after the session with id ``marker``.
        """
        query = {"state": state, "limit": limit, "marker": marker}
        found: list[str] = self._connection.request("GET", _PATH, query=query)["sessions"]
        return found

    def create(self, body: Mapping[str, Any] | None = None, **fields: Any) -> str:
        """Create a session.

        :param body: fields as the API names them: ``hosts``, ``maintenance_at``, ``workflow``,
            ``metadata``, ``actions``, ...; ``fields`` are added to them. Without ``hosts`` the
            session is about every host of the cloud.
        :returns: its id.
        :raises Conflict: another session holds one of the hosts.
        :raises SessionLimit: there are as many sessions as the service allows.
        """
        made = self._connection.request("POST", _PATH, body={**(body or {}), **fields})
        return str(made["session_id"])

    def get(self, session_id: str) -> results.Session:
        """A session's own fields.

        :raises NotFound: there is none with this id.
        """
        return results.read(results.Session, self._connection.request("GET", _PATH, session_id))

    def detail(self, session_id: str) -> results.Detail:
        """A session with its hosts, instances, projects and actions.

        :raises NotFound: there is none with this id.
        """
        body = self._connection.request("GET", _PATH, session_id, "detail")
        return results.read(results.Detail, body)

    def resume_failed(self, session_id: str, state: str | None = None) -> str:
        """Continue a session that has failed.

        :param state: from which state; None: from the one that it failed in.
        :returns: the state that it continues from.
        :raises Conflict: it has not failed.
        """
        return self._put(session_id, {} if state is None else {"state": state})

    def command(self, session_id: str, command: str, host: str | None = None) -> str:
        """Give a session an order.

        :param command: ``pause``, ``resume``, ``abort``, ``continue``, and with ``host``
            ``retry_host`` or ``skip_host``.
        :returns: its state then.
        :raises Conflict: the order does not fit its present state.
        """
        more = {} if host is None else {"host": host}
        return self._put(session_id, {"command": command, **more})

    def _put(self, session_id: str, body: dict[str, str]) -> str:
        answer = self._connection.request("PUT", _PATH, session_id, body=body)
        return str(answer["state"])

    def delete(self, session_id: str) -> None:
        """Stop a session, put its hosts back, forget it; its history stays.

        It may go on for a while after this returns: it is gone when :meth:`get` says so.

        :raises NotFound: there is none with this id.
        """
        self._connection.request("DELETE", _PATH, session_id)

    def events(
        self, session_id: str, *, marker: int | None = None, limit: int | None = None
    ) -> list[results.HistoryEvent]:
        """A part of a session's history, oldest first.

        :param marker: only what came after the event with this id.
        :raises NotFound: there was never a session with this id.
        """
        query = {"marker": marker, "limit": limit}
        body = self._connection.request("GET", _PATH, session_id, "events", query=query)
        return [results.read(results.HistoryEvent, event) for event in body["events"]]

    def history(self, session_id: str, marker: int | None = None) -> Iterator[results.HistoryEvent]:
        """All of a session's history, oldest first, fetched page by page."""
        while page := self.events(session_id, marker=marker, limit=_PAGE):
            yield from page
            marker = page[-1].event_id
