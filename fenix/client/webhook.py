"""Reads what Aodh posts to the URL of an event alarm (see "As Aodh delivers them" in the manual).

The body's ``reason_data.event.traits`` is a list of ``[name, type, value]``. Ceilometer has made
text of every value that was not text: lists and objects stand there as Python wrote them.
"""

from __future__ import annotations

import ast
import dataclasses
import datetime
import json
from collections.abc import Mapping
from typing import Any

from fenix.client.errors import DecodeError
from fenix.client.results import time_of

PLANNED = ("maintenance.planned", "maintenance.scheduled")
HOST = "maintenance.host"
SESSION = "maintenance.session"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Event:
    """What every event has; one may come twice, with the same ``message_id``."""

    message_id: str
    event_type: str
    session_id: str
    project_id: str
    state: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProjectEvent(Event):
    """A question or a word to the manager of a project.

    :ivar instance_id: the single instance that it is about; None: those that
        :meth:`fenix.client.Replies.instances` looks up.
    :ivar allowed_actions: what may be chosen for them; empty where there is nothing to choose.
    :ivar reply_at: the end of the time to reply.
    :ivar actions_at: when Fenix acts at the earliest, unless every reply comes before.
    """

    instance_id: str | None
    reply_url: str
    allowed_actions: tuple[str, ...]
    reply_at: datetime.datetime | None
    actions_at: datetime.datetime | None
    metadata: Mapping[str, Any]

    @property
    def expects_reply(self) -> bool:
        """Whether it is a question; INSTANCE_ACTION_DONE is none."""
        return self.state != "INSTANCE_ACTION_DONE"

    @property
    def scale_in(self) -> Mapping[str, int]:
        """How many ``instances`` and ``cores`` SCALE_IN wants; empty when it does not say."""
        need = self.metadata.get("scale_in")
        return need if isinstance(need, dict) else {}


@dataclasses.dataclass(frozen=True, kw_only=True)
class HostEvent(Event):
    """A host is taken out, or is back; for administrators."""

    host: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class SessionEvent(Event):
    """A session changed its state, or finished a host; for administrators."""

    percent_done: int


def decode(body: bytes | str | Mapping[str, Any]) -> ProjectEvent | HostEvent | SessionEvent:
    """The event in the body of an alarm's webhook.

    :param body: as it was received, or already parsed.
    :raises DecodeError: it is not from an event alarm, or not an event of Fenix.
    """
    event = _event(body)
    event_type = str(event.get("event_type"))
    traits = _Traits(event.get("traits"))
    common = {
        "message_id": str(event.get("message_id") or ""),
        "event_type": event_type,
        "session_id": traits.text("session_id"),
        "project_id": traits.text("project_id"),
        "state": traits.text("state"),
    }
    if event_type == HOST:
        return HostEvent(**common, host=traits.text("host"))
    if event_type == SESSION:
        return SessionEvent(**common, percent_done=traits.whole("percent_done"))
    if event_type not in PLANNED:
        raise DecodeError(
            f"event_type: {event_type!r} is not an event of Fenix; the alarm should have one of "
            f"{', '.join((*PLANNED, HOST, SESSION))}"
        )
    return ProjectEvent(
        **common,
        instance_id=_single(traits),
        reply_url=traits.text("reply_url"),
        allowed_actions=tuple(map(str, traits.literal("allowed_actions", list))),
        reply_at=traits.time("reply_at"),
        actions_at=traits.time("actions_at"),
        metadata=traits.literal("metadata", dict),
    )


def _event(body: bytes | str | Mapping[str, Any]) -> Mapping[str, Any]:
    found: Any = body
    if isinstance(body, bytes | str):
        try:
            found = json.loads(body)
        except ValueError as error:
            raise DecodeError(f"the body is not JSON: {error}") from None
        except RecursionError:
            raise DecodeError("the body is nested too deep for an event") from None
    for key in ("reason_data", "event"):
        found = found.get(key) if isinstance(found, Mapping) else None
        if not isinstance(found, Mapping):
            raise DecodeError(
                f"the body has no {key}: it is not from an event alarm of Aodh "
                f"('openstack alarm create --type event')"
            )
    return found


def _single(traits: _Traits) -> str | None:
    """The instance in ``instance_ids``, a URL or a list with one id."""
    if not traits.text("instance_ids").startswith("["):
        return None
    ids = traits.literal("instance_ids", list)
    if len(ids) != 1:
        raise DecodeError(f"instance_ids: a list of {len(ids)} ids; one was expected")
    return str(ids[0])


class _Traits:
    """Values by name."""

    def __init__(self, traits: Any) -> None:
        try:
            self._values = {str(name): value for name, _type, value in traits}
        except (TypeError, ValueError):
            raise DecodeError(
                "reason_data.event.traits is not a list of [name, type, value]"
            ) from None

    def text(self, name: str) -> str:
        value = self._values.get(name)
        if value is None:
            raise DecodeError(
                f"{name}: the event has no such trait; does Ceilometer have Fenix's event "
                f"definitions?"
            )
        return str(value)

    def whole(self, name: str) -> int:
        text = self.text(name)
        try:
            return int(float(text))
        except (ValueError, OverflowError):
            raise DecodeError(f"{name}: {text!r} is not a number") from None

    def time(self, name: str) -> datetime.datetime | None:
        text = self._values.get(name)
        try:
            return time_of(text)
        except (TypeError, ValueError):
            raise DecodeError(f"{name}: {text!r} is not a time") from None

    def literal(self, name: str, kind: type[Any]) -> Any:
        """A list or an object; absent means empty: Ceilometer drops nulls."""
        text = self._values.get(name)
        if text is None or isinstance(text, kind):
            return kind() if text is None else text
        try:
            found = ast.literal_eval(str(text))
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            found = None
        if not isinstance(found, kind):
            raise DecodeError(f"{name}: {text!r} is not a {kind.__name__} as Python writes it")
        return found
