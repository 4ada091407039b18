"""Plans: times, groups, ratios, and why hosts cannot be emptied."""

from __future__ import annotations

import dataclasses

import testtools

from fenix.planner.model import Cloud, Group, Item, Needs, Offers, Room, Source, Times
from fenix.planner.orders import by_rule, cheapest, spread
from fenix.planner.plan import GroupHit, Options, plan
from fenix.planner.reasons import Reason
from fenix.planner.sequence import Shortage
from fenix.planner.timeline import Canaries
from fenix.tests.unit.planner.clouds import alike, cloud, host, size

TIMES = Times(move=10, host=100, controller=50, answer=5, once=1)


class PlanTest(testtools.TestCase):
    """What a plan says."""

    def test_figures(self) -> None:
        made = plan(alike(10, 10, 8), Options(100), TIMES)
        self.assertEqual((5, 2, 5), (made.course.waves, made.bounds.together, made.bounds.waves))
        self.assertEqual(1.0, made.waves_ratio)
        self.assertEqual(len(made.moves), made.course.moves)
        self.assertEqual(96 / 88, made.moves_ratio)
        self.assertEqual(((), None), (made.blocked, made.scale_in))

    def test_phases_add_up(self) -> None:
        made = plan(alike(2, 4, 1), Options(0), TIMES, controllers=2)
        self.assertEqual(
            {
                "MAINTENANCE": 6,
                "SCALE_IN": 0,
                "PREPARE_MAINTENANCE": 15,
                "controllers": 100,
                # The first host; then the other's drain, with its question; then the other host.
                "computes": 100 + (5 + 2 * 10) + 100,
                "MAINTENANCE_COMPLETE": 6,
            },
            made.timeline.phases,
        )
        self.assertEqual(352, made.timeline.seconds)
        self.assertGreaterEqual(made.makespan, made.bounds.makespan)

    def test_time_to_scale_in_and_what_comes_then(self) -> None:
        times = dataclasses.replace(TIMES, scale_in=300)
        made = plan(alike(3, 2, 2), Options(20), times)
        self.assertEqual(300, made.timeline.phases["SCALE_IN"])
        self.assertEqual({"h000", "h001", "h002"}, set(made.timeline.turns))
        self.assertGreaterEqual(made.timeline.phases["computes"], 300)
        self.assertEqual((), made.course.steps)
        self.assertEqual(3, len(made.blocked))

    def test_parallel_moves(self) -> None:
        made = cloud(host("a", 9), host("b", 9, *[1] * 4))
        for parallel, seconds in ((1, 40), (2, 20), (4, 10)):
            times = Times(10, 100, parallel_moves=parallel)
            turn = plan(made, Options(0), times).timeline.turns["b"]
            self.assertEqual(seconds, turn.empty_at - turn.drain_at)

    def test_a_group_sets_the_pace(self) -> None:
        groups = {"g": Group("g", 4, max_impacted=2, recovery_time=30)}
        items = [Item(f"i{n}", size(1), group="g") for n in range(4)]
        made = plan(
            cloud(host("a", 9), host("b", 9, *items), groups=groups),
            Options(0),
            Times(10, 0, parallel_moves=4),
        )
        turn = made.timeline.turns["b"]
        self.assertEqual(10 + 30 + 10, turn.empty_at - turn.drain_at)
        self.assertEqual(50, made.bounds.group_pace)
        self.assertEqual(GroupHit(4, 4, 50), made.groups["g"])

    def test_hosts_that_share_a_group_are_not_emptied_together(self) -> None:
        groups = {"g": Group("g", 2, max_impacted=1, recovery_time=100)}
        paced = [host(n, 2, Item(n, size(2), group="g")) for n in "ab"]
        made = cloud(*paced, *(host(n, 2, 2) for n in "cd"), host("e", 2), host("f", 2))
        made = dataclasses.replace(made, groups=groups)
        times = Times(move=10, host=100)
        for known, seconds in ((None, 430), (times, 320)):
            found = plan(made, Options(20, times=known), times)
            self.assertEqual((3, seconds), (found.course.waves, found.makespan))

    def test_an_order_in_which_groups_are_spread(self) -> None:
        groups = {g: Group(g, 2, max_impacted=1, recovery_time=100) for g in "xy"}
        line = [host(f"{g}{n}", 2, Item(f"{g}{n}", size(1), group=g)) for g in "xy" for n in "12"]
        found = spread(by_rule(cheapest), groups, 2, 10)(line)
        self.assertEqual(["x1", "y1", "x2", "y2"], [s.name for s in found])

    def test_the_limit_makes_hosts_wait_for_one_another(self) -> None:
        made = cloud(*(host(f"h{n}", 4) for n in range(4)))
        for limit, seconds in ((0, 100), (2, 200), (1, 400)):
            self.assertEqual(seconds, plan(made, Options(0, limit), TIMES).makespan, limit)

    def test_others_wait_until_canaries_have_soaked(self) -> None:
        made = cloud(*(host(f"h{n}", 4) for n in range(4)))
        for canaries, controllers, done in (
            (Canaries(2, 60), 0, [106, 106, 266, 266]),
            # A controller is one of them.
            (Canaries(2, 60), 1, [156, 316, 316, 316]),
            (Canaries(1, 60), 1, [216, 216, 216, 216]),
            # There are no others.
            (Canaries(9, 60), 0, [106, 106, 106, 106]),
        ):
            found = plan(made, Options(0), TIMES, controllers, canaries).timeline
            self.assertEqual(done, sorted(turn.done_at for turn in found.turns.values()))
            # And the last question.
            self.assertEqual(done[-1] + 6, found.seconds)

    def test_hosts_that_are_controllers_too_follow_one_another(self) -> None:
        hosts = [dataclasses.replace(host(f"h{n}", 4), alone=True) for n in range(3)]
        self.assertEqual(300, plan(cloud(*hosts), Options(0), TIMES).makespan)

    def test_scale_in(self) -> None:
        made = plan(alike(3, 4, 4), Options(20), TIMES)
        self.assertEqual(Shortage("h000", 4, 4), made.scale_in)
        self.assertEqual(3, len(made.blocked))
        self.assertIsNone(made.waves_ratio)


class ReasonsTest(testtools.TestCase):
    """Every kind of host that cannot be emptied, and what would help."""

    def of(self, made: Cloud, name: str) -> Reason:
        found = {r.host: r for r in plan(made, Options(100), TIMES).blocked}
        return found[name]

    def test_an_instance_that_cannot_be_moved(self) -> None:
        stuck = Item("i", size(1), stuck="SUSPENDED: resume or stop it")
        reason = self.of(cloud(host("a", 4, stuck), host("b", 4)), "a")
        self.assertIn("i is SUSPENDED: resume or stop it", reason.why)

    def test_larger_than_any_other_host(self) -> None:
        reason = self.of(cloud(host("a", 16, 10), host("b", 8), host("c", 8)), "a")
        self.assertIn("a/0 (10 vCPU, 10240 MiB, 100 GiB) is larger than any other", reason.why)
        self.assertIn("add a host that is large enough", reason.remedy)

    def test_a_group_on_as_many_hosts_as_there_are(self) -> None:
        groups = {"g": Group("g", 3, anti_affinity=True)}
        items = [Item(f"i{n}", size(1), group="g") for n in range(3)]
        made = cloud(*(host(f"h{n}", 9, i) for n, i in enumerate(items)), groups=groups)
        reason = self.of(made, "h1")
        self.assertIn("group g has 3 members, at most 1 on a host, and there are 3", reason.why)
        self.assertIn("scale the group in to 2, add hosts until there are 4", reason.remedy)

    def test_a_nova_group_as_well(self) -> None:
        made = cloud(*(host(f"h{n}", 9, Item(f"i{n}", size(1), ("s",))) for n in range(2)))
        self.assertIn("group s has 2 members", self.of(made, "h0").why)

    def test_what_no_other_host_has(self) -> None:
        wanted = Item("i", size(1), needs=Needs(required=frozenset({"AVX"})))
        reason = self.of(cloud(host("a", 4, wanted), host("b", 4), host("c", 4)), "a")
        self.assertIn("may run on no other host: 2 lacks trait AVX", reason.why)

    def test_a_pinned_resource_that_is_missing(self) -> None:
        pinned = Item("i", size(0), needs=Needs(resources=(("PCPU", 4.0),)))
        some = Room("b", size(4), offers=Offers(resources=(("PCPU", 2.0),)))
        reason = self.of(cloud(host("a", 4, pinned), Source("b", (), some)), "a")
        self.assertIn("needs 4 PCPU, and no other host has more than 2", reason.why)
        self.assertIn("add a host with 4 PCPU", reason.remedy)

    def test_two_that_block_one_another(self) -> None:
        made = cloud(host("a", 8, 6), host("b", 8, 6), host("c", 4))
        reason = self.of(made, "a")
        self.assertIn("b cannot be emptied either: they block one another", reason.why)
        self.assertIn("free 6 vCPU", reason.remedy)

    def test_no_room(self) -> None:
        made = cloud(host("a", 4, 1, 1, 1, 1), rooms=[Room("m", size(2))])
        reason = self.of(made, "a")
        self.assertIn("2 of its 4 instances find no room", reason.why)
        self.assertIn("scale in 2 instances with 2 vCPU", reason.remedy)

    def test_alone(self) -> None:
        self.assertIn("enable another host", self.of(cloud(host("a", 4, 1)), "a").remedy)
