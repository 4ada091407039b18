"""A host is taken out of the cloud for good, and another one joins it."""

from checks import until
from play import PATIENCE


def a_host_removed_and_added(stage):
    """No session runs: one of the engines finds out, and administrators are told once."""
    report, lab = stage.report, stage.lab
    host = lab.hosts[-1]
    until("the hosts are known", lambda: stage.fenix.count("known_hosts") == len(lab.hosts))
    lab.compute("stop", host)
    try:
        service = lab.nova.services.list(binary="nova-compute", host=host)[0]
        lab.nova.services.delete(service.id)
        until("HOST_REMOVED is told", lambda: _told(stage, host, "HOST_REMOVED"), PATIENCE)
    finally:
        lab.compute("start", host)
    until("HOST_ADDED is told", lambda: _told(stage, host, "HOST_ADDED"), PATIENCE)
    for state in ("HOST_REMOVED", "HOST_ADDED"):
        told = [alarm["session_id"] for alarm in _told(stage, host, state)]
        report.equal(f"{state} came once, and is of no session", [""], told)
    until(f"{host} is in use", lambda: lab.services().get(host) == ("enabled", None), PATIENCE)


def _told(stage, host, state):
    return [
        alarm
        for alarm in list(stage.tap.came)
        if alarm.event_type == "maintenance.host" and alarm["host"] == host
        if alarm["state"] == state
    ]


SCENARIOS = (a_host_removed_and_added,)
