"""What goes wrong in the cloud; everything can be switched while it runs."""

import re
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from fenix.emulator.host import Host
from fenix.emulator.server import Server

_ANSWERS = ("garbage", "hang", "cut", "drip", "flood")
#: Seconds between two bytes.
_DRIP = 0.1
BY_SOURCE = ("live_migration", "migrate_disk", "confirm")
BY_DESTINATION = ("pre_live_migration", "check_destination", "finish_migration", "spawn")
ACTIONS = (*BY_SOURCE, *BY_DESTINATION, "delete", "schedule")


@dataclass(slots=True, frozen=True)
class Trouble:
    """A parsed fault: first wait ``hang`` model seconds, then do ``what``.

    ``what`` is empty, ``error``, ``crash``, ``stuck``, ``silent`` (ends as if there were no room:
    only the migration record tells) or ``lost`` (the request is never worked on).
    """

    what: str = ""
    hang: float = 0.0


@dataclass(slots=True, eq=False)
class ApiFault:
    """What the next ``times`` matching calls get: an HTTP status or a word of next_calls()."""

    method: str
    path: re.Pattern[str]
    answer: int | str
    times: int
    seconds: float = 0.0
    after: bool = False
    """Work on the request first, then spoil the answer."""
    body: str | None = None
    hits: int = 0


@dataclass(eq=False)
class Faults:
    """Faults of hosts and servers by name or id and action, and of the API.

    ``set("compute-3", live_migration="error", spawn="hang:20")``; several words may be joined:
    ``"hang:5 error"``.
    """

    hosts: dict[str, dict[str, str]] = field(default_factory=dict)
    servers: dict[str, dict[str, str]] = field(default_factory=dict)
    api: list[ApiFault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _released: threading.Event = field(default_factory=threading.Event)

    def set(self, target: str | Server | Host, **actions: str) -> None:
        """Faults of a host or server (also by name, id) in place of those it had; none: clear."""
        unknown = set(actions) - set(ACTIONS)
        if unknown:
            raise ValueError(f"no such fault: {', '.join(sorted(unknown))}; there are {ACTIONS}")
        for text in actions.values():
            parse(text)
        where = self.hosts
        if isinstance(target, Server):
            where, key = self.servers, target.id
        elif isinstance(target, Host):
            key = target.name
        else:
            where, key = self.servers if _is_uuid(target) else self.hosts, target
        if actions:
            where[key] = dict(actions)
        else:
            where.pop(key, None)

    def clear(self) -> None:
        """No faults any more; calls that hang go on."""
        with self._lock:
            self.hosts.clear()
            self.servers.clear()
            self.api.clear()
            self._released.set()
            self._released = threading.Event()

    def find(self, action: str, host: Host | None, server: Server | None) -> Trouble:
        """The trouble ``action`` meets on this host with this server."""
        text = ""
        if server is not None:
            text = self.servers.get(server.id, {}).get(action, "")
        if not text and host is not None:
            text = self.hosts.get(host.name, {}).get(action, "")
        return parse(text)

    def next_calls(
        self,
        method: str,
        path: str,
        answer: int | str,
        times: int = 1,
        *,
        seconds: float = 0.0,
        after: bool = False,
        body: str | None = None,
    ) -> ApiFault:
        """Spoil the next ``times`` calls whose path matches the regular expression ``path``.

        ``answer`` is an HTTP status, or

        * ``"garbage"``: 200 with a body that is no JSON,
        * ``"hang"``: no answer for ``seconds`` real seconds, then 503,
        * ``"cut"``: the connection ends in the middle of the answer,
        * ``"drip"``: a byte now and then for ``seconds``,
        * ``"flood"``: a list without an end, as fast as it is taken, for ``seconds``.

        ``after=True`` does the work first: the caller cannot know.
        """
        if answer not in _ANSWERS and not isinstance(answer, int):
            raise ValueError(f"no such answer: {answer!r}")
        made = ApiFault(method, re.compile(path), answer, times, seconds, after, body)
        with self._lock:
            self.api.append(made)
        return made

    def match(self, method: str, path: str) -> ApiFault | None:
        """Take one hit of the first fault that concerns this call."""
        if not self.api:
            return None
        with self._lock:
            for fault in self.api:
                if fault.method in (method, "*") and fault.path.search(path):
                    fault.hits += 1
                    fault.times -= 1
                    if fault.times <= 0:
                        self.api.remove(fault)
                    return fault
        return None

    def hang(self, seconds: float) -> None:
        """Wait so many real seconds, or until the faults are cleared."""
        self._released.wait(seconds)

    def endless(self, answer: str, seconds: float) -> Iterator[bytes]:
        """The pieces of an answer that does not come to an end before so many real seconds."""
        end = time.monotonic() + seconds
        released = self._released
        yield b'{"servers": ['
        while time.monotonic() < end and not released.is_set():
            if answer == "flood":
                yield b'{"id": "x"}, ' * 5000
            else:
                yield b" "
                released.wait(_DRIP)

    @contextmanager
    def during(self, target: str | Server | Host, **actions: str) -> Iterator[None]:
        """Faults for the time of a ``with`` block."""
        self.set(target, **actions)
        try:
            yield
        finally:
            self.set(target)


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def parse(text: str) -> Trouble:
    """``"hang:SECONDS"`` and one of the words of :class:`Trouble`, in any order."""
    what, hang = "", 0.0
    for word in text.split():
        if word.startswith("hang:"):
            hang = float(word[len("hang:") :])
        elif word in ("error", "crash", "stuck", "silent", "lost"):
            what = word
        else:
            raise ValueError(f"no such fault: {word!r}")
    return Trouble(what, hang)
