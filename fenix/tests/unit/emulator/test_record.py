"""What the referee notes."""

from fenix.tests.unit.emulator import base


class TestInterruptions(base.EmulatorTestCase):
    def spans(self, server):
        return [
            (round(i.start, 3), None if i.end is None else round(i.end, 3), i.reason)
            for i in self.cloud.record.interruptions(server.id)
        ]

    def test_live_migration_pauses_the_guest(self):
        vm = self.boot("vm", "c0")
        self.nova.servers.live_migrate(vm.id, "c1", "auto")
        self.advance(30)
        self.assertEqual([(10.5, 11.0, "live migration")], self.spans(vm))

    def test_cold_migration_from_power_off_until_it_runs_there(self):
        vm = self.boot("vm", "c0")
        self.nova.servers.migrate(vm.id, host="c1")
        self.advance(0.6)
        self.assertTrue(self.cloud.answering(vm.id))
        self.advance(30)
        ((start, end, reason),) = self.spans(vm)
        self.assertEqual("cold migration", reason)
        self.assertAlmostEqual(20.1, end - start, places=3)
        self.nova.servers.confirm_resize(vm.id)
        self.advance(5)
        self.assertEqual(1, len(self.spans(vm)))

    def test_boot_and_delete(self):
        made = self.nova.servers.create("x", None, self.flavor.id, nics="none")
        self.advance(5)
        self.nova.servers.delete(made.id)
        self.advance(5)
        self.assertEqual([(0.0, 2.5, "build"), (6.0, None, "deleted")], self.spans(made))

    def test_a_host_that_dies_takes_its_guests(self):
        vm, other = self.boot("vm", "c0"), self.boot("other", "c1")
        self.advance(10)
        self.cloud.host_down("c0")
        self.advance(5)
        self.assertFalse(self.cloud.answering(vm.id))
        self.assertTrue(self.cloud.answering(other.id))
        self.cloud.host_up("c0")
        self.assertEqual([(10.0, 15.0, "host down")], self.spans(vm))


class TestGroups(base.EmulatorTestCase):
    def setUp(self):
        super().setUp()
        self.pair = [self.boot(n, f"c{i}", metadata={"group": "ha"}) for i, n in enumerate("ab")]

    def outage(self, name="ha"):
        return round(self.cloud.record.group_outages()[name], 3)

    def test_one_of_two_is_enough(self):
        self.nova.servers.migrate(self.pair[0].id, host="c2")
        self.advance(30)
        self.assertEqual(0.0, self.outage())
        self.assertTrue(self.cloud.group_up("ha"))

    def test_both_at_once_is_an_outage(self):
        self.nova.servers.migrate(self.pair[0].id, host="c2")
        self.advance(5)
        self.nova.servers.migrate(self.pair[1].id, host="c2")
        self.advance(10)
        self.assertFalse(self.cloud.group_up("ha"))
        self.advance(30)
        self.assertEqual(15.1, self.outage())

    def test_an_outage_that_lasts_counts(self):
        for host in ("c0", "c1"):
            self.cloud.host_down(host)
        self.advance(7)
        self.assertEqual({"ha": 7.0}, self.cloud.record.group_outages())

    def test_a_group_that_is_given_up_is_no_outage(self):
        for server in self.pair:
            self.cloud.delete(server)
        self.advance(100)
        self.assertEqual(0.0, self.outage())

    def test_a_group_that_was_replaced_too_late_is(self):
        for server in self.pair:
            self.cloud.delete(server)
        self.advance(100)
        self.boot("a", "c2", metadata={"group": "ha"})
        self.assertEqual(100.0, self.outage())

    def test_defined_by_hand(self):
        vm = self.boot("x", "c0")
        self.cloud.define_group("web", [vm])
        self.advance(1)
        self.nova.servers.stop(vm.id)
        self.advance(11)
        self.nova.servers.start(vm.id)
        self.advance(5)
        self.assertEqual(11.0, self.outage("web"))

    def test_a_group_that_never_was_up_has_no_outage(self):
        made = self.nova.servers.create(
            "x", None, self.flavor.id, nics="none", meta={"group": "new"}
        )
        self.advance(10)
        self.assertEqual(0.0, self.outage("new"))
        self.assertTrue(self.cloud.answering(made.id))


class TestMoves(base.EmulatorTestCase):
    def test_live_and_cold(self):
        vm = self.boot("vm", "c0", metadata={"group": "g"})
        self.nova.servers.live_migrate(vm.id, "c1", "auto")
        self.advance(30)
        self.nova.servers.migrate(vm.id, host="c2")
        self.advance(30)
        live, cold = self.cloud.record.moves_of(vm.id)
        self.assertEqual(
            ("live", "c0", "c1", "completed", "g", True),
            (live.kind, live.source, live.dest, live.result, live.group, live.done),
        )
        self.assertEqual((0.0, 11.5), (live.start, round(live.end, 3)))
        self.assertEqual(("cold", None, None, False), (cold.kind, cold.end, cold.result, cold.done))
        self.nova.servers.confirm_resize(vm.id)
        self.advance(5)
        self.assertEqual(("confirmed", True), (cold.result, cold.done))

    def test_one_that_failed(self):
        vm = self.boot("vm", "c0")
        self.nova.servers.live_migrate(vm.id, "c0", "auto")
        self.advance(5)
        (move,) = self.cloud.record.moves
        self.assertEqual(("error", False), (move.result, move.done))
        self.assertIn("No valid host", move.reason)

    def own(self):
        return [
            (m.source, m.dest, m.start, m.end) for m in self.cloud.record.moves if m.kind == "own"
        ]

    def test_delete_then_create_under_the_same_name_is_an_own_move(self):
        vm = self.boot("vm", "c0")
        self.cloud.delete(vm)
        self.advance(3)
        self.boot("vm", "c1")
        self.assertEqual([("c0", "c1", 0.0, 3.0)], self.own())

    def test_create_then_delete_too(self):
        vm = self.boot("vm", "c0")
        self.advance(1)
        self.boot("vm", "c1")
        self.advance(3)
        self.cloud.delete(vm)
        self.assertEqual([("c0", "c1", 1.0, 4.0)], self.own())

    def test_replaces_in_the_metadata(self):
        vm = self.boot("vm-1", "c0")
        self.boot("vm-2", "c2", metadata={"replaces": vm.id})
        self.assertEqual([("c0", "c2", 0.0, 0.0)], self.own())
        self.cloud.delete(vm)
        self.boot("vm-1", "c1")
        self.assertEqual(1, len(self.own()))


class TestImpact(base.EmulatorTestCase):
    def test_members_on_the_way_at_the_same_time(self):
        first, second = (
            self.boot(n, f"c{i}", metadata={"group": "ha"}) for i, n in enumerate("ab")
        )
        self.nova.servers.live_migrate(first.id, "c2", "auto")
        self.advance(30)
        self.nova.servers.live_migrate(second.id, "c2", "auto")
        self.advance(30)
        impacted = self.cloud.record.most_impacted
        self.assertEqual({"ha": 1}, impacted())
        self.assertEqual({"ha": 1}, impacted(recovery_time=19.0))
        self.assertEqual({"ha": 2}, impacted(recovery_time=19.1))
        self.nova.servers.live_migrate(first.id, "c0", "auto")
        self.nova.servers.live_migrate(second.id, "c0", "auto")
        self.assertEqual({"ha": 2}, impacted())

    def test_a_resize_counts_until_it_is_confirmed(self):
        first, second = (self.boot(n, "c0", metadata={"group": "ha"}) for n in "ab")
        self.nova.servers.migrate(first.id)
        self.advance(100)
        self.nova.servers.confirm_resize(first.id)
        self.nova.servers.migrate(second.id)
        self.assertEqual({"ha": 2}, self.cloud.record.most_impacted())

    def test_all_interruptions(self):
        vm, other = self.boot("vm", "c0"), self.boot("other", "c1")
        self.nova.servers.stop(vm.id)
        self.advance(5)
        self.assertEqual({vm.id}, set(self.cloud.record.all_interruptions()))
        self.assertEqual([], self.cloud.record.interruptions(other.id))


class TestViolations(base.EmulatorTestCase):
    def test_too_much_on_a_host(self):
        for n in range(5):
            self.boot(f"vm{n}", "c0")
        (found,) = self.cloud.record.violations
        self.assertEqual(("capacity", "c0"), (found.kind, found.host))

    def test_anti_affinity(self):
        group = self.cloud.add_server_group(self.project)
        for name in "ab":
            self.boot(name, "c0", group=group)
        (found,) = self.cloud.record.violations
        self.assertEqual(("anti-affinity", "c0"), (found.kind, found.host))

    def test_soft_groups_may_share(self):
        group = self.cloud.add_server_group(self.project, "soft-anti-affinity")
        for name in "ab":
            self.boot(name, "c0", group=group)
        self.assertEqual([], self.cloud.record.violations)


class TestView(base.EmulatorTestCase):
    def test_hosts_with_their_servers(self):
        vm = self.boot("vm", "c1")
        self.hosts[1].compute.status = "disabled"
        self.hosts[1].compute.disabled_reason = "fenix"
        seen = {h["name"]: h for h in self.cloud.snapshot_view()}
        self.assertEqual({"ctl", "c0", "c1", "c2"}, set(seen))
        self.assertEqual(("controller",), seen["ctl"]["roles"])
        self.assertEqual(
            ("disabled", "fenix"), (seen["c1"]["status"], seen["c1"]["disabled_reason"])
        )
        (shown,) = seen["c1"]["servers"]
        self.assertEqual(
            (vm.id, "ACTIVE", True), (shown["id"], shown["status"], shown["answering"])
        )

    def test_builders_say_what_is_wrong(self):
        self.assertRaises(ValueError, self.boot, "x", "nowhere")
        self.assertRaises(ValueError, self.boot, "x", status="NONSENSE")
        huge = self.cloud.add_flavor("huge", vcpus=99)
        self.assertRaises(ValueError, self.cloud.boot, self.project, "x", huge)
        self.assertEqual([], self.cloud.snapshot_view()[1]["servers"])
