"""A client of the maintenance service, for administrators' tools and for managers.

::

    client = Client(keystoneauth1.session.Session(auth=...))
    session_id = client.sessions.create(hosts=["compute-1"])

Nothing here is imported from the service, so a manager needs no more than keystoneauth.
"""

from __future__ import annotations

from typing import Any

from fenix.client.connection import SERVICE_TYPE, Connection
from fenix.client.constraints import GroupConstraints, InstanceConstraints
from fenix.client.errors import ClientError
from fenix.client.plans import Plan
from fenix.client.replies import Replies
from fenix.client.results import Engine, read
from fenix.client.sessions import Sessions
from fenix.client.signature import HEADER as SIGNATURE_HEADER
from fenix.client.signature import SignatureError, verify
from fenix.client.subscriptions import Subscriptions
from fenix.client.webhook import HostEvent, ProjectEvent, SessionEvent, decode

__all__ = [
    "SERVICE_TYPE",
    "SIGNATURE_HEADER",
    "Client",
    "ClientError",
    "HostEvent",
    "ProjectEvent",
    "SessionEvent",
    "SignatureError",
    "decode",
    "verify",
]


class Client:
    """The service; parameters as of :class:`fenix.client.connection.Connection`.

    :ivar sessions: sessions, for administrators.
    :ivar replies: a manager's part.
    :ivar instance_constraints: what instances tolerate.
    :ivar group_constraints: what groups tolerate.
    :ivar subscriptions: webhooks of projects.
    """

    def __init__(self, session: Any, endpoint: str | None = None, **more: Any) -> None:
        self._connection = Connection(session, endpoint, **more)
        self.sessions = Sessions(self._connection)
        self.replies = Replies(self._connection)
        self.instance_constraints = InstanceConstraints(self._connection)
        self.group_constraints = GroupConstraints(self._connection)
        self.subscriptions = Subscriptions(self._connection)

    def project_id(self) -> str | None:
        """The project that the caller's token is for; None where no Keystone is used."""
        return self._connection.project_id()

    def engines(self) -> list[Engine]:
        """The engines that are alive, for administrators."""
        body = self._connection.request("GET", "engines")
        return [read(Engine, engine) for engine in body["engines"]]

    def plan(self, **fields: Any) -> Plan:
        """What a session with the same fields would do; nothing is changed.

        :param fields: as for :meth:`fenix.client.sessions.Sessions.create`.
        """
        return read(Plan, self._connection.request("POST", "plan", body=fields))
