"""Something fails around Fenix: managers, the compute API, Fenix's own daemons."""

import datetime
import threading
import time

from checks import until
from lab import now
from play import PATIENCE, SOON, Play

#: Longer than one call waits ([service_auth] timeout): it is repeated, and Nova sees it twice.
_HANGS = 13.0
#: Seconds until a session with nobody to ask begins its work.
_LATER = 10
#: Live migrations off this host take so long that they are seen while they run.
_SLOW = {"compute-1": {"live_migration": "hang:4"}}


def a_silent_manager(stage):
    """Nobody answers for a project; an administrator sees to it and continues."""
    report, admin, silent = stage.report, stage.admin, stage.managers[1]
    silent.silent_in.add("MAINTENANCE")
    with Play(stage, worker_1=("vnf-b", "compute-3")) as play:
        asking = admin.create(hosts=["compute-3"])
        later = f"{now() + datetime.timedelta(seconds=_LATER):%Y-%m-%d %H:%M:%S}"
        waiting = admin.create(hosts=["compute-4"], maintenance_at=later)
        answer = admin.call("POST", "/maintenance", {"hosts": ["compute-6"]})
        report.equal("one session more than max_sessions answers 509", 509, answer.code)
        admin.wait_end(asking, PATIENCE, "MAINTENANCE_FAILED")
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
        admin.wait_end(waiting, PATIENCE)
        play.done(asking, worker_1=["moved"])
        replies = [body["state"] for state, body in silent.replies if state == "MAINTENANCE"][-2:]
        expected = ["NACK_MAINTENANCE", "ACK_MAINTENANCE"]
        report.equal("a manager that says 'not now' is asked again", expected, replies)


def an_instance_deleted_in_flight(stage):
    """A project deletes an instance while it is live-migrated; the host is emptied of the rest."""
    stage.lab.fault(**_SLOW)
    with Play(stage, live_1=("vnf-a", "compute-1"), live_2=("vnf-a", "compute-1")) as play:
        session_id = stage.admin.create(hosts=["compute-1"])
        until("live_1 is moved", lambda: "running" in play.tries("live_1"), SOON)
        stage.managers[0].nova.servers.delete(play.servers["live_1"].id)
        stage.admin.wait_end(session_id, PATIENCE)
        # Nova leaves the move's allocation behind.
        stage.lab.audit_placement()
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
            thaw.wait(SOON)

    def begin_to_freeze(_payload):
        threading.Thread(target=freeze, args=(_payload,), daemon=True).start()
        frozen.wait(SOON)

    manager.before_reply["PLANNED_MAINTENANCE"] = begin_to_freeze
    with Play(stage, live_1=("vnf-a", "compute-1"), worker_1=("vnf-a", "compute-1")) as play:
        session_id = stage.admin.create(hosts=["compute-1"])
        try:
            until("the compute API hangs", frozen.is_set, SOON)
            time.sleep(_HANGS)
        finally:
            thaw.set()
        play.done(session_id, live_1=["moved"], worker_1=["moved"])


def engines_stopped(stage):
    """Replies are kept while no engine runs; commands are refused in time."""
    report, fenix, admin, manager = stage.report, stage.fenix, stage.admin, stage.managers[0]
    stage.lab.set_service("compute-6", "acceptance-broken-fan")
    hold = threading.Event()
    manager.before["MAINTENANCE"] = lambda _payload: hold.wait(SOON)
    with Play(stage, worker_1=("vnf-a", "compute-1")) as play:
        session_id = admin.create(hosts=["compute-1", "compute-6"])
        until("vnf-a is asked", lambda: manager.tap.of(session_id), SOON)
        names = fenix.engines()
        codes = fenix.stop(*names)
        report.equal("engines end when asked", dict.fromkeys(names, 0), codes)
        before = len(manager.replies)
        hold.set()
        until("the reply is answered 200", lambda: len(manager.replies) > before, SOON)
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
        until("an instance moves", lambda: "running" in play.tries("live_1"), SOON)
        owner = until("an engine works", lambda: fenix.owner(session_id), 10, 0.002)
        killed = fenix.kill(owner)
        stage.report.equal(f"{killed} was killed while live_1 was moving", True, True)
        play.done(session_id, live_1=["moved"], live_2=["moved"])
        fenix.start(killed)
        fenix.wait_ready()


SCENARIOS = (
    a_silent_manager,
    an_instance_deleted_in_flight,
    the_compute_api_hangs,
    engines_stopped,
    an_engine_killed,
)
