"""``limit``, ``marker`` and filters of lists, as they stand in a query."""

from __future__ import annotations

import re
from collections.abc import Mapping

from fenix import exceptions
from fenix.api import validation
from fenix.api.operation import Parameter

#: Elements of one page at the most.
MOST = 1000
#: Elements of a page when the query names no limit.
USUAL = 100

_LIMIT = Parameter(
    "limit", {"type": "integer", "minimum": 1, "maximum": MOST}, "Elements at the most."
)
OF_SESSIONS = (
    _LIMIT,
    Parameter(
        "marker", {"type": "string", "format": "uuid"}, "The last session of the page before."
    ),
    Parameter(
        "state",
        {"type": "string", "pattern": "^[A-Z][A-Z0-9_]{0,63}$"},
        "Only sessions in this state.",
    ),
)
OF_EVENTS = (
    _LIMIT,
    Parameter(
        "marker",
        {"type": "integer", "minimum": 0, "maximum": 10**18 - 1},
        "event_id of the last event of the page before.",
    ),
)

OF_PROJECTS = (
    _LIMIT,
    Parameter("marker", {"type": "string"}, "The last project of the page before."),
)
OF_DEAD_LETTERS = (
    _LIMIT,
    Parameter(
        "marker",
        {"type": "integer", "minimum": 0, "maximum": 10**18 - 1},
        "id of the last one of the page before.",
    ),
    Parameter("session_id", {"type": "string"}, "Only those of this session."),
    Parameter("channel", {"type": "string"}, "Only those to this project."),
    Parameter("carrier", {"type": "string"}, "Only those by this carrier, such as webhook."),
)

_NUMBER = re.compile(r"[0-9]{1,18}")
_STATE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")


def limit(query: Mapping[str, str]) -> int | None:
    """``limit``; None when it is not given.

    :raises BadRequest: it is no number from 1 to :data:`MOST`.
    """
    text = query.get("limit")
    if text is None:
        return None
    if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= MOST:
        raise exceptions.BadRequest(
            f"limit: {validation.shown(text)} is not a number of elements; send one from 1 to "
            f"{MOST}, or leave it out"
        )
    return int(text)


def event_marker(query: Mapping[str, str]) -> int:
    """``marker`` of a history; 0, before the first event, when it is not given.

    :raises BadRequest: it is no ``event_id``.
    """
    text = query.get("marker")
    if text is None:
        return 0
    if not _NUMBER.fullmatch(text):
        raise exceptions.BadRequest(
            f"marker: {validation.shown(text)} is not the id of an element; send that of the last "
            f"one of the page before, or leave it out"
        )
    return int(text)


def state(query: Mapping[str, str]) -> str | None:
    """``state``; None when it is not given.

    :raises BadRequest: no state can have that name.
    """
    text = query.get("state")
    if text is not None and not _STATE.fullmatch(text):
        raise exceptions.BadRequest(
            f"state: {validation.shown(text)} is not the name of a state; send one such as "
            f"MAINTENANCE_FAILED, or leave it out"
        )
    return text
