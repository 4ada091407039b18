"""What the manager was told and what it answered, as seen from Fenix's side."""

from __future__ import annotations

import dataclasses
import datetime
import io
import json
import threading
from collections.abc import Callable, Iterable
from typing import Any

from fenix.client import ProjectEvent, decode
from fenix.cmd.demo.witness import Application

_LONGEST_BODY = 1 << 20
_MAINTENANCE = "maintenance"
_ANSWERED_WELL = range(200, 300)


def now() -> datetime.datetime:
    """The time, with its zone."""
    return datetime.datetime.now(datetime.UTC)


@dataclasses.dataclass(eq=False)
class Told:
    """A webhook to the manager; ``status`` is its answer, 0 for none, None until then."""

    at: datetime.datetime
    event: ProjectEvent
    status: int | None = None
    seconds: float = 0.0

    @property
    def taken(self) -> bool:
        """Whether the manager said that it got it."""
        return self.status in _ANSWERED_WELL


@dataclasses.dataclass(frozen=True)
class Reply:
    """A reply of the manager; ``status`` is the API's answer, ``message`` why it was refused."""

    at: datetime.datetime
    state: str
    instance_id: str | None
    actions: dict[str, Any]
    status: int
    message: str

    @property
    def accepted(self) -> bool:
        """Whether the API took it."""
        return self.status in _ANSWERED_WELL

    def answers(self, told: Told) -> bool:
        """Whether it is an answer to this question, in time."""
        event = told.event
        return (
            self.accepted
            and self.state.partition("_")[2] == event.state
            and self.instance_id in (None, event.instance_id)
            and self.at >= told.at
            and (event.reply_at is None or self.at <= event.reply_at)
        )


class Conversation:
    """Sees webhooks and replies of one project.

    :param say: is called with a line for each of them.
    :param on_reply: is called with each reply.
    """

    def __init__(
        self,
        project_id: str,
        say: Callable[[str], None],
        on_reply: Callable[[Reply], None] = lambda reply: None,
    ) -> None:
        self.project_id = project_id
        self._on_reply = on_reply
        self.told: list[Told] = []
        self.replies: list[Reply] = []
        self._say = say
        self._open: dict[tuple[str, bytes], Told] = {}
        self._lock = threading.Lock()

    def states(self) -> list[str]:
        """States that the manager was told of, in order."""
        with self._lock:
            return [t.event.state for t in self.told]

    # Webhooks

    def posting(self, url: str, body: bytes) -> None:
        """Note a webhook."""
        event = decode(body)
        if not isinstance(event, ProjectEvent) or event.project_id != self.project_id:
            return
        told = Told(now(), event)
        with self._lock:
            self.told.append(told)
            self._open[url, body] = told
        self._say(f"told   {event.state}{_about(event)}")

    def posted(self, url: str, body: bytes, status: int, seconds: float) -> None:
        """Note what the manager answered."""
        with self._lock:
            told = self._open.pop((url, body), None)
        if told is None:
            return
        told.status, told.seconds = status, seconds
        if not told.taken:
            what = f"answered with HTTP {status}" if status else "was not taken by anybody"
            self._say(f"       the webhook of {told.event.state} at {url} {what}")

    # Replies

    def around(self, application: Application) -> Application:
        """The API, with the project's replies noted."""

        def watched(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            parts = environ.get("PATH_INFO", "").strip("/").split("/")
            ours = parts[1:2] == [_MAINTENANCE] and parts[3:4] == [self.project_id]
            if not ours or environ["REQUEST_METHOD"] != "PUT":
                return application(environ, start_response)
            length = min(int(environ.get("CONTENT_LENGTH") or 0), _LONGEST_BODY)
            body = environ["wsgi.input"].read(length)
            environ["wsgi.input"] = io.BytesIO(body)
            at, status = now(), [0]

            def start(line: str, *more: Any) -> Any:
                status[0] = int(line.split()[0])
                return start_response(line, *more)

            answer = list(application(environ, start))
            self._note(at, parts[4] if parts[4:] else None, body, status[0], b"".join(answer))
            return answer

        return watched

    def _note(
        self, at: datetime.datetime, one: str | None, body: bytes, status: int, answer: bytes
    ) -> None:
        sent = _object(body)
        error = _object(answer).get("error")
        message = str(error.get("message", "")) if isinstance(error, dict) else ""
        actions = sent.get("instance_actions")
        actions = dict(actions) if isinstance(actions, dict) else {}
        if one is not None and isinstance(sent.get("instance_action"), str):
            actions[one] = sent["instance_action"]
        reply = Reply(at, str(sent.get("state", "")), one, actions, status, message)
        with self._lock:
            self.replies.append(reply)
        self._on_reply(reply)
        chosen = ", ".join(f"{i[:8]} {a}" for i, a in actions.items())
        self._say(
            f"reply  {reply.state or body[:60]!r}{f' ({chosen})' if chosen else ''}"
            + ("" if reply.accepted else f": refused with HTTP {status}: {message}")
        )


def _object(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _about(event: ProjectEvent) -> str:
    parts = [] if event.instance_id is None else [f"instance {event.instance_id[:8]}"]
    if event.scale_in:
        parts.append("free " + ", ".join(f"{n} {what}" for what, n in event.scale_in.items()))
    if event.allowed_actions:
        parts.append(f"choose of {', '.join(event.allowed_actions)}")
    if event.expects_reply and event.reply_at is not None:
        parts.append(f"{max(0.0, (event.reply_at - now()).total_seconds()):.0f} s to reply")
    return f": {'; '.join(parts)}" if parts else ""
