"""Small sessions: a few instances on named hosts, and what Nova says of them afterwards."""

import contextlib
import threading

from checks import until
from lab import MOVED, host_of, now

PATIENCE = 120.0
SOON = 30.0


def clean(stage):
    """No sessions, no instances.

    :raises Unmet: when a session does not end; what is on its way may take a while.
    """
    for session_id in _sessions(stage):
        stage.admin.call("DELETE", f"/maintenance/{session_id}")
    until("deleted sessions are gone", lambda: not _sessions(stage), PATIENCE)
    stage.lab.clean()


def _sessions(stage):
    return stage.admin.call("GET", "/maintenance").body["sessions"]


class Play:
    """A few instances on named hosts, and a session over some of those."""

    def __init__(self, stage, **specs):
        """``specs``: name of an instance -> (project, host)."""
        self.stage = stage
        self._specs = specs
        self.begun = now()
        self.services = stage.lab.services()

    def __enter__(self):
        lab = self.stage.lab
        booted = lab.boot(
            [{"name": n, "project": p, "host": h} for n, (p, h) in self._specs.items()]
        )
        self.servers = {server.name: server for server in booted}
        return self

    def __exit__(self, *_):
        for manager in self.stage.managers:
            manager.behave()
        clean(self.stage)

    def tries(self, name):
        """How Nova's records of an instance's moves stand, oldest first."""
        server_id = self.servers[name].id
        found = self.stage.lab.migrations(self.begun)
        return [m.status for m in found if m.instance_uuid == server_id]

    def host(self, name):
        server = self.stage.lab.server(self.servers[name].id)
        return server and host_of(server)

    def create_and_hold(self, host):
        """Creates a session over a host; vnf-a answers when it is let go.

        :returns: (the session's id, the target that Fenix reserved, call that lets go).
        """
        hold = threading.Event()
        manager = self.stage.managers[0]
        manager.before["PLANNED_MAINTENANCE"] = lambda _payload: hold.wait(SOON)
        session_id = self.stage.admin.create(hosts=[host])
        target = until("a target is chosen", lambda: self._target(session_id), SOON)
        return session_id, target, hold.set

    def _target(self, session_id):
        rows = self.stage.admin.detail(session_id)["instances"]
        return next((row["move_target"] for row in rows), None)

    # Ends

    def done(self, session_id, seconds=PATIENCE, **expected):
        """Waits for a session to be done; compares what Nova then says of instances.

        :param seconds: how long to wait.
        :param expected: name -> how its moves ended, oldest first.
        """
        self.stage.admin.wait_end(session_id, seconds)
        report, lab = self.stage.report, self.stage.lab
        for name, tries in expected.items():
            report.equal(f"{name}: how its moves ended", tries, self._settled_tries(name))
            old = self._specs[name][1]
            report.equal(f"{name} has left {old}", True, self.host(name) not in (None, old))
        report.equal("services are as before", self.services, lab.services())
        report.none("Placement agrees with Nova", lab.misplaced_allocations())

    def _settled_tries(self, name):
        """A record is completed a moment after the instance has arrived."""
        with contextlib.suppress(Exception):
            until("the last move is recorded", lambda: self.tries(name)[-1] in MOVED, 5)
        return ["moved" if status in MOVED else status for status in self.tries(name)]

    def failed(self, session_id, host, *words):
        """Waits for a session to fail; its reason must say these words, and name the remedy.

        :param host: stays disabled with the session's name: nothing lands on it meanwhile.
        """
        admin, report = self.stage.admin, self.stage.report
        admin.wait_end(session_id, PATIENCE, "MAINTENANCE_FAILED")
        reason = admin.reason(session_id)
        words = [*words, host, "continue the session"]
        said = [word for word in words if word in reason]
        report.equal(f"the reason says what happened and what to do ({reason})", words, said)
        expected = {**self.services, host: ("disabled", f"fenix {session_id}")}
        report.equal(f"only {host} stays disabled", expected, self.stage.lab.services())

    def stands(self, name, status, host):
        """Compares where an instance is, and in which state."""
        server = self.stage.lab.server(self.servers[name].id)
        got = (server.status, host_of(server))
        self.stage.report.equal(f"{name} is {status} on {host}", (status, host), got)

    def continue_session(self, session_id):
        answer = self.stage.admin.call("PUT", f"/maintenance/{session_id}", {})
        self.stage.report.equal("PUT continues the session", 200, answer.code)
