"""Works on hosts in place, one at a time, and watches each for a while afterwards."""

import datetime

from fenix import states
from fenix.workflow.base import BaseWorkflow
from fenix.workflow.outcome import Go, Wait
from fenix.workflow.upkeep import DONE, PENDING

SOAKING = "SOAKING"


class Workflow(BaseWorkflow):
    """For work that instances live through: no host is emptied."""

    table = states.Table.of(
        {
            (states.MAINTENANCE, states.START): states.START_MAINTENANCE,
            (states.START_MAINTENANCE, "soak"): SOAKING,
            (SOAKING, "soaked"): states.START_MAINTENANCE,
            (states.START_MAINTENANCE, states.ALL_MAINTAINED): states.MAINTENANCE_COMPLETE,
            (states.MAINTENANCE_COMPLETE, states.FINISHED): states.MAINTENANCE_DONE,
        }
    )
    parameters = {
        "type": "object",
        "additionalProperties": False,
        "properties": {"soak": {"type": "number", "minimum": 0}},
    }
    action_types = BaseWorkflow.action_types | {"soak"}

    def maintenance(self):
        """Ask every project with instances, wait for the time, run the ``pre`` actions."""
        if not self.hold.noted("discovered"):
            self.inventory.discover()
            self.hold.note("discovered", True)
        begin = self.session.maintenance_at
        wait = self.ask_everyone(states.MAINTENANCE, not_before=begin)
        if wait is not None:
            return wait
        self.asking.demand_consent(states.MAINTENANCE)
        if begin is not None and self.hold.now() < begin:
            return Wait(begin, "maintenance_at has not come")
        if not self.run_once("pre"):
            return self.for_a_result("pre actions")
        return Go(states.START)

    def start_maintenance(self):
        """Take the next host through its actions; controllers come first."""
        hosts = sorted(self.snapshot.session_hosts(), key=lambda h: (h.is_compute, h.hostname))
        host = next((h for h in hosts if h.phase != DONE), None)
        if host is None:
            return Go(states.ALL_MAINTAINED)
        if host.phase == PENDING:
            self.upkeep.disable(host)  # what runs there stays, but nothing new lands on it
            self.upkeep.begin(host)
        due = self.upkeep.step(host)
        if host.phase != DONE:
            why = f"{host.hostname} is worked on"
            return self.for_a_result(why) if due is None else Wait(due, why)
        self.progress()
        self.hold.tell_session()
        soak = self.hold.after(self.given.get("soak", 60))
        self.hold.note("soaking", [host.hostname, soak.isoformat()])
        return Go("soak")

    def soaking(self):
        """Watch a host for a while, then run its ``soak`` actions: they may object."""
        hostname, until = self.hold.noted("soaking")
        until = datetime.datetime.fromisoformat(until)
        if self.hold.now() < until:
            return Wait(until, f"{hostname} is watched")
        if not self.acting.finished(["soak"], hostname):
            return self.for_a_result(f"soak actions on {hostname}")
        return Go("soaked")

    def maintenance_complete(self):
        """Run the ``post`` actions, tell the projects."""
        if not self.run_once("post"):
            return self.for_a_result("post actions")
        return self.ask_everyone(states.MAINTENANCE_COMPLETE) or Go(states.FINISHED)
