"""A host is taken out of the cloud for good, and another one joins it."""

import datetime
import pathlib

import recording
from checks import until
from play import PATIENCE

#: What the manual's page shows; --write-conversation writes it anew.
FILE = pathlib.Path(__file__).parents[2] / "doc" / "host-changes.json"
_STATES = ("HOST_REMOVED", "HOST_ADDED")


def a_host_removed_and_added(stage):
    """No session runs: one of the engines finds out, and administrators are told once."""
    report, lab = stage.report, stage.lab
    host = lab.hosts[-1]
    until("the hosts are known", lambda: stage.fenix.count("known_hosts") == len(lab.hosts))
    bodies = []
    stage.tap.on_body = bodies.append
    lab.compute("stop", host)
    try:
        service = lab.nova.services.list(binary="nova-compute", host=host)[0]
        lab.nova.services.delete(service.id)
        until("HOST_REMOVED is told", lambda: _told(stage, host, "HOST_REMOVED"), PATIENCE)
    finally:
        lab.compute("start", host)
    until("HOST_ADDED is told", lambda: _told(stage, host, "HOST_ADDED"), PATIENCE)
    stage.tap.on_body = None
    for state in _STATES:
        told = [alarm["session_id"] for alarm in _told(stage, host, state)]
        report.equal(f"{state} came once, and is of no session", [""], told)
    until(f"{host} is in use", lambda: lab.services().get(host) == ("enabled", None), PATIENCE)
    if stage.write_conversation:
        recording.write(FILE, _said(bodies))


def _said(bodies):
    """The two events as Aodh posted them, in the form of a recording."""
    said = []
    for body in bodies:
        event = body["reason_data"]["event"]
        if not any(value in _STATES for _, _, value in event["traits"]):
            continue
        # It is made with a secret.
        event.pop("message_signature", None)
        at = datetime.datetime.fromisoformat(event["generated"])
        said.append((at, event["event_type"], recording.shortened(body)))
    return [
        {
            "seconds": round((at - said[0][0]).total_seconds(), 1),
            "from": recording.FENIX,
            "to": recording.ADMIN,
            "how": event_type,
            "body": body,
        }
        for at, event_type, body in said
    ]


def _told(stage, host, state):
    return [
        alarm
        for alarm in list(stage.tap.came)
        if alarm.event_type == "maintenance.host" and alarm["host"] == host
        if alarm["state"] == state
    ]


SCENARIOS = (a_host_removed_and_added,)
