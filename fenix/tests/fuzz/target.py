"""The API that is fuzzed, and those who call it."""

from __future__ import annotations

import dataclasses
from typing import Any

from fenix import exceptions
from fenix.tests.functional import keystone, sample, stand_in
from fenix.tests.functional.service import Sections, Service


@dataclasses.dataclass(frozen=True)
class Caller:
    """Somebody with these headers in a WSGI environment.

    :ivar project: the only project whose things it may touch; None: any.
    :ivar may: ``all``, ``write`` (for its project), ``read``, or ``nothing``.
    """

    name: str
    headers: dict[str, str]
    may: str
    project: str | None = None


def _token(name: str) -> dict[str, str]:
    return {"HTTP_X_AUTH_TOKEN": keystone.TOKENS[name]}


#: By ``[api] auth_strategy``.
CALLERS = {
    "noauth": (
        Caller("admin", {}, "all"),
        Caller("red", {"HTTP_X_PROJECT_ID": sample.RED}, "write", sample.RED),
        Caller(
            "reader of red",
            {"HTTP_X_PROJECT_ID": sample.RED, "HTTP_X_ROLES": "reader"},
            "read",
            sample.RED,
        ),
        Caller("nobody", {"HTTP_X_PROJECT_ID": sample.RED, "HTTP_X_ROLES": "guest"}, "nothing"),
    ),
    "keystone": (
        Caller("admin", _token("ADMIN_TOKEN"), "all"),
        Caller("system", _token("SYSTEM_TOKEN"), "all"),
        Caller("red", _token("RED_TOKEN"), "write", sample.RED),
        Caller("reader of red", _token("RED_READER_TOKEN"), "read", sample.RED),
        Caller("domain", _token("DOMAIN_TOKEN"), "nothing"),
        Caller("expired", _token("EXPIRED_TOKEN"), "nothing"),
        Caller("anonymous", {}, "nothing"),
        # Headers that only keystonemiddleware may set.
        Caller(
            "impostor",
            {
                "HTTP_X_IDENTITY_STATUS": "Confirmed",
                "HTTP_X_ROLES": "admin",
                "HTTP_X_PROJECT_ID": sample.RED,
            },
            "nothing",
        ),
    ),
}


class Engine:
    """Takes every command; what engines do with them has tests of its own."""

    def create_session(self, *_: Any) -> None:
        pass

    def plan(self, *_: Any) -> dict[str, Any]:
        return stand_in.EMPTY_PLAN

    def command_session(
        self, _context: Any, session_id: str, command: str, *, host: Any, state: Any
    ) -> dict[str, Any]:
        if state not in (None, "MAINTENANCE"):
            raise exceptions.BadRequest(f"state: there is no {state!r}; send MAINTENANCE")
        return {"session_id": session_id, "state": "MAINTENANCE"}

    def delete_session(self, *_: Any) -> None:
        pass

    def wake(self, *_: Any) -> None:
        pass


class Target:
    """A service with the sample's sessions; start with :meth:`start`, end with :meth:`stop`.

    :param strategy: ``[api] auth_strategy``.
    :param service: one that runs already, and is left running.
    """

    def __init__(self, strategy: str, service: Service | None = None) -> None:
        self.strategy = strategy
        self.callers = CALLERS[strategy]
        self._keystone = keystone.Keystone()
        self._given = service

    def start(self) -> Target:
        self._keystone.start()
        self.service = self._given or self._made()
        self.service.with_sample()
        self.app = self.service.make_app(engine=Engine())
        return self

    def _made(self) -> Service:
        sections: Sections = {"api": {"auth_strategy": self.strategy}}
        if self.strategy == "keystone":
            sections["keystone_authtoken"] = self._keystone.options()
        service = Service(sections, engine=False)
        service.start()
        return service

    def stop(self) -> None:
        if self._given is None:
            self.service.stop()
        self._keystone.stop()

    def __enter__(self) -> Target:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
