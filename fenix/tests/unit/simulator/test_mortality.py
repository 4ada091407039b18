"""Sessions whose engine is killed at every commit and every outside call, one after the other."""

import dataclasses
import logging
import unittest

from fenix import states
from fenix.db import lifecycle
from fenix.simulator import managers, topology
from fenix.simulator.mortality import Mortality
from fenix.simulator.session import Scenario, Session

_LEASE = 10.0
_ONE_AT_A_TIME = {"workflow": {"max_parallel_hosts": 1, "second_moves_percent": 0}}
_ONCE = (states.SCALE_IN, states.MAINTENANCE_COMPLETE)


def _host(number, **changed):
    return topology.HostSpec(f"host-{number}", 2, 8192, 100, **changed)


def _server(number, host, **changed):
    return topology.ServerSpec(
        f"server-{number}", f"project-{number % 2}", f"host-{host}", 1, 1024, 10, **changed
    )


class _Quiet(unittest.TestCase):
    """Deaths do not fill the test's output."""

    def setUp(self):
        super().setUp()
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)


def _play(scenario, at=(), late=None):
    mortality = Mortality(at, late)
    session = Session(dataclasses.replace(scenario, mortality=mortality))
    return session, session.run(), mortality


_ROOMY = Scenario(
    topology.Topology(
        (
            _host(0, roles=frozenset({"controller"})),
            _host(1),
            _host(2),
            _host(3),
            _host(4, enabled=False),
        ),
        (_server(1, 1), _server(2, 1), _server(3, 2, status="SHUTOFF")),
    ),
    answers={"project-0": managers.helpful, "project-1": managers.choosing(("MIGRATE",))},
    times=topology.STEADY,
    options=_ONE_AT_A_TIME,
)
_PAIR = topology.GroupSpec(
    "pair", "project-1", constrained=True, max_impacted_members=1, recovery_time=30
)
_FULL = dataclasses.replace(
    _ROOMY,
    workflow="vnf",
    topology=topology.Topology(
        (_host(1), _host(2)),
        (
            _server(1, 1, group_id="pair"),
            _server(2, 1),
            _server(3, 2, group_id="pair"),
            _server(4, 2),
        ),
        (_PAIR,),
    ),
)


def _end(session, result):
    return {
        "state": result.state,
        "reason": result.reason,
        "violations": result.violations,
        "hosts done": result.hosts_done,
        "moves": result.moves,
        "instances": sorted(
            (s.server_id, s.status, s.task_state) for s in session.cloud.servers.values()
        ),
        "enabled": {name: host.enabled for name, host in session.cloud.hosts.items()},
        "asked once": {state: result.asked.get(state, 0) for state in _ONCE},
    }


class KilledAtEveryTransitionTest(_Quiet):
    """Each point in turn: the session ends as if nothing had happened."""

    def _every_point(self, scenario, late=None):
        session, result, calm = _play(scenario)
        expected = _end(session, result)
        self.assertEqual(
            (states.MAINTENANCE_DONE, ()), (result.state, result.violations), result.reason
        )
        points = [n for n, p in enumerate(calm.points, 1) if late is None or p.startswith("before")]
        self.assertGreater(len(points), 20)
        for number in points:
            session, result, mortal = _play(scenario, (number,), late)
            found = _end(session, result)
            where = f"point {number} of {len(calm.points)}: {mortal.points[number - 1]}"
            self.assertEqual(expected, found, where)
        return calm

    def test_default(self):
        calm = self._every_point(_ROOMY)
        for call in ("disable", "enable", "live_migrate", "cold_migrate", "confirm"):
            self.assertIn(f"before {call}", calm.points)

    def test_vnf_with_scaling(self):
        calm = self._every_point(_FULL)
        self.assertIn("after disrupt", calm.points)

    def test_stopped_before_a_call_that_takes_effect_after_the_lease(self):
        self._every_point(_ROOMY, late=_LEASE + 5)

    def test_a_service_that_is_disabled_late(self) -> None:
        """When its host is in use again, or is the target of others by then."""
        for scenario in (_ROOMY, _FULL):
            _, _, calm = _play(scenario)
            expected = _end(*_play(scenario)[:2])
            for number, point in enumerate(calm.points, 1):
                for late in (700, 1000) if point == "before disable" else ():
                    found = _end(*_play(scenario, (number,), late)[:2])
                    self.assertEqual(expected, found, f"point {number}, {late} s late")

    def test_two_deaths_in_a_row(self):
        _, _, calm = _play(_FULL)
        expected = _end(*_play(_FULL)[:2])
        for number in range(1, len(calm.points)):
            found = _end(*_play(_FULL, (number, number + 1))[:2])
            self.assertEqual(expected, found, f"points {number} and {number + 1}")

    def test_a_question_that_is_lost_while_it_leaves(self):
        """It is not sent again; at its deadline a look decides, and the session ends as ever."""
        session, result, calm = _play(_FULL)
        expected = _end(session, result)
        self.assertGreaterEqual(calm.sent_once, 4)
        for number in range(1, calm.sent_once + 1):
            mortality = Mortality(lost=number)
            session = Session(dataclasses.replace(_FULL, mortality=mortality))
            result = session.run()
            found = _end(session, result)
            once = found.pop("asked once")
            where = f"question {number} of {calm.sent_once}"
            self.assertEqual({**expected, "asked once": None}, {**found, "asked once": None}, where)
            before = expected["asked once"]
            self.assertLessEqual(sum(once.values()), sum(before.values()) + 1, where)

    def test_aborted(self):
        """Whatever it waits for, and wherever the engine dies, every host is as it was."""
        scenes = (_ROOMY, (0.2, 3, 15, 300, 640, 700)), (_FULL, (0.2, 1.2, 5, 30, 300))
        for scenario, moments in scenes:
            for moment in moments:
                points = self._aborted(scenario, moment, ())
                for number in range(1, points + 1):
                    self._aborted(scenario, moment, (number,))

    def _aborted(self, scenario, moment, at):
        mortality = Mortality(at)
        session = Session(dataclasses.replace(scenario, mortality=mortality))
        session.agenda.at(moment, lambda: session.store.order(lifecycle.ABORT, session.clock.now()))
        result = session.run()
        where = f"aborted after {moment} s; died at {at} of {len(mortality.points)}"
        self.assertEqual(
            (states.MAINTENANCE_FAILED, "aborted", ()),
            (result.state, result.reason, result.violations),
            where,
        )
        before = {h.name: h.enabled for h in scenario.topology.hosts}
        after = {name: host.enabled for name, host in session.cloud.hosts.items()}
        self.assertEqual(before, after, where)
        moving = [s.server_id for s in session.cloud.servers.values() if s.task_state]
        self.assertEqual([], moving, where)
        return len(mortality.points)


if __name__ == "__main__":
    unittest.main()
