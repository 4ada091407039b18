"""Commands at every moment of a session, one after the other, in virtual time.

Moments are those right after anything happens in the undisturbed session: so each of its waits is
met.
"""

from __future__ import annotations

import dataclasses
import os
from typing import Any

from fenix import states
from fenix.db import lifecycle, records
from fenix.simulator import managers, topology
from fenix.simulator.clock import moment, seconds_of
from fenix.simulator.mortality import Mortality
from fenix.simulator.session import Result, Scenario, Session
from fenix.tests.unit.simulator import test_mortality
from fenix.workflow import resuming

#: With this set, at each moment the engine dies at every point: minutes.
_WHOLE = "FENIX_TEST_EVERY_MOMENT"
_SMOKE = "smells of smoke"
_ID = "5e551010-0000-4000-8000-000000000000"
_BEGINS = ("disable", "enable", "live_migrate", "cold_migrate")
_PAUSE = 500.0
_BEGINS_AT = 40.0
_RECOVERY = 30
#: Between points of death.
_STEP = 1 if os.environ.get(_WHOLE) else 2

_CONTROLLER = topology.HostSpec("control-1", 4, 8192, 100, roles=frozenset({"controller"}))


def _host(number: int, vcpus: float = 2, **changed: Any) -> topology.HostSpec:
    return topology.HostSpec(f"host-{number}", vcpus, 8192, 100, **changed)


def _server(number: int, host: int, **changed: Any) -> topology.ServerSpec:
    name = f"server-{number}"
    return topology.ServerSpec(
        name, f"project-{number % 2}", f"host-{host}", 1, 1024, 10, **changed
    )


#: Waits for answers, for its time, for actions on every kind of host, for the first host to prove
#: itself, for cold and live migrations.
_DEFAULT = dataclasses.replace(
    test_mortality._ROOMY,
    topology=dataclasses.replace(
        test_mortality._ROOMY.topology,
        hosts=(_CONTROLLER, *(_host(n) for n in (1, 2, 3)), _host(4, enabled=False)),
    ),
    limits={"canary_hosts": 1, "canary_soak": 100},
)
#: Waits for capacity, for a host to be emptied onto one that comes later, for instances that
#: their project moves itself.
_VNF = dataclasses.replace(
    test_mortality._FULL,
    topology=topology.Topology(
        (_host(1), _host(2), _host(3, enabled=False)),
        (
            _server(1, 1, group_id="pair"),
            _server(2, 1),
            _server(3, 2, group_id="pair"),
            _server(4, 2),
        ),
        (
            topology.GroupSpec(
                "pair",
                "project-1",
                constrained=True,
                max_impacted_members=1,
                recovery_time=30,
                migration_type="OWN_ACTION",
            ),
        ),
    ),
    answers={"project-0": managers.helpful, "project-1": managers.agreeable},
)
#: Waits for recovery times.
_PACED = dataclasses.replace(
    _VNF,
    topology=topology.Topology(
        (_host(1), _host(2), _host(3)),
        (*(_server(n, 1, group_id="pair") for n in (1, 3)), _server(5, 2, group_id="pair")),
        (
            topology.GroupSpec(
                "pair",
                "project-1",
                constrained=True,
                max_impacted_members=1,
                recovery_time=_RECOVERY,
                lead_time=100,
            ),
        ),
    ),
)
SCENARIOS = {"default": _DEFAULT, "vnf": _VNF, "paced": _PACED}


class _Watched(Mortality):
    """Keeps when each call and commit was made."""

    def __init__(self, *at: int) -> None:
        super().__init__(at)
        self.session: Session | None = None
        self.seen: list[tuple[float, str]] = []

    def passes(self, point: str, call: Any = None) -> None:
        if self.session is not None:
            self.seen.append((self.session.clock.seconds, point))
        super().passes(point, call)


class Played:
    """A session that commands are given to."""

    def __init__(self, scenario: Scenario, *deaths: int) -> None:
        self.watched = _Watched(*deaths)
        self.session = Session(dataclasses.replace(scenario, mortality=self.watched))
        self.watched.session = self.session
        self.deleted = False
        self.sent: list[tuple[float, str]] = []
        self.before = {n: h.enabled for n, h in self.session.cloud.hosts.items()}
        for host in self.session.cloud.hosts.values():
            if not host.enabled:
                host.disabled_reason = _SMOKE
        store = self.store = self.session.store
        store.row.maintenance_at = moment(_BEGINS_AT)
        store.erase = self._erase  # type: ignore[method-assign]
        self._send, store.send = store.send, self._sends

    def _sends(self, row: records.Outgoing) -> None:
        if row.channel.startswith("project"):
            self.sent.append((self.session.clock.seconds, row.payload["state"]))
        self._send(row)

    def _erase(self, _session: records.Session) -> None:
        self.deleted = True
        row = self.store.row
        row.state, row.reason, row.wake_at = states.MAINTENANCE_FAILED, "deleted", None

    def run(self) -> Result:
        return self.session.run()

    def at(self, seconds: float, work: Any) -> None:
        self.session.agenda.at(seconds, work)

    # As fenix.engine.control writes them

    def _given(self) -> None:
        self.store.row.revision += 1
        self.store.row.wakes += 1
        self.store.row.wake_at = self.session.clock.now()

    def give(self, command: str) -> None:
        """``abort`` or ``delete``."""
        row = self.store.row
        if command == lifecycle.DELETE or row.state not in states.IDLE:
            row.command, row.paused_at = command, None
            self._given()

    def pause(self) -> None:
        if self.store.row.state not in states.IDLE:
            self.store.row.paused_at = self.session.clock.now()
            self._given()

    def resume(self) -> None:
        row = self.store.row
        if row.paused_at is not None:
            now = self.session.clock.now()
            row.progress = resuming.after_pause(row.progress, row.paused_at, now)
            row.paused_at = None
            self._given()

    def go_on(self) -> None:
        """``continue``"""
        row = self.store.row
        progress = resuming.after_failure(row.progress, self.session.clock.now())
        row.prev_state, row.state, row.reason = row.state, str(row.failed_state), None
        row.progress = {**progress, "continued": True}
        self._given()


def moments(scenario: Scenario) -> list[float]:
    """Right after each time at which something happens, in seconds: in each wait, that is."""
    played = Played(scenario)
    played.run()
    return [seconds + 0.001 for seconds in sorted({s for s, _ in played.watched.seen})[:-1]]


class EveryMomentTest(test_mortality._Quiet):
    """Each command at each moment, in each workflow."""

    def each(self) -> Any:
        for name, scenario in SCENARIOS.items():
            for seconds in moments(scenario):
                yield f"{name} at {seconds:.3f} s", scenario, seconds

    def as_before(self, played: Played, where: str) -> None:
        """Every host is as it was, and nobody is on the way."""
        cloud = played.session.cloud
        self.assertEqual(played.before, {n: h.enabled for n, h in cloud.hosts.items()}, where)
        reasons = {h.disabled_reason for h in cloud.hosts.values() if not h.enabled}
        self.assertLessEqual(reasons, {_SMOKE}, where)
        self.assertEqual([], [s.server_id for s in cloud.servers.values() if s.task_state], where)

    def test_the_undisturbed_sessions_meet_every_wait(self) -> None:
        heard = set()
        for scenario in SCENARIOS.values():
            played = Played(scenario)
            result = played.run()
            self.assertEqual((states.MAINTENANCE_DONE, ()), (result.state, result.violations))
            self.as_before(played, "at the end")
            heard |= {state for _, state in played.sent}
            heard |= {e.data["after"] for e in result.events if e.kind == "state"}
        for state in ("SCALE_IN", "PREPARE_MAINTENANCE", "PLANNED_MAINTENANCE"):
            self.assertIn(state, heard)
        moves = [e for e in Played(_PACED).run().events if e.kind == "move"]
        begun = [seconds_of(e.at) for e in moves if e.data.get("begins")]
        ended = [seconds_of(e.at) for e in moves if "seconds" in e.data]
        self.assertGreaterEqual(begun[-1], ended[-2] + _RECOVERY)

    def test_abort(self) -> None:
        for where, scenario, seconds in self.each():
            self.stopped(lifecycle.ABORT, scenario, seconds, where)

    def test_delete(self) -> None:
        for where, scenario, seconds in self.each():
            self.stopped(lifecycle.DELETE, scenario, seconds, where)

    def stopped(self, command: str, scenario: Scenario, seconds: float, where: str) -> None:
        calm = self.stopped_once(command, scenario, seconds, where)
        if os.environ.get(_WHOLE):
            for point in range(1, len(calm.watched.points) + 1):
                self.stopped_once(command, scenario, seconds, f"{where}, death {point}", point)

    def stopped_once(
        self, command: str, scenario: Scenario, seconds: float, where: str, *deaths: int
    ) -> Played:
        played = Played(scenario, *deaths)
        played.at(seconds, lambda: played.give(command))
        result = played.run()
        self.assertEqual((), result.violations, where)
        if command == lifecycle.DELETE:
            self.assertTrue(played.deleted, where)
        else:
            self.assertEqual("aborted", result.reason, where)
        self.as_before(played, where)
        after = [p for p in played.watched.seen if p[0] > seconds and p[1] in _moves("before")]
        if not deaths:
            self.assertEqual([], after, where)
        return played

    def test_what_was_aborted_goes_on_where_it_was(self) -> None:
        calm = {name: Played(scenario).run().asked for name, scenario in SCENARIOS.items()}
        for where, scenario, seconds in self.each():
            played = Played(scenario)
            played.at(seconds, lambda played=played: played.give(lifecycle.ABORT))
            stopped = played.run()
            before = len(stopped.events)
            played.go_on()
            result = played.run()
            # The judge counts: every host was worked on once, nobody moved more than twice.
            self.assertEqual(
                (states.MAINTENANCE_DONE, ()), (result.state, result.violations), where
            )
            self.as_before(played, where)
            first = next(e for e in result.events[before:] if e.kind == "state")
            self.assertEqual(stopped.events[-1].kind, "notification")
            self.assertEqual(played.store.row.failed_state, first.data["before"], where)
            asked, usual = dict(result.asked), calm[where.split()[0]]
            if played.store.row.failed_state == states.SCALE_IN:
                # What an admin took back is decided on anew, by what there is room for then.
                asked[states.SCALE_IN] = min(asked[states.SCALE_IN], usual[states.SCALE_IN])
            for state in (states.SCALE_IN, states.MAINTENANCE_COMPLETE):
                self.assertEqual(usual.get(state), asked.get(state), f"{where}: {state}")

    def test_pause_and_resume(self) -> None:
        calm = {name: _calm(scenario) for name, scenario in SCENARIOS.items()}
        for where, scenario, seconds in self.each():
            self.paused(scenario, seconds, calm[where.split()[0]], where)

    def test_pause_right_after_a_death(self) -> None:
        for name, scenario in SCENARIOS.items():
            calm = Played(scenario)
            expected = _end(calm, calm.run())
            for number, (seconds, point) in enumerate(calm.watched.seen, 1):
                if number % _STEP and point.endswith("commit"):
                    continue
                where = f"{name}, point {number} of {len(calm.watched.seen)}: {point}"
                self.paused(scenario, seconds + 0.001, expected, where, number)

    def paused(
        self, scenario: Scenario, seconds: float, expected: Any, where: str, *deaths: int
    ) -> None:
        played = Played(scenario, *deaths)
        played.at(seconds, played.pause)
        played.at(seconds + _PAUSE, played.resume)
        result = played.run()
        self.assertEqual(expected, _end(played, result), where)
        self.as_before(played, where)
        during = [
            what
            for when, what in [*played.watched.seen, *played.sent]
            if seconds < when < seconds + _PAUSE
        ]
        begun = [w for w in during if w.removeprefix("before ") in _BEGINS]
        begun += [w for w in during if w.isupper() and w != states.INSTANCE_ACTION_DONE]
        self.assertEqual([], begun, where)
        shown = _percents(result)
        self.assertEqual((sorted(shown), 100), (shown, shown[-1]), where)


def _moves(when: str) -> list[str]:
    return [f"{when} live_migrate", f"{when} cold_migrate"]


def _percents(result: Result) -> list[int]:
    """What ``maintenance.session`` said, in order."""
    told = (e for e in result.events if e.message.startswith("maintenance.session: "))
    return [int(e.message.split()[-2]) for e in told]


def _calm(scenario: Scenario) -> dict[str, Any]:
    played = Played(scenario)
    return _end(played, played.run())


def _end(played: Played, result: Result) -> dict[str, Any]:
    """What must not depend on pauses: questions, moves, work, where everybody is."""
    found = test_mortality._end(played.session, result)
    found["asked"] = dict(result.asked)
    found["worked on"] = dict(played.session.judge.worked_on)
    return found
