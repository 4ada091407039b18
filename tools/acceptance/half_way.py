"""A session that an administrator aborts while hosts are in every phase."""

from checks import until
from lab import MOVED
from play import PATIENCE, SOON, Play

_HOSTS = ["compute-1", "compute-2", "compute-3"]
#: Live migrations off every host take so long that one runs when the session is aborted.
_SLOW = {host: {"live_migration": "hang:5"} for host in _HOSTS}
_ACTION = {"plugin": "dummy", "type": "host", "metadata": {"seconds": 1}}


def a_session_aborted_half_way(stage):
    """One host is done, one is being emptied, one waits: all is as before, nothing moves on."""
    report, lab, admin = stage.report, stage.lab, stage.admin
    lab.fault(**_SLOW)
    with Play(
        stage,
        live_1=("vnf-a", "compute-1"),
        live_2=("vnf-b", "compute-2"),
        live_3=("vnf-a", "compute-3"),
    ) as play:
        names = ("live_1", "live_2", "live_3")
        session_id = admin.create(hosts=_HOSTS, actions=[_ACTION], max_parallel_hosts=1)

        def half_way():
            rows = admin.detail(session_id)["hosts"]
            done = any(row["maintained"] for row in rows)
            return done and [n for n in names if "running" in play.tries(n)]

        moving = until("one host is done, and off another one moves", half_way, PATIENCE, 0.1)
        report.equal("hosts are out of use", True, play.services != lab.services())
        answer = admin.call("PUT", f"/maintenance/{session_id}", {"command": "abort"})
        report.equal("it is aborted", 200, answer.code)
        admin.wait_end(session_id, PATIENCE, "MAINTENANCE_FAILED")
        report.equal("the reason says so", "aborted", admin.reason(session_id))
        report.equal("services are as before", play.services, lab.services())
        tries = {name: play.tries(name) for name in names}
        said = f"nothing is under way, and {moving[0]} has moved once ({tries})"
        ended = all(status in MOVED for of_one in tries.values() for status in of_one)
        report.equal(said, (True, 1), (ended, len(tries[moving[0]])))
        report.equal("nobody has moved twice", True, max(map(len, tries.values())) == 1)
        report.none("Placement agrees with Nova", lab.misplaced_allocations())
        claims = stage.fenix.rows("host_claims", session_id=session_id)
        report.none("its hosts are free for other sessions", claims)
        until("Nova takes instances on all of them", lambda: _all_enabled(lab), SOON)


def _all_enabled(lab):
    return all(lab.services()[host] == ("enabled", None) for host in _HOSTS)


SCENARIOS = (a_session_aborted_half_way,)
