"""One session from its creation to its end, in virtual time."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import functools
import random
from collections.abc import Callable, Mapping
from typing import Any

from fenix import exceptions, states
from fenix.api import matching
from fenix.cloud import aodh
from fenix.conf.notifications import PLANNED
from fenix.conf.workflow import OWN_ACTION
from fenix.db import records
from fenix.engine.runner import Runner
from fenix.simulator import faults, managers, mortality
from fenix.simulator.clock import Agenda, Clock, moment, seconds_of
from fenix.simulator.cloud import Cloud
from fenix.simulator.demands import Demands
from fenix.simulator.judge import Judge, Violation
from fenix.simulator.moves import Moves
from fenix.simulator.neighbours import Neighbours
from fenix.simulator.port import Port
from fenix.simulator.settings import settings
from fenix.simulator.store import MemoryStore
from fenix.simulator.topology import USUAL, Times, Topology
from fenix.workflow.base import BaseWorkflow
from fenix.workflow.hold import Ports
from fenix.workflow.host_events import ADMIN
from fenix.workflow.workflows import default, vnf

WORKFLOWS: dict[str, type[BaseWorkflow]] = {"default": default.Workflow, "vnf": vnf.Workflow}

_ID = "5e551010-0000-4000-8000-000000000000"
_ACTION = "simulated"
_LEASE = 10.0
_STEPS_WITHOUT_TIME = 1000


@dataclasses.dataclass(frozen=True)
class Scenario:
    """What is simulated.

    :ivar answers: managers by project; a project that is not named has none.
    :ivar mortality: when engines are killed; None: never.
    :ivar options: of the service, by section and name.
    :ivar limits: of the session, as its creation takes them (contract section 8).
    :ivar look: seconds between two looks at the cloud while something happens there. Looks that
        could not see a change are left out, so a short time costs little.
    :ivar longest: virtual seconds after which a session counts as one that does not end.
    """

    topology: Topology
    seed: int = 0
    workflow: str = "default"
    answers: Mapping[str, managers.Manager] = dataclasses.field(default_factory=dict)
    options: Mapping[str, Mapping[str, Any]] = dataclasses.field(default_factory=dict)
    limits: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    times: Times = USUAL
    faults: faults.Faults = faults.NONE
    mortality: mortality.Mortality | None = None
    look: float = 1.0
    longest: float = 14 * 24 * 3600.0


@dataclasses.dataclass(frozen=True)
class Result:
    """What came of a session. Times are virtual seconds.

    :ivar makespan: from the first drain to the last host in use again; 0: nothing was drained.
    :ivar handler_runs: how often the workflow was run.
    """

    state: str
    reason: str | None
    violations: tuple[Violation, ...]
    seconds: float
    makespan: float
    waves: int
    moves: int
    second_moves: int
    hosts_done: int
    handler_runs: int
    asked: Mapping[str, int]
    peak: Mapping[str, int]
    events: tuple[records.Event, ...]


class Session:
    """A session being simulated."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._rng = rng = random.Random(scenario.seed)  # noqa: S311 - no secret
        self.clock = Clock()
        self.agenda = Agenda(self.clock)
        self.cloud = Cloud(scenario.topology, self.clock, self.agenda, scenario.times, rng)
        self.moves = Moves(self.cloud, scenario.faults)
        self.judge = Judge(scenario.topology, self.clock)
        self.judge.begin(self.cloud.servers)
        self.judge.is_up = lambda hostname: self.cloud.hosts[hostname].up
        self.cloud.watchers.append(self.judge)
        self._world = managers.World(self.cloud, self.moves, rng)
        self._heard: collections.Counter[tuple[str, str]] = collections.Counter()
        self._asked: collections.Counter[str] = collections.Counter()
        self._runs = 0
        self._dying = False
        self.store = self._make_store()
        Demands(self.store, self.cloud).begin()
        self._options = options = {g: dict(v) for g, v in scenario.options.items()}
        # Whatever changes in the cloud wakes the session: looks without news are left out.
        options.setdefault("engine", {}).setdefault("cloud_poll_interval", 60.0)
        self._mortality = scenario.mortality or mortality.Mortality()
        #: Nobody can claim the session before this time, in seconds.
        self._held_until = 0.0
        self._runner = self._engine()
        Neighbours(self.cloud, scenario.faults).begin()

    def _engine(self) -> Runner:
        """A new engine, which knows what is in the rows only."""
        port = Port(self.cloud, self.moves, self._scenario.faults)
        return Runner(
            conf=settings(self._options),
            store=self._mortality.store(self.store),
            clock=self.clock,
            ports=Ports(
                cloud=self._mortality.cloud(port), managers=self._managers, reservations=list
            ),
            plugins=self,
            leases=self,
            on_commit=lambda _changes: None,
        )

    def _make_store(self) -> MemoryStore:
        specs = [h for h in self._scenario.topology.hosts if not h.outside]
        now = self.clock.now()
        row = records.Session(_ID, self._scenario.workflow, states.INITIAL, now, now, wake_at=now)
        row.settings = dict(self._scenario.limits)
        hosts = [
            records.Host(
                _ID,
                h.name,
                ",".join(sorted(h.roles)),
                service_id=h.name,
                found_disabled=not h.enabled,
            )
            for h in specs
        ]
        actions = [
            records.Action(_ID, _ACTION, kind, action_id=number)
            for number, kind in enumerate(("pre", "host", "post"), 1)
        ]
        store = MemoryStore(row, hosts, actions)
        store.send, store.start = self._send, self._start
        return store

    # What the runner asks of an engine

    def workflow(self, name: str) -> type[BaseWorkflow]:
        """The class of a workflow."""
        return WORKFLOWS[name]

    def take(self, session_id: str) -> records.Session | None:
        """Claim the session."""
        return self.store.take(session_id)

    def drop(self, session_id: str) -> None:
        """The runner has finished with the session."""

    def check(self, session_id: str) -> None:
        """The moment before a call in which an engine may die."""
        share = self._scenario.faults.engine_dies
        if share and self._rng.random() < share:
            self._dying = True
            raise exceptions.LostLease(f"the engine of {session_id} died")

    def _managers(self) -> dict[str, aodh.Manager]:
        return {p: aodh.Manager((PLANNED,)) for p in self._scenario.answers}

    # Running

    def run(self) -> Result:
        """Simulate the session to its end."""
        at_once = 0
        while True:
            due = self._due()
            if due is None:
                break
            at_once = at_once + 1 if due <= self.clock.seconds else 0
            if due > self._scenario.longest or at_once > _STEPS_WITHOUT_TIME:
                self.judge.does_not_end(
                    f"{self.store.row.state} at {self.clock.seconds:.0f} s, next at {due:.0f} s"
                )
                break
            self.clock.set(due)
            before = self.cloud.version
            self.agenda.run_due()
            if self.cloud.version != before:
                self._news()
            if self.store.row.wake_at is not None and self._claimable_at() <= self.clock.seconds:
                self._handle()
        return self._conclude()

    def _due(self) -> float | None:
        """When something happens next; None when the session has come to rest."""
        row, other = self.store.row, self.agenda.next_at()
        if row.wake_at is None:
            if row.state in states.IDLE:
                return None
            if row.paused_at is not None and other is not None:
                return other
            self.judge.does_not_end(f"{row.state} waits for nothing")
            return None
        wake = self._claimable_at()
        return wake if other is None else min(wake, other)

    def _claimable_at(self) -> float:
        wake_at = self.store.row.wake_at
        return max(self._held_until, 0.0 if wake_at is None else seconds_of(wake_at))

    def _news(self) -> None:
        """The cloud has changed: the session sees it at its next look."""
        row, look = self.store.row, self._scenario.look
        if row.wake_at is None:
            return
        seen = moment((self.clock.seconds // look + 1) * look)
        row.wake_at = min(row.wake_at, seen)

    def _handle(self) -> None:
        self._runs += 1
        before = self.cloud.version
        try:
            self._runner.run(_ID)
        except mortality.Death:
            self._succeed()
        if self._dying:
            self._dying = False
            self.store.row.wake_at = moment(self.clock.seconds + _LEASE)
        elif self.cloud.version != before:
            self._news()

    def _succeed(self) -> None:
        """Another engine takes over when the lease has ended; a call in flight may come later."""
        self._held_until = self.clock.seconds + _LEASE
        self._runner = self._engine()
        for call in self._mortality.left_behind:
            self.agenda.after(self._mortality.late or 0.0, functools.partial(_in_flight, call))
        self._mortality.left_behind.clear()

    # Actions and notifications

    def _start(self, run: records.ActionRun) -> None:
        host = run.hostname if run.type == "host" else None
        if host is not None and run.attempt == 0:
            self.judge.works_on(host)
        run.attempt += 1
        times = self._scenario.times
        seconds = (times.once if host is None else times.host)(self._rng)
        failed = self._rng.random() < self._scenario.faults.action_fails
        self.agenda.after(seconds, lambda: self._finish(run, failed))

    def _finish(self, run: records.ActionRun, failed: bool) -> None:
        run.state = "FAILED" if failed else "SUCCEEDED"
        run.result = "a fault" if failed else "done"
        self.store.wake(self.clock.now())

    def _send(self, row: records.Outgoing) -> None:
        if row.channel == ADMIN:
            payload = row.payload
            if payload.get("state") == "MAINTENANCE_COMPLETE" and "host" in payload:
                self.judge.finished(payload["host"])
            return
        state = row.payload["state"]
        self._asked[state] += 1
        if row.send_once and self._mortality.loses_next():
            self.store.unsure.add(row.message_id)
            self.store.left(row.message_id, self.clock.now())
            return
        named = row.payload["instance_ids"]
        if isinstance(named, list) and OWN_ACTION in row.payload["allowed_actions"]:
            self.judge.offered(named[0])
        later = max(seconds_of(row.due_at) - self.clock.seconds, 0.0)
        self.agenda.after(later, lambda: self._deliver(row))

    def _deliver(self, row: records.Outgoing) -> None:
        self.store.left(row.message_id, self.clock.now())
        if row.payload["state"] == states.INSTANCE_ACTION_DONE:
            return
        seconds = self._scenario.times.reply(self._rng)
        self.agenda.after(seconds, lambda: self._answer(row))

    def _answer(self, row: records.Outgoing) -> None:
        """A manager answers through the API's own rules."""
        manager = self._scenario.answers[row.channel]
        payload, view = row.payload, self.store.view(row.channel)
        named = payload["instance_ids"]
        single = named[0] if isinstance(named, list) else None
        key = (row.channel, payload["state"])
        says = manager(
            managers.Heard(
                project_id=row.channel,
                state=payload["state"],
                instance_ids=tuple(matching.concerned(view) if single is None else named),
                allowed_actions=tuple(payload["allowed_actions"]),
                metadata=payload["metadata"],
                number=self._heard[key],
            ),
            self._world,
        )
        self._heard[key] += 1
        if says is None:
            return
        reply = matching.Reply(payload["state"], says.word == managers.NACK, says.actions)
        try:
            if single is None:
                answers = matching.for_project(view, reply)
            else:
                answers = matching.for_instance(view, single, reply)
        except exceptions.NotFound:
            return  # an instance that is gone meanwhile: a manager's 404
        for answer in answers:
            text = reply.text if answer.complete else None
            self.store.reply(answer.wait.wait_id, text, answer.actions, self.clock.now())

    # The end

    def _conclude(self) -> Result:
        row, judge = self.store.row, self.judge
        broken = frozenset(s.server_id for s in self.cloud.servers.values() if s.fault)
        excused = broken | self.moves.endless()
        judge.conclude(self.cloud.servers, row.state, row.reason, excused)
        hosts = self.store.detail(_ID).hosts
        ours = frozenset(h.hostname for h in hosts if not h.outside)
        if row.state == states.MAINTENANCE_DONE:
            judge.conclude_hosts({n: h.enabled for n, h in self.cloud.hosts.items()}, ours)
        started = [h.started_at for h in hosts if h.started_at]
        finished = [h.finished_at for h in hosts if h.finished_at]
        makespan = (max(finished) - min(started)).total_seconds() if started and finished else 0.0
        return Result(
            state=row.state,
            reason=row.reason,
            violations=tuple(judge.violations),
            seconds=self.clock.seconds,
            makespan=makespan,
            waves=judge.waves(),
            moves=judge.moves,
            second_moves=judge.second_moves,
            hosts_done=len(judge.maintained_at),
            handler_runs=self._runs,
            asked=dict(self._asked),
            peak=dict(judge.peak),
            events=tuple(self.store.events),
        )


def _in_flight(call: Callable[[], Any]) -> None:
    with contextlib.suppress(exceptions.CloudError):
        call()


def simulate(scenario: Scenario) -> Result:
    """Simulate one session."""
    return Session(scenario).run()
