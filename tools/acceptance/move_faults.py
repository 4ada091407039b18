"""Moves that fail in each of the ways that a real host knows; every fault alone.

After each the session ends as the manual's page on faults says (doc/source/faults.rst).
"""

from checks import until
from lab import FILLER, host_of
from play import SOON, Play

#: Seconds: longer than a move may take and than an abort is waited for, together.
_HANGS = 40
#: What is said of an instance that went into ERROR.
_REMEDY = ("ERROR", "--state active", "placement audit")


def a_live_migration_that_errors(stage):
    """As when libvirt gives up: the instance stays. Every try fails until somebody mends it."""
    stage.lab.fault(**{"compute-1": {"live_migration": "error"}})
    with Play(stage, live_1=("vnf-a", "compute-1")) as play:
        session_id = stage.admin.create(hosts=["compute-1"])
        instance_id = play.servers["live_1"].id
        play.failed(session_id, "compute-1", "live_1", instance_id, "2 tries", "event list")
        play.stands("live_1", "ACTIVE", "compute-1")
        stage.lab.fault()
        play.continue_session(session_id)
        play.done(session_id, live_1=["error", "error", "moved"])


def a_live_migration_that_crashes(stage):
    """The driver raises: Nova puts the instance into ERROR, and it must be looked at."""
    stage.lab.fault(**{"compute-1": {"live_migration": "crash"}})
    with Play(stage, live_1=("vnf-a", "compute-1")) as play:
        session_id = stage.admin.create(hosts=["compute-1"])
        play.failed(
            session_id,
            "compute-1",
            "live_1",
            "ERROR",
            "both hosts",
            "--state active",
            "placement audit",
        )
        play.stands("live_1", "ERROR", "compute-1")
        stage.lab.fault()
        _repair(stage, play, "live_1")
        play.continue_session(session_id)
        play.done(session_id, live_1=["error", "moved"])


def a_live_migration_that_sticks(stage):
    """It never ends by itself: Fenix aborts it, and tries again."""
    stage.lab.fault(**{"compute-1": {"live_migration": "stuck"}})
    with Play(stage, live_1=("vnf-a", "compute-1")) as play:
        session_id = stage.admin.create(hosts=["compute-1"])
        until("the move is aborted", lambda: "cancelled" in play.tries("live_1"), 60)
        stage.lab.fault()
        play.done(session_id, live_1=["cancelled", "moved"])


def a_live_migration_that_hangs(stage):
    """It does not end, and takes no order to: the session fails and says so."""
    stage.lab.fault(**{"compute-1": {"live_migration": f"hang:{_HANGS}"}})
    with Play(stage, live_1=("vnf-a", "compute-1")) as play:
        session_id = stage.admin.create(hosts=["compute-1"])
        play.failed(session_id, "compute-1", "live_1", "nor could be aborted", "end it in Nova")
        play.stands("live_1", "MIGRATING", "compute-1")
        stage.lab.fault()
        until("Nova ends it", lambda: play.tries("live_1") == ["cancelled"], _HANGS)
        play.continue_session(session_id)
        play.done(session_id, live_1=["cancelled", "moved"])


def a_target_that_refuses(stage):
    """The check before a live migration fails: nothing has happened, another target is taken."""
    _another_target(stage, "check_destination", "error")


def a_target_that_cannot_prepare(stage):
    """The target accepts a live migration and fails at its first step."""
    _another_target(stage, "pre_live_migration", "failed")


def _another_target(stage, action, ended):
    """``ended``: what Nova's record of the first move says."""
    with Play(stage, live_1=("vnf-a", "compute-1")) as play:
        session_id, target, let_go = play.create_and_hold("compute-1")
        stage.lab.fault(**{target: {action: "error"}})
        let_go()
        play.done(session_id, live_1=[ended, "moved"])
        stage.report.equal("another target is chosen", True, play.host("live_1") != target)
        _told_once(stage, session_id)


def _told_once(stage, session_id):
    told = [a["state"] for a in stage.managers[0].tap.of(session_id)]
    count = told.count("INSTANCE_ACTION_DONE")
    stage.report.equal("the project hears of the move once", 1, count)


def a_target_that_fills_up(stage):
    """Nova accepts a move to a full host, and fails a moment later, in its records only."""
    with Play(stage, live_1=("vnf-a", "compute-1")) as play:
        session_id, target, let_go = play.create_and_hold("compute-1")
        stage.lab.boot([{"name": FILLER, "project": "admin", "host": target}] * stage.lab.vcpus)
        let_go()
        play.done(session_id, live_1=["error", "moved"])
        stage.report.equal("another target is chosen", True, play.host("live_1") != target)
        _told_once(stage, session_id)


def a_cold_migration_that_cannot_leave(stage):
    """The source fails to hand the disk over: ERROR, still on the source."""
    with Play(stage, worker_1=("vnf-a", "compute-1")) as play:
        stage.lab.fault(**{"compute-1": {"migrate_disk": "error"}})
        session_id = stage.admin.create(hosts=["compute-1"])
        play.failed(
            session_id,
            "compute-1",
            "worker_1",
            "ERROR",
            "both hosts",
            "--state active",
            "placement audit",
        )
        play.stands("worker_1", "ERROR", "compute-1")
        stage.lab.fault()
        _repair(stage, play, "worker_1")
        play.continue_session(session_id)
        play.done(session_id, worker_1=["error", "moved"])


def a_cold_migration_that_cannot_arrive(stage):
    """The target fails to start what has come: ERROR, and Nova says that it is there."""
    with Play(stage, worker_1=("vnf-a", "compute-1")) as play:
        session_id, target, let_go = play.create_and_hold("compute-1")
        stage.lab.fault(**{target: {"finish_migration": "error"}})
        let_go()
        play.failed(
            session_id,
            "compute-1",
            "worker_1",
            "ERROR",
            target,
            "--state active",
            "placement audit",
        )
        play.stands("worker_1", "ERROR", target)
        stage.lab.fault()
        _repair(stage, play, "worker_1")
        play.continue_session(session_id)
        play.done(session_id, worker_1=["error"])


def _repair(stage, play, name):
    """What the reason tells the administrator to do."""
    stage.lab.nova.servers.reset_state(play.servers[name].id, "active")
    stage.lab.audit_placement()


def a_successor_that_does_not_start(stage):
    """A project chose to move its instance itself, and no host starts the new one."""
    manager, lab = stage.managers[0], stage.lab
    with Play(stage, own_1=("vnf-a", "compute-1")) as play:
        lab.fault(**{host: {"spawn": "error"} for host in lab.hosts})
        session_id = stage.admin.create(hosts=["compute-1"])
        play.failed(session_id, "compute-1", "own_1", "OWN_ACTION", manager.project_id)
        play.stands("own_1", "ACTIVE", "compute-1")
        lab.fault()
        old = play.servers["own_1"].id
        manager.move_itself(old)
        play.continue_session(session_id)
        play.done(session_id)
        new = until("the successor is known", lambda: manager.replaced.get(old), SOON)
        place = host_of(lab.server(new))
        stage.report.equal("its successor is elsewhere", True, place != "compute-1")


SCENARIOS = (
    a_live_migration_that_errors,
    a_live_migration_that_crashes,
    a_live_migration_that_sticks,
    a_live_migration_that_hangs,
    a_target_that_refuses,
    a_target_that_cannot_prepare,
    a_target_that_fills_up,
    a_cold_migration_that_cannot_leave,
    a_cold_migration_that_cannot_arrive,
    a_successor_that_does_not_start,
)
