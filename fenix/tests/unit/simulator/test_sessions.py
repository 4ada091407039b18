"""Whole sessions of the real workflows in virtual time, with everything that goes wrong."""

import logging
import unittest
from unittest import mock

from fenix import states, timing
from fenix.simulator import clouds, managers, random_sessions, session, topology
from fenix.simulator.clock import moment
from fenix.simulator.faults import Faults
from fenix.simulator.session import Scenario, simulate
from fenix.workflow.outcome import Wait
from fenix.workflow.workflows import default

_SESSIONS = 150
_ONE_SIZE = ((1, 4096, 10),)


def _even(hosts, used, **changed):
    made = clouds.generate(clouds.Shape(hosts, used, flavors=_ONE_SIZE), 1)
    answers = {f"project-{n}": managers.helpful for n in range(4)}
    return Scenario(made, answers=answers, times=topology.STEADY, **changed)


def _cloud(hosts, outside=""):
    """Hosts by name, with their vCPUs and those of their instances, of one project."""
    specs, servers = [], []
    for name, (vcpus, sizes) in hosts.items():
        specs.append(topology.HostSpec(name, vcpus, vcpus * 4096, 4000, outside=name == outside))
        servers.extend(
            topology.ServerSpec(f"{name}-{n}", "p", name, size, size * 1024, 10)
            for n, size in enumerate(sizes)
        )
    return topology.Topology(tuple(specs), tuple(servers))


class _Quiet(unittest.TestCase):
    """Sessions that fail on purpose do not fill the test's output."""

    def setUp(self):
        super().setUp()
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)


class TestSessions(_Quiet):
    def test_a_session_without_faults(self):
        result = simulate(_even(10, 0.75))
        self.assertEqual((states.MAINTENANCE_DONE, None, ()), _end(result))
        self.assertEqual(10, result.hosts_done)
        # 12 instances a host; 2.5 hosts' worth of room: two at a time.
        self.assertEqual(5, result.waves)
        self.assertGreater(result.makespan, 5 * 600)

    def test_the_same_seed_gives_the_same_session(self):
        first, second = (simulate(random_sessions.scenario(4)) for _ in range(2))
        self.assertEqual([e.message for e in first.events], [e.message for e in second.events])
        self.assertEqual(first.seconds, second.seconds)

    def test_a_full_cloud_scales_in(self):
        result = simulate(_even(4, 1.0))
        self.assertEqual((states.MAINTENANCE_DONE, None, ()), _end(result))
        self.assertGreater(result.asked["SCALE_IN"], 0)

    def test_projects_are_asked_once_to_scale_in_for_all_hosts(self):
        # Room for the small host lets the session begin, and would leave the large ones behind.
        cloud = _cloud({"small": (2, [1, 1]), "large-1": (8, [4, 4]), "large-2": (8, [4, 4])})
        result = simulate(Scenario(cloud, answers={"p": managers.helpful}, times=topology.STEADY))
        self.assertEqual((states.MAINTENANCE_DONE, None, ()), _end(result))
        self.assertEqual(1, result.asked["SCALE_IN"])

    def test_projects_are_asked_for_further_hosts_as_long_as_that_pays(self):
        cloud = _cloud({f"host-{n}": (4, [1] * 4) for n in range(10)})
        left = []
        for least in (0, 1200, 5000):
            options = {"workflow": {"scale_in_saving": least}}
            result = simulate(
                Scenario(
                    cloud,
                    answers={"p": managers.helpful},
                    times=topology.STEADY,
                    options=options,
                )
            )
            self.assertEqual((states.MAINTENANCE_DONE, None, ()), _end(result))
            left.append((result.waves, result.asked["SCALE_IN"]))
        # A second host's worth halves ten waves; a third one saves a single wave more.
        self.assertEqual([(10, 1), (5, 1), (10, 1)], left)

    def test_a_window_that_is_long_enough_for_the_small_host_only(self):
        cloud = _cloud(
            {"large": (64, [1] * 60), "outside": (64, []), "small": (8, [1])}, outside="outside"
        )
        result = simulate(
            Scenario(
                cloud,
                times=topology.STEADY,
                options={"workflow": {"host_maintenance_time": 100, "expected_move_time": 20}},
                limits={"window_end": timing.wire(moment(200))},
            )
        )
        self.assertEqual((states.MAINTENANCE_FAILED, 1), (result.state, result.hosts_done))
        self.assertIn("1 of 2 hosts are maintained, 1 are left: large.", result.reason)

    def test_an_engine_that_dies_often_moves_nothing_twice(self):
        calm = simulate(_even(6, 0.7, options=_ONE_AT_A_TIME))
        troubled = simulate(_even(6, 0.7, options=_ONE_AT_A_TIME, faults=Faults(engine_dies=0.2)))
        self.assertEqual(_end(calm), _end(troubled))
        self.assertEqual(calm.moves, troubled.moves)
        self.assertGreater(troubled.seconds, calm.seconds)

    def test_random_sessions_with_faults(self):
        ends = {states.MAINTENANCE_DONE: 0, states.MAINTENANCE_FAILED: 0}
        for workflow in session.WORKFLOWS:
            for seed in range(_SESSIONS):
                result = simulate(random_sessions.scenario(seed, workflow))
                self.assertEqual((), result.violations, f"{workflow}, seed {seed}")
                ends[result.state] += 1
        self.assertGreater(min(ends.values()), _SESSIONS // 5, "too tame, or too wild")

    def test_a_member_on_a_host_that_is_down_is_not_moved_beyond_the_limit(self):
        # Its host came back between two tries, while another member was stopped.
        result = simulate(random_sessions.scenario(280, "vnf"))
        self.assertEqual((), result.violations)

    def test_a_target_on_which_a_member_was_made_anew_meanwhile(self):
        # The other member of the pair was replaced by its project, on the host that was planned.
        result = simulate(random_sessions.scenario(5204, "vnf"))
        self.assertEqual((), result.violations)

    def test_a_paused_instance_whose_move_sticks_is_aborted(self):
        # MIGRATE was chosen for it, but a paused one moves live.
        result = simulate(random_sessions.scenario(433))
        self.assertEqual((), result.violations)

    def test_a_host_with_large_instances_does_not_keep_back_those_behind_it(self):
        made = clouds.generate(clouds.Shape(20, 0.75, unequal=True), 102)
        options = {"workflow": {"second_moves_percent": 100}}
        result = simulate(Scenario(made, times=topology.STEADY, options=options))
        # By what is free there are no fewer than 4; five hosts have to be emptied first for that.
        self.assertEqual(
            (states.MAINTENANCE_DONE, 4, ()), (result.state, result.waves, result.violations)
        )


class TestSessionsThatDoNotEnd(_Quiet):
    def _simulate(self, workflow):
        with mock.patch.dict(session.WORKFLOWS, default=workflow):
            return simulate(_even(2, 0.2, longest=3600.0))

    def test_waiting_for_ever(self):
        class Sleeps(default.Workflow):
            def maintenance(self):
                return Wait(self.hold.after(60), "nothing")

        self.assertEqual(["end"], [v.kind for v in self._simulate(Sleeps).violations])

    def test_spinning(self):
        class Spins(default.Workflow):
            def maintenance(self):
                return Wait(self.hold.now(), "nothing")

        self.assertEqual(["end"], [v.kind for v in self._simulate(Spins).violations])


_ONE_AT_A_TIME = {"workflow": {"max_parallel_hosts": 1, "second_moves_percent": 0}}


def _end(result):
    return (result.state, result.reason, result.violations)
