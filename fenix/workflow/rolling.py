"""Rolling maintenance: the states that the built-in workflows pass through.

A subclass says how projects are asked, and may hold moves back.
"""

from __future__ import annotations

import datetime

from fenix import states
from fenix.conf.workflow import OWN_ACTION
from fenix.db import records
from fenix.planner.model import Times
from fenix.planner.plan import Plan
from fenix.workflow import bound
from fenix.workflow.asking import UNTOLD
from fenix.workflow.base import BaseWorkflow
from fenix.workflow.capacity import Picture
from fenix.workflow.consent import Consent
from fenix.workflow.emptying import Emptying
from fenix.workflow.hold import Hold
from fenix.workflow.limits import Limits
from fenix.workflow.outcome import Fatal, Go, Outcome, Wait
from fenix.workflow.pipeline import Pipeline
from fenix.workflow.scaling import Scaling
from fenix.workflow.steering import Steering


class RollingWorkflow(BaseWorkflow):
    """Empties hosts one after the other, or together, and maintains them."""

    def __init__(self, hold: Hold) -> None:
        super().__init__(hold)
        #: How long things take, as far as a plan was asked for.
        self.expected: Times | None = None
        self.limits = Limits(hold)
        self.scaling = Scaling(hold)
        self.emptying = Emptying(hold, self.consent(), self.moving, self.inventory, self.upkeep)
        self.steering = Steering(hold, self.limits)
        self.scaling.why_not = self.steering.why_not
        self.pipeline = Pipeline(self, self.emptying, self.limits)

    # What a subclass decides

    def consent(self) -> Consent:
        """How projects are asked before their instances are moved."""
        raise NotImplementedError

    def look(self) -> None:
        """Bring what decisions depend on up to date, at the beginning of every run."""
        return

    def hosts_ahead(self) -> list[records.Host]:
        """Hosts that are asked about before their turn."""
        return []

    def plan(self, times: Times) -> Plan:
        """The course that the session would follow, from the cloud as it is now."""
        self.expected = times
        self.inventory.discover()
        self.hold.note("discovered", True)
        self.look()
        return self.steering.plan(times)

    def obstacles(self) -> list[str]:
        """Reserved hosts, projects that nobody answers for, and instances that Nova never moves."""
        found = [why_not] if (why_not := self.reserved.why_not()) else []
        concerned = [i for h in self.snapshot.computes() for i in self.snapshot.on(h.hostname)]
        try:
            self.asking.look_up({i.project_id for i in concerned})
        except Fatal as error:
            found.append(str(error))
        for instance in concerned:
            why = bound.why(self.hold, instance)
            if why is not None and self.likely(instance) != OWN_ACTION:
                found.append(why)
        return found

    def likely(self, instance: records.Instance) -> str:
        """The action that an instance gets when its project does not choose another."""
        return self.moving.action(instance)

    # States

    def handle(self) -> Outcome:
        """Run the method of the session's state."""
        self.look()
        return super().handle()

    def continued(self) -> None:
        """Rounds of SCALE_IN begin anew, and a window does not count any more."""
        super().continued()
        self.scaling.begin_anew()
        self.limits.continued()

    def maintenance(self) -> Outcome:
        """Know the cloud, ask every project, wait for the time, run ``pre`` actions."""
        if not self.hold.noted("discovered"):
            self.inventory.discover()
            self.inventory.demand_movable()
            self.reserved.demand_none()
            self.hold.note("discovered", True)
            self.look()
        wait = self.ask_everyone(states.MAINTENANCE, not_before=self.session.maintenance_at)
        if wait is not None:
            return wait
        self.asking.demand_consent(states.MAINTENANCE)
        begin = self.session.maintenance_at
        if begin is not None and self.hold.now() < begin:
            return Wait(begin, "maintenance_at has not come")
        if not self.run_once("pre"):
            return self.for_a_result("pre actions")
        self.upkeep.services()
        self.inventory.observe()
        self.inventory.demand_movable()
        # Who reserved a host while projects answered has not been told of the session.
        self.reserved.demand_none()
        return Go(self._way_on())

    def scale_in(self) -> Outcome:
        """Ask projects to scale in until hosts can be emptied; in bounded rounds."""
        state = states.SCALE_IN
        if not self.scaling.round_is_open:
            way, missing = self._way_on(), self.steering.lack()
            if way != states.ASK_SCALE_IN and not self.scaling.pays(missing):
                return Go(way)
            if missing is None:
                picture = Picture(self.snapshot)
                raise Fatal(
                    self.pipeline.stuck([picture.source(h) for h in picture.unmaintained()])
                )
            self.asking.forget_answers(state)
            self.scaling.open_round(missing, self.steering.who_blocks(missing.first))
        wait = self.ask_everyone(
            state,
            seconds=self.conf.project_scale_in_reply,
            metadata=self.scaling.metadata(),
            only=self.scaling.asked(),
        )
        if wait is not None:
            return wait
        self.upkeep.services()
        self.inventory.observe()
        way = self._way_on()
        if way == states.ASK_SCALE_IN:
            if self.scaling.may_still_show():
                return Wait(self.soon(), "freed capacity shows")
            self.inventory.refresh(recent=False)
            way = self._way_on()
        if way == states.ASK_SCALE_IN:
            missing = self.steering.lack()
            self.scaling.demand_progress(None if missing is None else missing.first)
        self.scaling.close_round()
        if self.scaling.pays(self.steering.lack()):
            return Go(states.ASK_SCALE_IN)
        return Go(way)

    def prepare_maintenance(self) -> Outcome:
        """Empty the first host or hosts onto hosts that are maintained later."""
        if not self.pipeline.draining():
            self.inventory.observe()
            way = self._way_on()
            if way != states.EMPTY_A_HOST:
                return Go(way)
            first = {source.name: targets for source, targets in self.steering.first()}
            hosts = [self.snapshot.hosts[name] for name in first]
            self.limits.demand_time(hosts or self.pipeline.waiting())
            for host in self.limits.in_time(hosts):
                self.emptying.begin(host, first[host.hostname])
        due = self.pipeline.empty_first()
        if self.pipeline.draining():
            return Wait(due, "hosts are emptied")
        return Go(states.START)

    def start_maintenance(self) -> Outcome:
        """Maintain what is empty."""
        return self.pipeline.advance()

    def planned_maintenance(self) -> Outcome:
        """Empty further hosts onto maintained ones, while others are maintained."""
        return self.pipeline.advance()

    def maintenance_complete(self) -> Outcome:
        """Run ``post`` actions, tell projects that they can scale out."""
        state = states.MAINTENANCE_COMPLETE
        self.pipeline.put_into_use()
        if not self.run_once("post"):
            return self.for_a_result("post actions")
        self.scaling.before_scaling_out()
        wait = self.ask_everyone(state, also_without_instances=True)
        if wait is None and self._tell_anew():
            wait = self.ask_everyone(state, also_without_instances=True)
        if wait is not None:
            return wait
        if not self.hold.noted(f"settled_{state}"):
            self.asking.demand_consent(state)
        self.pipeline.verify_use()
        return Go(states.FINISHED)

    def _tell_anew(self) -> bool:
        """Have those asked again that look as if they had not heard that they can scale out."""
        unheard = [
            self.hold.project(p)
            for p, at in self.asking.untold().items()
            if self.scaling.may_need_telling(p, datetime.datetime.fromisoformat(at))
        ]
        self.hold.note(UNTOLD, None)
        for project in unheard:
            project.state = None
            self.hold.touch(project)
        return bool(unheard)

    # What comes next

    def _way_on(self) -> str:
        """The event that free capacity allows: start, empty a host, or scale in."""
        return self.steering.way_on()
