"""What the world outside of Fenix has seen. Nothing here comes from Fenix's own rows."""

import collections
import dataclasses
import json
import threading
import time

PREFIX = "/chaos/"


@dataclasses.dataclass(frozen=True)
class Effect:
    """A host action that took effect. ``at`` is model time; ``key`` is Fenix's own."""

    at: float
    host: str
    action: str
    key: str


@dataclasses.dataclass(frozen=True)
class Heard:
    """A notification that came off the bus."""

    at: float
    message_id: str
    project_id: str
    session_id: str
    state: str


@dataclasses.dataclass(frozen=True)
class Accepted:
    """A reply that was answered 200. ``at`` is model time."""

    at: float
    project_id: str
    session_id: str
    state: str
    actions: dict[str, str]
    again: bool


class Record:
    """Effects, notifications, replies; and when Fenix last turned to the outside."""

    def __init__(self, cloud):
        self._cloud = cloud
        self._lock = threading.Lock()
        self.effects = []
        self.heard = []
        self.replies = []
        #: Instances that managers deleted to scale in, by session and project.
        self.scaled = collections.Counter()
        self.refused_moves = 0
        self.troubles = []

    def around(self, application):
        """The cloud's application, with host actions beside it."""

        def serving(environ, start_response):
            path = environ["PATH_INFO"]
            if path.startswith(PREFIX):
                host, action, key = path.removeprefix(PREFIX).split("/", 2)
                if environ["REQUEST_METHOD"] == "POST":
                    self._take_effect(host, action, key)
                body = json.dumps({"done": self.is_done(host, action, key)}).encode()
                head = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
                start_response("200 OK", head)
                return [body]
            return application(environ, self._watching(environ, start_response))

        return serving

    def _watching(self, environ, start_response):
        """Count moves that Nova refuses: a duplicate of one that was taken is harmless."""
        if environ["REQUEST_METHOD"] != "POST" or not environ["PATH_INFO"].endswith("/action"):
            return start_response

        def starting(status, *more):
            if status.startswith("4"):
                self.refused_moves += 1
            return start_response(status, *more)

        return starting

    def _take_effect(self, host, action, key):
        with self._cloud.at_rest() as now, self._lock:
            self.effects.append(Effect(now, host, action, key))

    def is_done(self, host, action, key):
        """Whether an action took effect."""
        with self._lock:
            return any((e.host, e.action, e.key) == (host, action, key) for e in self.effects)

    def note_event(self, message_id, payload):
        """A notification came off the bus."""
        heard = Heard(
            time.monotonic(),
            message_id,
            payload.get("project_id"),
            payload["session_id"],
            payload["state"],
        )
        with self._lock:
            again = any(h.message_id == message_id for h in self.heard)
            self.heard.append(heard)
        return again

    def note_reply(self, payload, project_id, actions, again):
        """A reply was answered 200."""
        with self._cloud.at_rest() as now, self._lock:
            self.replies.append(
                Accepted(now, project_id, payload["session_id"], payload["state"], actions, again)
            )

    def trouble(self, text):
        """Something that must not be in a sound run, as text."""
        with self._lock:
            self.troubles.append(text)
