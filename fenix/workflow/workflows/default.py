"""The ``default`` workflow: one question per project and host, no constraints."""

from __future__ import annotations

import datetime
import sys

from fenix import states
from fenix.db import records
from fenix.planner import sequence
from fenix.planner.model import Source, total
from fenix.workflow.base import BaseWorkflow
from fenix.workflow.capacity import Picture
from fenix.workflow.emptying import Emptying
from fenix.workflow.hold import Hold
from fenix.workflow.outcome import Fatal, Go, Outcome, Wait
from fenix.workflow.scaling import Scaling
from fenix.workflow.upkeep import DONE, DRAINING, MAINTAINING, PENDING, RETURNING


class Workflow(BaseWorkflow):
    """Rolling maintenance of controllers and computes, in interaction with projects."""

    def __init__(self, hold: Hold) -> None:
        super().__init__(hold)
        self.emptying = Emptying(hold, self.asking, self.moving, self.inventory, self.upkeep)
        self.scaling = Scaling(hold)

    def continued(self) -> None:
        """Rounds of SCALE_IN begin anew."""
        super().continued()
        self.scaling.begin_anew()

    # States

    def maintenance(self) -> Outcome:
        """Know the cloud, ask every project, wait for the time, run ``pre`` actions."""
        if not self.hold.noted("discovered"):
            self.inventory.discover()
            self.inventory.demand_movable()
            self.hold.note("discovered", True)
        wait = self.ask_everyone(states.MAINTENANCE, not_before=self.session.maintenance_at)
        if wait is not None:
            return wait
        self.asking.demand_consent(states.MAINTENANCE)
        begin = self.session.maintenance_at
        if begin is not None and self.hold.now() < begin:
            return Wait(begin, "maintenance_at has not come")
        if not self.run_once("pre"):
            return self.for_a_result("pre actions")
        self.inventory.refresh()
        self.inventory.demand_movable()
        return Go(self._way_on())

    def scale_in(self) -> Outcome:
        """Ask projects to scale in until one host can be emptied; in bounded rounds."""
        state = states.SCALE_IN
        if not self.scaling.round_is_open:
            short = self._shortage()
            if short is None:
                return Go(self._way_on())
            self.asking.forget_answers(state)
            self.scaling.open_round(short)
        wait = self.ask_everyone(
            state,
            seconds=self.conf.project_scale_in_reply,
            metadata=self.scaling.metadata(),
            only=self.scaling.asked(),
        )
        if wait is not None:
            return wait
        self.inventory.observe()
        way = self._way_on()
        if way == states.ASK_SCALE_IN:
            if self.scaling.may_still_show():
                return Wait(self.soon(), "freed capacity shows")
            self.inventory.refresh()
            way = self._way_on()
        if way == states.ASK_SCALE_IN:
            self.scaling.demand_progress(self._shortage())
        self.scaling.close_round()
        return Go(way)

    def prepare_maintenance(self) -> Outcome:
        """Empty the first host or hosts onto hosts that are maintained later."""
        if not self._draining():
            self.inventory.observe()
            way = self._way_on()
            if way != states.EMPTY_A_HOST:
                return Go(way)
            for source, placement in self._first():
                self.emptying.begin(self.snapshot.hosts[source.name], placement)
        self.watching.watch()
        due = self._empty(states.PREPARE_MAINTENANCE, Picture(self.snapshot).usable())
        for host in self._emptied():
            self.upkeep.give_back(host)
        if self._draining():
            return Wait(due, "hosts are emptied")
        return Go(states.START)

    def start_maintenance(self) -> Outcome:
        """Maintain what is empty."""
        return self._pipeline()

    def planned_maintenance(self) -> Outcome:
        """Empty further hosts onto maintained ones, while others are maintained."""
        return self._pipeline()

    def maintenance_complete(self) -> Outcome:
        """Run ``post`` actions, tell projects that they can scale out."""
        state = states.MAINTENANCE_COMPLETE
        for host in self.snapshot.session_hosts():
            self.upkeep.enable(host)
        if not self.run_once("post"):
            return self.for_a_result("post actions")
        wait = self.ask_everyone(state, also_without_instances=True)
        if wait is not None:
            return wait
        if not self.hold.noted(f"settled_{state}"):
            self.asking.demand_consent(state)
        return Go(states.FINISHED)

    # What comes next

    def _way_on(self) -> str:
        """The event that free capacity allows: start, empty a host, or scale in."""
        picture = Picture(self.snapshot)
        sources = self._useful(picture.unmaintained())
        if not sources or sequence.next_hosts(sources, picture.rooms(picture.settled()), 1):
            return states.START
        return states.EMPTY_A_HOST if self._first() else states.ASK_SCALE_IN

    def _useful(self, hosts: list[records.Host]) -> list[Source]:
        """Hosts as sources; empty ones that stay disabled gain nothing for the others."""
        picture = Picture(self.snapshot)
        sources = [picture.source(h) for h in hosts]
        if all(not s.items for s in sources):
            return sources
        stay_out = {h.hostname for h in hosts if h.found_disabled}
        return [s for s in sources if s.items or s.name not in stay_out]

    def _first(self) -> list[tuple[Source, dict[str, str]]]:
        picture = Picture(self.snapshot)
        waiting = [h for h in picture.unmaintained() if not h.found_disabled]
        sources = [picture.source(h) for h in waiting]
        everything = sum(len(s.items) for s in sources)
        return sequence.first_hosts(
            sources,
            picture.rooms(picture.usable()),
            everything * self.conf.second_moves_percent // 100,
            self._limit(),
        )

    def _shortage(self) -> sequence.Shortage | None:
        picture = Picture(self.snapshot)
        waiting = [h for h in picture.unmaintained() if not h.found_disabled]
        return sequence.shortage(
            [picture.source(h) for h in waiting], picture.rooms(picture.usable())
        )

    def _limit(self) -> int:
        return self.conf.max_parallel_hosts or sys.maxsize

    # The pipeline of hosts

    def _pipeline(self) -> Outcome:
        self.watching.watch()
        due = [self._controllers()]
        if self._controllers_done():
            due.append(self._empty(states.PLANNED_MAINTENANCE, Picture(self.snapshot).settled()))
            for host in self._emptied():
                self.upkeep.begin(host)
            due.extend(self._step(h) for h in self._under_work())
            self._begin_next()
            due.append(self._empty(states.PLANNED_MAINTENANCE, Picture(self.snapshot).settled()))
        move = self._state_move()
        if move is not None:
            return move
        return Wait(min(due), "hosts are emptied and maintained")

    def _state_move(self) -> Go | None:
        planned = self.session.state == states.PLANNED_MAINTENANCE
        if self._draining():
            return None if planned else Go(states.EMPTY_NEXT)
        if planned:
            return Go(states.ALL_EMPTIED)
        if all(h.phase == DONE for h in self.snapshot.session_hosts()):
            return Go(states.ALL_MAINTAINED)
        return None

    def _controllers(self) -> datetime.datetime:
        """One controller at a time; hosts that are computes too go with the computes."""
        for host in self._pure_controllers():
            if host.phase == DONE:
                continue
            if host.phase == PENDING:
                self.upkeep.begin(host)
            due = self._step(host)
            if host.phase != DONE:
                return due
        return self.for_a_result("").until

    def _pure_controllers(self) -> list[records.Host]:
        return [h for h in self.snapshot.session_hosts() if not h.is_compute]

    def _controllers_done(self) -> bool:
        return all(h.phase == DONE for h in self._pure_controllers())

    def _step(self, host: records.Host) -> datetime.datetime:
        due = self.upkeep.step(host)
        if host.phase == DONE:
            self.progress()
            self.hold.tell_session()
            self._keep_unmaintained_free()
        return due or self.for_a_result("").until

    def _keep_unmaintained_free(self) -> None:
        """Once there is a maintained compute in use, nothing new lands on the others."""
        picture = Picture(self.snapshot)
        if any(not h.outside for h in picture.settled()):
            for host in picture.unmaintained():
                self.upkeep.disable(host)

    def _draining(self) -> list[records.Host]:
        return [h for h in self.snapshot.computes() if h.phase == DRAINING]

    def _emptied(self) -> list[records.Host]:
        return [
            h
            for h in self._draining()
            if not self.snapshot.on(h.hostname) and not self.moving.leaving(h.hostname)
        ]

    def _under_work(self) -> list[records.Host]:
        return [h for h in self.snapshot.computes() if h.phase in (MAINTAINING, RETURNING)]

    def _empty(self, state: str, targets: list[records.Host]) -> datetime.datetime:
        due = [self.for_a_result("").until]
        self.emptying.withdraw_idle()
        for host in self._draining():
            when = self.emptying.step(host, state, targets)
            if when is not None:
                due.append(when)
        self.emptying.begin_moves(state, targets)
        return min(due)

    def _begin_next(self) -> None:
        picture = Picture(self.snapshot)
        waiting = self._one_control_host(picture.unmaintained())
        active = len(self._draining()) + len(self._under_work())
        if not waiting or active >= self._limit():
            return
        rooms = picture.rooms(picture.settled())
        # Nothing is planned again before there is more room, or other hosts wait.
        state = (len(waiting), len(rooms), total(r.free for r in rooms))
        if active and self.snapshot.tried.get("next") == state:
            return
        sources = [picture.source(h) for h in waiting]
        chosen = sequence.next_hosts(sources, rooms, self._limit() - active)
        for source, placement in chosen:
            self.emptying.begin(self.snapshot.hosts[source.name], placement)
        self.snapshot.tried["next"] = None if chosen else state
        if not chosen and not active:
            raise Fatal(self._stuck(sources))

    def _one_control_host(self, hosts: list[records.Host]) -> list[records.Host]:
        """Of hosts that are controllers too, one at a time is worked on."""
        busy = any(h.is_controller for h in [*self._draining(), *self._under_work()])
        control = [h for h in hosts if h.is_controller][: 0 if busy else 1]
        return [h for h in hosts if not h.is_controller] + control

    def _stuck(self, sources: list[Source]) -> str:
        picture = Picture(self.snapshot)
        rooms = picture.rooms(picture.settled())
        short = sequence.shortage(sources, rooms)
        free = ", ".join(f"{r.name} {r.free.vcpus:g}" for r in rooms[:20]) or "none"
        missing = (
            f"for {short.host}, which needs least, {short.instances} instances with "
            f"{short.vcpus:g} vCPU find no place"
            if short
            else "no host can be emptied"
        )
        return (
            f"{', '.join(s.name for s in sources[:20])} cannot be emptied: {missing}. Free vCPUs "
            f"on maintained hosts: {free}. Free capacity there (scale in, or enable another "
            f"host), then continue the session"
        )
