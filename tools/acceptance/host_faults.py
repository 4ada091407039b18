"""Hosts whose nova-compute dies: before it is emptied, as a target, while it is worked on.

After each the session ends as the manual's page on faults says (doc/source/faults.rst).
"""

from checks import until
from play import Play

#: Seconds: Nova notices after its service_down_time.
_NOTICED = 40


def a_host_that_is_dead(stage):
    """Nova moves nothing off a host that is down: the session says which, and waits for us."""
    lab = stage.lab
    with Play(stage, live_1=("vnf-a", "compute-1")) as play:
        with lab.killed("compute-1"):
            until("Nova says that it is down", lambda: not lab.up("compute-1"), _NOTICED)
            session_id = stage.admin.create(hosts=["compute-1"])
            play.failed(session_id, "compute-1", "live_1", "2 tries")
            play.stands("live_1", "ACTIVE", "compute-1")
        play.continue_session(session_id)
        play.done(session_id, live_1=[*_only_errors(play, "live_1"), "moved"])


def _only_errors(play, name):
    return ["error" for status in play.tries(name) if status in ("error", "failed")]


def a_target_that_dies(stage):
    """Nova does not know it yet, and waits for an answer; then another target is taken."""
    with Play(stage, live_1=("vnf-a", "compute-1")) as play:
        session_id, target, let_go = play.create_and_hold("compute-1")
        with stage.lab.killed(target):
            let_go()
            play.done(session_id, live_1=["error", "moved"])
            stage.report.equal("another target is chosen", True, play.host("live_1") != target)


def a_host_that_does_not_come_back(stage):
    """Its maintenance ended with success, and killed it: it is not given back to anybody."""
    lab = stage.lab
    action = {"plugin": "command", "type": "host", "metadata": {"command": "kill"}}
    with Play(stage) as play:
        session_id = stage.admin.create(hosts=["compute-6"], actions=[action])
        try:
            play.failed(session_id, "compute-6", "did not report as up", "bring them back")
        finally:
            lab.compute("start", "compute-6")
        play.continue_session(session_id)
        play.done(session_id)
        rows = stage.admin.detail(session_id)["hosts"]
        done = {row["hostname"]: row["maintained"] for row in rows}
        stage.report.equal("the host is maintained", {"compute-6": True}, done)


SCENARIOS = (a_host_that_is_dead, a_target_that_dies, a_host_that_does_not_come_back)
