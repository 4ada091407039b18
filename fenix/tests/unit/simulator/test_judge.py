"""The judge sees what must not happen; each rule is broken once."""

import random
import unittest

from fenix.simulator import faults, topology
from fenix.simulator.clock import Agenda, Clock
from fenix.simulator.cloud import Cloud
from fenix.simulator.judge import KINDS, Judge
from fenix.simulator.moves import Moves
from fenix.simulator.topology import GroupSpec, HostSpec, ServerSpec, Topology


class TestJudge(unittest.TestCase):
    """Moves are made by hand, past every planner."""

    def world(self, group=None, hosts=3, vcpus=4, servers=2):
        names = [f"h{n}" for n in range(hosts)]
        group_id = group.group_id if group else None
        made = Topology(
            tuple(HostSpec(n, vcpus, 65536, 1000) for n in names),
            tuple(
                ServerSpec(f"s{n}", "p", names[n % hosts], 2, 1024, 10, group_id)
                for n in range(servers)
            ),
            (group,) if group else (),
        )
        self.clock = Clock()
        self.agenda = Agenda(self.clock)
        self.cloud = Cloud(made, self.clock, self.agenda, topology.STEADY, random.Random(1))
        self.moves = Moves(self.cloud, faults.NONE)
        self.judge = Judge(made, self.clock)
        self.judge.begin(self.cloud.servers)
        self.cloud.watchers.append(self.judge)

    def live(self, server_id, target, wait=True):
        self.moves.live(self.cloud.servers[server_id], target)
        if wait:
            self.pass_time(30)

    def pass_time(self, seconds):
        until = self.clock.seconds + seconds
        while (due := self.agenda.next_at()) is not None and due <= until:
            self.clock.set(due)
            self.agenda.run_due()
        self.clock.set(until)

    def kinds(self):
        found = [v.kind for v in self.judge.violations]
        self.assertLessEqual(set(found), KINDS.keys())
        return found

    def test_moves_that_are_in_order(self):
        self.world()
        self.live("s0", "h2")
        self.live("s0", "h0")
        self.judge.works_on("h2")
        self.judge.conclude(self.cloud.servers, "MAINTENANCE_DONE", None, frozenset())
        self.assertEqual([], self.kinds())
        self.assertEqual((2, 1), (self.judge.moves, self.judge.second_moves))

    def test_a_third_move(self):
        self.world()
        for target in ("h2", "h0", "h2"):
            self.live("s0", target)
        self.assertEqual(["moves"], self.kinds())

    def test_a_target_without_room(self):
        self.world(vcpus=2)
        self.live("s0", "h1")
        self.assertEqual(["capacity"], self.kinds())
        self.assertEqual("h0", self.cloud.servers["s0"].host)

    def test_room_that_another_move_has_taken(self):
        self.world(vcpus=2)
        self.live("s0", "h2", wait=False)
        self.live("s1", "h2", wait=False)
        self.assertEqual(["capacity"], self.kinds())

    def test_a_stranger_in_the_way_is_nobodys_fault(self):
        self.world(vcpus=2)
        self.cloud.boot(self.cloud.servers["s0"])
        self.live("s0", "h2")
        self.assertEqual([], self.kinds())

    def test_a_group_over_its_limit(self):
        group = GroupSpec("g", "p", constrained=True, max_impacted_members=1)
        self.world(group)
        self.live("s0", "h2", wait=False)
        self.live("s1", "h0", wait=False)
        self.assertEqual(["group"], self.kinds())
        self.assertEqual({"g": 2}, self.judge.peak)

    def test_a_group_that_recovers(self):
        group = GroupSpec("g", "p", constrained=True, max_impacted_members=1, recovery_time=60)
        self.world(group)
        self.live("s0", "h2")
        self.live("s1", "h0")
        self.assertEqual(["group"], self.kinds())
        self.pass_time(61)
        self.live("s1", "h1")
        self.assertEqual(["group"], self.kinds())

    def test_a_member_that_is_down_counts(self):
        group = GroupSpec("g", "p", constrained=True, max_impacted_members=1)
        self.world(group, servers=3)
        self.cloud.servers["s1"].status = "ERROR"
        self.live("s0", "h1")
        self.assertEqual(["group"], self.kinds())

    def test_members_that_meet(self):
        self.world(GroupSpec("g", "p", constrained=True, max_instances_per_host=1))
        self.live("s0", "h1")
        self.assertEqual(["per-host"], self.kinds())

    def test_members_that_are_kept_apart_meet(self):
        self.world(GroupSpec("g", "p", anti_affinity=True))
        self.cloud.place(self.cloud.servers["s0"], "h1")
        self.judge.arrived(self.cloud.servers["s0"], "h0")
        self.assertEqual(["anti-affinity"], self.kinds())

    def test_a_host_that_is_not_empty(self):
        self.world()
        self.live("s0", "h2", wait=False)
        self.judge.works_on("h0")
        self.judge.works_on("h2")
        self.assertEqual(["occupied", "occupied"], self.kinds())

    def test_an_instance_half_moved(self):
        self.world()
        self.moves.cold(self.cloud.servers["s0"], "h2")
        self.pass_time(30)
        self.judge.conclude(self.cloud.servers, "MAINTENANCE_DONE", None, frozenset())
        self.assertEqual(["lost"], self.kinds())

    def test_an_instance_that_is_lost(self):
        self.world()
        self.judge.conclude({}, "MAINTENANCE_DONE", None, frozenset())
        self.assertEqual(["lost", "lost"], self.kinds())

    def test_hosts_left_out_of_use_or_out_of_the_session(self):
        self.world(hosts=2)
        self.live("s0", "h1")
        self.judge.works_on("h0")
        self.judge.conclude_hosts({"h0": False, "h1": True}, frozenset({"h0", "h1"}))
        self.assertEqual(["hosts", "hosts"], self.kinds())

    def test_a_failure_without_a_reason(self):
        self.world()
        for reason in (None, "internal error in state SCALE_IN: KeyError"):
            self.judge.conclude(self.cloud.servers, "MAINTENANCE_FAILED", reason, frozenset())
        self.assertEqual(["reason", "reason"], self.kinds())
