"""The payloads of the four event types (contract section 5).

Ceilometer turns every value into text of at most 255 characters; all times are text.
"""

from __future__ import annotations

import datetime
from typing import Any

from fenix import timing

SERVICE = "fenix"
LONGEST = 255

HOST = "maintenance.host"
SESSION = "maintenance.session"

IN_MAINTENANCE = "IN_MAINTENANCE"
HOST_COMPLETE = "MAINTENANCE_COMPLETE"
HOST_ADDED = "HOST_ADDED"
HOST_REMOVED = "HOST_REMOVED"


def project_url(endpoint: str, session_id: str, project_id: str) -> str:
    """Where a project asks for its instances and sends its replies."""
    return f"{endpoint}/v1/maintenance/{session_id}/{project_id}"


def for_project(
    *,
    endpoint: str,
    session_id: str,
    project_id: str,
    state: str,
    allowed_actions: list[str],
    reply_at: datetime.datetime,
    actions_at: datetime.datetime,
    metadata: dict[str, Any],
    instance_id: str | None = None,
) -> dict[str, Any]:
    """``maintenance.planned`` / ``maintenance.scheduled``.

    :param instance_id: the single instance it is about; None: the project's URL stands for them.
    """
    url = project_url(endpoint, session_id, project_id)
    return {
        "service": SERVICE,
        "project_id": project_id,
        "session_id": session_id,
        "state": state,
        "instance_ids": url if instance_id is None else [instance_id],
        "reply_url": url if instance_id is None else f"{url}/{instance_id}",
        "allowed_actions": allowed_actions,
        "reply_at": timing.wire(reply_at),
        "actions_at": timing.wire(actions_at),
        "metadata": metadata,
    }


def with_scale_in(metadata: dict[str, Any], instances: int, cores: int) -> dict[str, Any]:
    """Metadata that says how much scaling in is needed, left out when it would not fit."""
    told = {**metadata, "scale_in": {"instances": instances, "cores": cores}}
    return told if len(str(told)) <= LONGEST else metadata


def host(*, session_id: str, hostname: str, state: str, project_id: str) -> dict[str, Any]:
    """``maintenance.host``."""
    return {
        "service": SERVICE,
        "session_id": session_id,
        "host": hostname,
        "state": state,
        "project_id": project_id,
    }


def session(*, session_id: str, state: str, percent_done: int, project_id: str) -> dict[str, Any]:
    """``maintenance.session``."""
    return {
        "service": SERVICE,
        "session_id": session_id,
        "state": state,
        "percent_done": percent_done,
        "project_id": project_id,
    }
