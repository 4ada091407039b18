"""The limits of a session, as the bodies of creation and planning carry them (section 8)."""

from __future__ import annotations

import datetime
from typing import Any

from fenix import exceptions, timing
from fenix.api import validation
from fenix.conf import neighbours

_MAX_INT = 2**31 - 1
#: Years; what is added to a later time would not be a time any more.
_EARLIEST, _LATEST = 1970, 2999


def _number(text: str) -> validation.Schema:
    return {
        "type": "integer",
        "minimum": 0,
        "maximum": _MAX_INT,
        "description": f"send {text}, without quotes",
    }


PROPERTIES: validation.Schema = {
    "max_parallel_hosts": _number("a number of hosts, 0 for as many as capacity allows"),
    "max_failed_hosts": _number("the number of hosts that may fail before the session does"),
    "canary_hosts": _number("the number of hosts that are maintained before all others"),
    "canary_soak": _number("a whole number of seconds from 0"),
    "window_end": {"type": "string", "description": "send a time such as '2026-01-31 23:30:00'"},
    "reserved_hosts": {
        "type": "string",
        "enum": [neighbours.REFUSE, neighbours.MAINTAIN],
        "description": f"send '{neighbours.REFUSE}' to fail before hosts that are reserved are "
        f"touched, '{neighbours.MAINTAIN}' to go on",
    },
    "parameters": {"type": "object", "description": "send an object of the workflow's parameters"},
}


def checked(body: dict[str, Any], now: datetime.datetime) -> dict[str, Any]:
    """What a schema cannot say of these fields.

    :param body: with ``maintenance_at`` as ``YYYY-MM-DD HH:MM:SS`` UTC.
    :returns: the body with ``window_end`` in the same form.
    :raises Unprocessable: a window in which nothing can be done, a soak without canaries.
    """
    if body.get("canary_soak") and not body.get("canary_hosts"):
        raise exceptions.Unprocessable(
            "canary_soak: there are no hosts to soak; send canary_hosts too, or leave it out"
        )
    if "window_end" not in body:
        return body
    end = time(body["window_end"], "window_end")
    begin = body.get("maintenance_at")
    if timing.parse(end) <= now:
        raise exceptions.Unprocessable(
            f"window_end: {end} is past; send a time in the future, or leave it out"
        )
    if begin is not None and end <= begin:
        raise exceptions.Unprocessable(
            f"window_end: {end} is not after maintenance_at, {begin}; no host could begin"
        )
    return {**body, "window_end": end}


def time(text: str, field: str) -> str:
    """A time of a body as ``YYYY-MM-DD HH:MM:SS`` UTC.

    :raises BadRequest: naming the field.
    """
    example = "send one such as '2026-01-31 23:30:00' (UTC) or '2026-01-31T23:30:00+02:00'"
    try:
        moment = timing.parse(text)
    except (ValueError, OverflowError):
        raise exceptions.BadRequest(
            f"{field}: {validation.shown(text)} is not a time; {example}"
        ) from None
    if not _EARLIEST <= moment.year <= _LATEST:
        raise exceptions.BadRequest(
            f"{field}: {validation.shown(text)} is not in the years {_EARLIEST} to {_LATEST}; "
            f"{example}"
        )
    return str(timing.wire(moment))
