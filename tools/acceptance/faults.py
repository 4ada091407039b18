"""Sessions on a cloud where something goes wrong: small ones, a check for each fault."""

import contextlib
import threading
import time

from checks import until
from lab import FILLER, MOVED, host_of, now

_PATIENCE = 120.0
_SOON = 30.0
#: Longer than one call waits ([service_auth] timeout): it is repeated, and Nova sees it twice.
_HANGS = 13.0
#: Live migrations off this host take so long that they are seen while they run.
_SLOW = {"compute-1": {"live_migration": "hang:4"}}


def run(stage):
    """Every fault, each a part of its own."""
    for scenario in (
        failing_migrations_and_a_silent_manager,
        a_target_that_fills_up,
        an_instance_deleted_in_flight,
        the_compute_api_hangs,
        engines_stopped,
        an_engine_killed,
    ):
        with stage.report.part(scenario.__name__.replace("_", " ")):
            scenario(stage)


def clean(stage):
    """No sessions, no instances."""
    for session_id in stage.admin.call("GET", "/maintenance").body["sessions"]:
        stage.admin.call("DELETE", f"/maintenance/{session_id}")
    stage.lab.clean()


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

    def done(self, session_id, **expected):
        """Waits for a session to be done; compares what Nova then says of instances.

        :param expected: name -> how its moves ended, oldest first.
        """
        self.stage.admin.wait_end(session_id, _PATIENCE)
        equal = self.stage.report.equal
        for name, tries in expected.items():
            equal(f"{name}: how its moves ended", tries, self._settled_tries(name))
            old = self._specs[name][1]
            equal(f"{name} has left {old}", True, self.host(name) not in (None, old))
        equal("services are as before", self.services, self.stage.lab.services())

    def _settled_tries(self, name):
        """A record is completed a moment after the instance has arrived."""
        with contextlib.suppress(Exception):
            until("the last move is recorded", lambda: self.tries(name)[-1] in MOVED, 5)
        return ["moved" if status in MOVED else status for status in self.tries(name)]


def failing_migrations_and_a_silent_manager(stage):
    """One live migration fails, one hangs; meanwhile, in another session, nobody answers."""
    report, admin, silent = stage.report, stage.admin, stage.managers[1]
    silent.silent_in.add("MAINTENANCE")
    faults = {"compute-1": {"live_migration": "error"}, "compute-2": {"live_migration": "stuck"}}
    stage.lab.fault(**faults)
    where = {"live_1": "compute-1", "live_2": "compute-2"}
    specs = {name: ("vnf-a", host) for name, host in where.items()}
    with Play(stage, **specs, worker_1=("vnf-b", "compute-3")) as play:
        moving = admin.create(hosts=list(where.values()))
        asking = admin.create(hosts=["compute-3"])
        answer = admin.call("POST", "/maintenance", {"hosts": ["compute-6"]})
        report.equal("one session more than max_sessions answers 509", 509, answer.code)
        _mend_after_the_first_try(stage, play, faults, where)
        play.done(moving, live_1=["error", "moved"], live_2=["cancelled", "moved"])

        admin.wait_end(asking, _PATIENCE, "MAINTENANCE_FAILED")
        reason = admin.reason(asking)
        words = ["MAINTENANCE", silent.project_id, "manager", "continue"]
        said = [word for word in words if word in reason]
        report.equal(f"the reason says what happened and what to do ({reason})", words, said)
        report.equal("nothing was moved meanwhile", [], play.tries("worker_1"))
        silent.silent_in.clear()
        silent.refuses["MAINTENANCE"] = 1
        answer = admin.call("PUT", f"/maintenance/{asking}", {})
        expected = (200, {"session_id": asking, "state": "MAINTENANCE"})
        report.equal("PUT continues where it failed", expected, (answer.code, answer.body))
        play.done(asking, worker_1=["moved"])
        replies = [body["state"] for state, body in silent.replies if state == "MAINTENANCE"][-2:]
        expected = ["NACK_MAINTENANCE", "ACK_MAINTENANCE"]
        report.equal("a manager that says 'not now' is asked again", expected, replies)


def _mend_after_the_first_try(stage, play, faults, where):
    """Takes each fault away once a move has failed of it."""
    left = dict(faults)
    for name, ended in (("live_1", "error"), ("live_2", "cancelled")):
        until(f"{name}: {ended}", lambda n=name, e=ended: e in play.tries(n), 60)
        del left[where[name]]
        stage.lab.fault(**left)


def a_target_that_fills_up(stage):
    """Nova accepts a move to a full host, and fails a moment later, in its records only."""
    manager, admin = stage.managers[0], stage.admin
    hold = threading.Event()
    manager.before["PLANNED_MAINTENANCE"] = lambda _payload: hold.wait(_SOON)
    with Play(stage, live_1=("vnf-a", "compute-1")) as play:
        session_id = admin.create(hosts=["compute-1"])
        target = until("a target is chosen", lambda: _target(admin, session_id), _SOON)
        stage.lab.boot([{"name": FILLER, "project": "admin", "host": target}] * stage.lab.vcpus)
        hold.set()
        play.done(session_id, live_1=["error", "moved"])
        answer = f"not {target}" if play.host("live_1") != target else target
        stage.report.equal("another target is chosen", f"not {target}", answer)
        told = [a["state"] for a in manager.tap.of(session_id)]
        count = told.count("INSTANCE_ACTION_DONE")
        stage.report.equal("the project hears of the move once", 1, count)


def _target(admin, session_id):
    return next((i["move_target"] for i in admin.detail(session_id)["instances"]), None)


def an_instance_deleted_in_flight(stage):
    """A project deletes an instance while it is live-migrated; the host is emptied of the rest."""
    stage.lab.fault(**_SLOW)
    with Play(stage, live_1=("vnf-a", "compute-1"), live_2=("vnf-a", "compute-1")) as play:
        session_id = stage.admin.create(hosts=["compute-1"])
        until("live_1 is moved", lambda: "running" in play.tries("live_1"), _SOON)
        stage.managers[0].nova.servers.delete(play.servers["live_1"].id)
        play.done(session_id, live_2=["moved"])
        stage.report.equal("the deleted instance is gone", None, play.host("live_1"))
        rows = stage.admin.detail(session_id)["instances"]
        gone = {row["instance_name"]: row["gone"] for row in rows}
        stage.report.equal("the session knows", {"live_1": True, "live_2": False}, gone)


def the_compute_api_hangs(stage):
    """Nobody knows whether Nova took the order to move; it did, and is not told twice."""
    manager, lab = stage.managers[0], stage.lab
    frozen, thaw = threading.Event(), threading.Event()

    def freeze(_payload):
        with lab.frozen("nova-api"):
            frozen.set()
            thaw.wait(_SOON)

    def begin_to_freeze(_payload):
        threading.Thread(target=freeze, args=(_payload,), daemon=True).start()
        frozen.wait(_SOON)

    manager.before_reply["PLANNED_MAINTENANCE"] = begin_to_freeze
    with Play(stage, live_1=("vnf-a", "compute-1"), worker_1=("vnf-a", "compute-1")) as play:
        session_id = stage.admin.create(hosts=["compute-1"])
        try:
            until("the compute API hangs", frozen.is_set, _SOON)
            time.sleep(_HANGS)
        finally:
            thaw.set()
        play.done(session_id, live_1=["moved"], worker_1=["moved"])


def engines_stopped(stage):
    """Replies are kept while no engine runs; commands are refused in time."""
    report, fenix, admin, manager = stage.report, stage.fenix, stage.admin, stage.managers[0]
    stage.lab.set_service("compute-6", "acceptance-broken-fan")
    hold = threading.Event()
    manager.before["MAINTENANCE"] = lambda _payload: hold.wait(_SOON)
    with Play(stage, worker_1=("vnf-a", "compute-1")) as play:
        session_id = admin.create(hosts=["compute-1", "compute-6"])
        until("vnf-a is asked", lambda: manager.tap.of(session_id), _SOON)
        names = fenix.engines()
        codes = fenix.stop(*names)
        report.equal("engines end when asked", dict.fromkeys(names, 0), codes)
        before = len(manager.replies)
        hold.set()
        until("the reply is answered 200", lambda: len(manager.replies) > before, _SOON)
        kept = fenix.rows("project_waits", session_id=session_id, reply="ACK_MAINTENANCE")
        report.equal("a reply is kept while no engine runs", 1, len(kept))
        begin = time.monotonic()
        answer = admin.call("POST", "/maintenance", {"hosts": ["compute-5"]})
        report.equal("a command without an engine answers 503", 503, answer.code)
        in_time = time.monotonic() - begin < fenix.RPC_TIMEOUT + 5
        report.equal("and does so in time", True, in_time)
        fenix.start(*names)
        fenix.wait_ready()
        play.done(session_id, worker_1=["moved"])
        listed = admin.call("GET", "/maintenance").body["sessions"]
        report.equal("the refused command has made nothing", [session_id], listed)
        hosts = {h["hostname"]: h["maintained"] for h in admin.detail(session_id)["hosts"]}
        expected = {"compute-1": True, "compute-6": True}
        report.equal("a host that was disabled before is maintained too", expected, hosts)


def an_engine_killed(stage):
    """SIGKILL to the engine that works on the session, while instances move."""
    admin, fenix = stage.admin, stage.fenix
    stage.lab.fault(**_SLOW)
    with Play(stage, live_1=("vnf-a", "compute-1"), live_2=("vnf-b", "compute-1")) as play:
        session_id = admin.create(hosts=["compute-1"])
        until("an instance moves", lambda: "running" in play.tries("live_1"), _SOON)
        owner = until("an engine works", lambda: fenix.owner(session_id), 10, 0.002)
        killed = fenix.kill(owner)
        stage.report.equal(f"{killed} was killed while live_1 was moving", True, True)
        play.done(session_id, live_1=["moved"], live_2=["moved"])
        fenix.start(killed)
        fenix.wait_ready()
