"""Every word of a small session, recorded and held against the contract's sequence.

Two full computes and a controller: room is short and no host is empty, so every state comes. The
manager says "not now" once.
"""

import collections
import contextlib
import datetime
import json
import pathlib
import runpy

import recording
from checks import until
from lab import MOVED, OWN_ALARMS, now
from play import PATIENCE, clean

#: What the manual's page shows; --write-conversation writes it anew.
FILE = pathlib.Path(__file__).parents[2] / "doc" / "conversation.json"

_Listener = runpy.run_path(str(pathlib.Path(__file__).parents[1] / "infra_admin.py"))["Listener"]
_CONTROLLER, _COMPUTES = "controller", ("compute-1", "compute-2")
_OF_HOST = "maintenance.host"
_END = "MAINTENANCE_DONE"
_REFUSED = "MAINTENANCE"
#: Two of them fill a host.
_FLAVOR = "lab.medium"
_INSTANCES = {
    "pair-1": "compute-1",
    "worker-1": "compute-2",
    "worker-2": "compute-1",
    "worker-3": "compute-2",
}
_BODY = {
    "hosts": [_CONTROLLER, *_COMPUTES],
    "state": "MAINTENANCE",
    "metadata": {"openstack_release": "Gazpacho"},
    "actions": [{"plugin": "dummy", "type": "host", "metadata": {"seconds": 1}}],
}


class Recorder:
    """Writes down what an administrator, Fenix and a manager say, each with its moment."""

    def __init__(self, manager):
        self._manager = manager
        self._said = []
        self._told = set()

    def add(self, at, sender, receiver, how, body):
        self._said.append((at, sender, receiver, how, body))

    def notification(self, event_type, payload, timestamp):
        """Of the message bus; what goes to several projects of administrators once."""
        told = (payload["session_id"], payload.get("host"), payload["state"])
        if event_type == _OF_HOST and told in self._told:
            return
        self._told.add(told)
        at = datetime.datetime.fromisoformat(timestamp)
        self.add(at, recording.FENIX, recording.BUS, event_type, payload)

    def webhook(self, body):
        """Of Aodh to the manager; without the signature, which is made with a secret."""
        event = body["reason_data"]["event"]
        event.pop("message_signature", None)
        at = datetime.datetime.fromisoformat(event["generated"])
        self.add(at, recording.FENIX, self._manager.project, event["event_type"], body)

    def reply(self, at, payload, body):
        """Of the manager to Fenix."""
        how = f"PUT {payload['reply_url']}"
        self.add(at, self._manager.project, recording.FENIX, how, body)

    def constraint(self, at, method, path, body):
        """Of the manager to Fenix, whatever session there is."""
        how = f"{method} /v1{path}"
        self.add(at, self._manager.project, recording.FENIX, how, body)

    def of(self, session_id):
        """What was said about a session and of constraints, in order, with ids shortened."""
        mine = [one for one in list(self._said) if self._belongs(one, session_id)]
        mine.sort(key=lambda one: one[0])
        created = next(at for at, sender, *_ in mine if sender == recording.ADMIN)
        return [
            {
                "seconds": round((at - created).total_seconds(), 1),
                "from": sender,
                "to": receiver,
                "how": recording.shortened(how),
                "body": recording.shortened(body),
            }
            for at, sender, receiver, how, body in mine
        ]

    @staticmethod
    def _belongs(one, session_id):
        _at, sender, _receiver, how, body = one
        constraint = how.partition(" ")[2].startswith("/v1/instance")
        return sender == recording.ADMIN or constraint or session_id in json.dumps([how, body])

    def ended(self, session_id):
        """Whether administrators have heard the end of a session."""
        return any(
            one["how"] == "maintenance.session" and one["body"]["state"] == _END
            for one in self.of(session_id)
        )


@contextlib.contextmanager
def recorder(stage):
    """Records the bus, and both ways between Fenix and the manager of vnf-a."""
    manager = stage.managers[0]
    made = manager.recorder = Recorder(manager)
    listener = _Listener(stage.lab.env["LAB_TRANSPORT_URL"], made.notification)
    listener.start()
    manager.tap.on_body = made.webhook
    try:
        yield made
    finally:
        manager.recorder = manager.tap.on_body = None
        listener.stop()


def a_recorded_conversation(stage):
    """Records a session; every word must be the contract's, in its order."""
    report, lab = stage.report, stage.lab
    for host in lab.hosts:
        if host not in _COMPUTES:
            lab.set_service(host, f"{OWN_ALARMS}other-work")
    try:
        said, moves = _session(stage)
    finally:
        clean(stage)
    moved = collections.Counter(m.source_compute for m in moves)
    # The counter has them in the order of their first move.
    expected = recording.contract([_CONTROLLER], list(moved), moved, [_REFUSED])
    got = recording.gist(said, stage.managers[0].project)
    report.equal("every event and reply is the contract's, in its order", expected, got)
    wrong = recording.session_faults(said)
    report.none("so are the states that administrators hear", wrong)
    if stage.write_conversation:
        recording.write(FILE, said)
    return f"words in the recorded conversation {len(said)}"


def _session(stage):
    """Runs the session; returns what was said, and Nova's records of the moves, oldest first."""
    lab, admin, manager = stage.lab, stage.admin, stage.managers[0]
    begun = now()
    manager.refuses[_REFUSED] = 1
    lab.boot(
        [
            {"name": name, "project": manager.project, "host": host, "flavor": _FLAVOR}
            for name, host in _INSTANCES.items()
        ]
    )
    with recorder(stage) as heard:
        at = now()
        session_id = admin.create(**_BODY)
        heard.add(at, recording.ADMIN, recording.FENIX, "POST /v1/maintenance", _BODY)
        heard.add(at, recording.FENIX, recording.ADMIN, "200", {"session_id": session_id})
        admin.wait_end(session_id, PATIENCE)
        until("the end is heard", lambda: heard.ended(session_id))
        return heard.of(session_id), [m for m in lab.migrations(begun) if m.status in MOVED]


SCENARIOS = (a_recorded_conversation,)
