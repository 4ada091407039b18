"""``maintenance.host``: rows of the outbox for the bus, and for every observer."""

from __future__ import annotations

import datetime
import uuid

from oslo_config import cfg

from fenix.db import records
from fenix.notifications import payloads

#: The channel of what administrators are told.
ADMIN = "admin"
#: Rows that belong to no session.
NO_SESSION = ""


def outgoing(
    conf: cfg.ConfigOpts,
    *,
    hostname: str,
    state: str,
    session_id: str,
    admin_project: str,
    now: datetime.datetime,
) -> list[records.Outgoing]:
    """What is to be told when a host comes to a state.

    :param session_id: empty where no session has to do with it.
    :param admin_project: id of the project of ``[service_auth]``.
    """
    projects = [admin_project, *conf.notifications.host_event_projects]
    told = [_row(session_id, ADMIN, hostname, state, session_id, p, now) for p in projects]
    for name in conf.engine.host_observers:
        row = _row(NO_SESSION, hostname, hostname, state, session_id, admin_project, now)
        row.carrier = records.observer_carrier(name)
        told.append(row)
    return told


def _row(
    belongs_to: str,
    channel: str,
    hostname: str,
    state: str,
    session_id: str,
    project_id: str,
    now: datetime.datetime,
) -> records.Outgoing:
    return records.Outgoing(
        session_id=belongs_to,
        channel=channel,
        message_id=str(uuid.uuid4()),
        event_type=payloads.HOST,
        payload=payloads.host(
            session_id=session_id, hostname=hostname, state=state, project_id=project_id
        ),
        created_at=now,
        due_at=now,
    )
