"""The managers of the two projects: the sample VNFM, with manners that a check chooses."""

import pathlib
import runpy

from alarms import Tap
from checks import until
from lab import now

Sample = runpy.run_path(str(pathlib.Path(__file__).parents[1] / "vnfm.py"))["VNFM"]

#: By the beginning of an instance's name.
ACTIONS = {
    "pair": "LIVE_MIGRATE",
    "live": "LIVE_MIGRATE",
    "worker": "MIGRATE",
    "own": "OWN_ACTION",
}
_PATIENCE = 60.0


class Manager(Sample):
    """The sample VNFM, which also moves instances itself.

    ``before``: state -> called with the payload before the sample answers, in its thread;
    ``before_reply``: the same, when it has decided what to answer.
    ``silent_in``: states in which it hears and does not answer.
    ``refuses``: state -> how often it says "not now" before it agrees.
    ``recorder``: is told every reply, and when it was sent.
    ``replaced``: ids of instances that it re-created elsewhere, old -> new.
    """

    def __init__(self, lab, project):
        super().__init__(
            lab.session(project), region=lab.region, scalable="worker", actions=ACTIONS
        )
        self.project = project
        self.before, self.before_reply = {}, {}
        self.silent_in = set()
        self.refuses = {}
        self.replaced = {}
        self.recorder = None
        self.tap = Tap(forward=self.start())

    def listen(self, event_type):
        """Subscribes to Fenix's events by the name that this project knows."""
        self.subscribe(self.tap.url, event_type)

    def handle(self, payload):
        state = payload["state"]
        if state in self.before:
            self.before[state](payload)
        if state in self.silent_in:
            self.events.append(payload)
        elif self.refuses.get(state, 0):
            self.events.append(payload)
            self.refuses[state] -= 1
            self.reply(payload, {"state": f"NACK_{state}"})
        else:
            super().handle(payload)

    def reply(self, payload, body):
        if payload["state"] in self.before_reply:
            self.before_reply[payload["state"]](payload)
        at = now()
        super().reply(payload, body)
        if self.recorder is not None:
            self.recorder.reply(at, payload, self.replies[-1][1])
        for instance_id, action in body.get("instance_actions", {}).items():
            if action == "OWN_ACTION":
                self.move_itself(instance_id)

    def _maintenance(self, method, path, body=None):
        if self.recorder is not None:
            self.recorder.constraint(now(), method, path, body)
        super()._maintenance(method, path, body)

    def choose(self, payload):
        """What it would move itself it lets Fenix move where that is not for good."""
        chosen = super().choose(payload)
        if payload["state"] == "PREPARE_MAINTENANCE":
            return {i: "LIVE_MIGRATE" if a == "OWN_ACTION" else a for i, a in chosen.items()}
        return chosen

    def behave(self):
        """No manners of its own any more."""
        for manners in (self.before, self.before_reply, self.silent_in, self.refuses):
            manners.clear()

    def move_itself(self, instance_id):
        """Make an instance again, wherever Nova finds room, before the old one goes."""
        old = self.nova.servers.get(instance_id)
        flavor = next(f for f in self.nova.flavors.list() if f.name == old.flavor["original_name"])
        new = self.nova.servers.create(old.name, old.image["id"], flavor, nics="none")

        def ended():
            status = self.nova.servers.get(new.id).status
            return status if status in ("ACTIVE", "ERROR") else None

        if until(f"{self.project}'s new {old.name} has started", ended, _PATIENCE) == "ERROR":
            # It stays where it is for now; the failed one is of no use.
            self.nova.servers.delete(new.id)
            return
        self.nova.servers.delete(old.id)
        self.replaced[old.id] = new.id

    def end(self):
        self.tap.stop()
        self.stop()
