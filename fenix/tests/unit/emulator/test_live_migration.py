"""Live migration: what a real Nova was seen to do."""

from novaclient import exceptions

from fenix.tests.unit.emulator import base


class LiveTestCase(base.EmulatorTestCase):
    def setUp(self):
        super().setUp()
        self.vm = self.boot("vm", "c0")

    def live(self, to=None, server=None, nova=None):
        nova = nova or self.nova
        nova.servers.live_migrate((server or self.vm).id, to, "auto")

    def action(self, server=None):
        server = server or self.vm
        newest = self.nova.instance_action.list(server.id)[0]
        return self.nova.instance_action.get(server.id, newest.request_id)


class TestGood(LiveTestCase):
    def test_the_states_on_the_way(self):
        self.live("c1")
        seen = []
        for _ in range(150):
            found = self.nova.migrations.list(instance_uuid=self.vm.id)
            status, task, host = self.show(self.vm)
            state = (status, task, host, found[0].status if found else None)
            if not seen or seen[-1] != state:
                seen.append(state)
            self.advance(0.1)
        self.assertEqual(
            [
                ("MIGRATING", "migrating", "c0", None),
                ("MIGRATING", "migrating", "c0", "accepted"),
                ("MIGRATING", "migrating", "c0", "preparing"),
                ("MIGRATING", "migrating", "c0", "running"),
                ("ACTIVE", None, "c1", "running"),
                ("ACTIVE", None, "c1", "completed"),
            ],
            seen,
        )
        self.sound()

    def test_the_row(self):
        self.live("c1")
        self.advance(0.2)
        early = self.migration(self.vm)
        self.assertIsNone(early.dest_compute)
        self.advance(0.8)
        row = self.migration(self.vm)
        self.assertEqual(
            ("live-migration", "c0", "c1"),
            (row.migration_type, row.source_compute, row.dest_compute),
        )
        self.advance(20)
        self.assertEqual("completed", self.migration(self.vm).status)
        events = {e["event"]: e["result"] for e in self.action().events}
        self.assertEqual("Success", events["compute_live_migration"])
        self.assertIsNone(self.action().message)

    def test_both_hosts_hold_while_it_runs(self):
        self.live("c1")
        self.advance(5)
        self.assertEqual((1, 1), (self.hosts[0].used_vcpus, self.hosts[1].used_vcpus))
        self.assertEqual({self.vm.id}, set(self.hosts[1].allocations))
        self.assertEqual({self.migration(self.vm).uuid}, set(self.hosts[0].allocations))
        self.advance(20)
        self.assertEqual((0, 1), (self.hosts[0].used_vcpus, self.hosts[1].used_vcpus))

    def test_the_scheduler_picks_the_emptiest(self):
        self.boot("other", "c1")
        self.live()
        self.advance(20)
        self.assertEqual(("ACTIVE", None, "c2"), self.show(self.vm))

    def test_a_paused_server_stays_paused(self):
        paused = self.boot("p", "c0", status="PAUSED")
        self.live("c2", paused)
        self.advance(20)
        self.assertEqual(("PAUSED", None, "c2"), self.show(paused))
        self.assertFalse(self.cloud.answering(paused.id))

    def test_one_at_a_time_from_a_host(self):
        second, third = self.boot("vm2", "c0"), self.boot("vm3", "c1")
        self.live("c2")
        self.live("c2", second)
        self.live("c2", third)
        self.advance(2)
        self.assertEqual(
            ["running", "queued", "running"],
            [self.migration(s).status for s in (self.vm, second, third)],
        )
        self.advance(10)
        self.assertEqual("running", self.migration(second).status)
        self.advance(12)
        self.assertEqual(("ACTIVE", None, "c2"), self.show(second))
        self.sound()

    def test_more_at_a_time_if_configured(self):
        self.cloud.timings.live_migrations_per_host = 2
        second = self.boot("vm2", "c0")
        self.live("c2")
        self.live("c2", second)
        self.advance(2)
        self.assertEqual("running", self.migration(second).status)

    def test_progress_abort_and_force(self):
        self.live("c1")
        self.assertEqual([], self.nova.server_migrations.list(self.vm.id))
        self.advance(6)
        (running,) = self.nova.server_migrations.list(self.vm.id)
        self.assertEqual("running", running.status)
        self.assertTrue(0 < running.memory_processed_bytes < running.memory_total_bytes)
        self.nova.server_migrations.live_migration_abort(self.vm.id, running.id)
        self.advance(1)
        self.assertEqual(("ACTIVE", None, "c0"), self.show(self.vm))
        self.assertEqual("cancelled", self.migration(self.vm).status)
        self.sound()
        self.live("c1")
        self.advance(3)
        (running,) = self.nova.server_migrations.list(self.vm.id)
        self.nova.server_migrations.live_migrate_force_complete(self.vm.id, running.id)
        self.advance(1.1)
        self.assertEqual(("ACTIVE", None, "c1"), self.show(self.vm))
        self.sound()

    def test_abort_of_what_does_not_run(self):
        abort = self.nova.server_migrations.live_migration_abort
        self.assertRaises(exceptions.Conflict, abort, self.vm.id, 1)
        self.live("c1")
        self.advance(0.3)
        row = self.migration(self.vm)
        self.assertEqual("accepted", row.status)
        self.assertRaises(exceptions.BadRequest, abort, self.vm.id, row.id)
        self.assertRaises(exceptions.NotFound, abort, self.vm.id, 99)
        self.advance(20)
        self.assertRaises(exceptions.Conflict, abort, self.vm.id, row.id)
        self.assertRaises(exceptions.NotFound, self.nova.server_migrations.get, self.vm.id, row.id)

    def test_a_queued_one_can_be_aborted_from_2_65(self):
        second = self.boot("vm2", "c0")
        self.live("c2")
        self.live("c2", second)
        self.advance(2)
        row = self.migration(second)
        old = self.nova_at("2.64").server_migrations
        self.assertRaises(exceptions.BadRequest, old.live_migration_abort, second.id, row.id)
        self.nova.server_migrations.live_migration_abort(second.id, row.id)
        self.advance(30)
        self.assertEqual("cancelled", self.migration(second).status)
        self.assertEqual(("ACTIVE", None, "c0"), self.show(second))
        self.assertEqual("completed", self.migration(self.vm).status)

    def test_a_server_deleted_on_its_way_leaves_nothing(self):
        second = self.boot("vm2", "c0")
        self.live("c1")
        self.live("c1", second)
        self.advance(5)
        self.nova.servers.delete(self.vm.id)
        self.advance(3)
        self.assertRaises(exceptions.NotFound, self.nova.servers.get, self.vm.id)
        self.assertEqual([], self.nova.migrations.list(instance_uuid=self.vm.id))
        self.advance(20)
        self.assertEqual("c1", self.show(second)[2])
        self.sound()

    def test_a_server_deleted_before_the_row_appears_leaves_nothing(self):
        self.live("c1")
        self.cloud.delete(self.vm)
        self.advance(20)
        self.assertRaises(exceptions.NotFound, self.nova.servers.get, self.vm.id)
        self.assertEqual([], self.nova.migrations.list())
        self.sound()


class TestRefused(LiveTestCase):
    def test_states_that_do_not_allow_it(self):
        for status in ("SHUTOFF", "SUSPENDED", "RESCUE", "ERROR"):
            other = self.boot(status, "c0", status=status)
            self.assertRaises(exceptions.Conflict, self.live, "c1", other)
            self.cloud.delete(other)
        build = self.boot("b", "c0", status="BUILD")
        self.assertRaises(exceptions.Conflict, self.live, "c1", build)

    def test_a_second_action_meanwhile(self):
        self.live("c1")
        for again in (
            self.live,
            lambda: self.nova.servers.migrate(self.vm.id),
            lambda: self.nova.servers.stop(self.vm.id),
        ):
            self.assertRaises(exceptions.Conflict, again)

    def test_an_unknown_host(self):
        refused = self.assertRaises(exceptions.BadRequest, self.live, "nowhere")
        self.assertIn("Compute host nowhere could not be found", str(refused))
        self.assertRaises(exceptions.BadRequest, self.live, "ctl")
        self.assertEqual(("ACTIVE", None, "c0"), self.show(self.vm))


class TestBad(LiveTestCase):
    def fails(self, to, part="No valid host"):
        """Accepted, then only the record and the action tell."""
        self.live(to)
        self.assertEqual("MIGRATING", self.show(self.vm)[0])
        self.advance(1)
        self.assertEqual(("ACTIVE", None, "c0"), self.show(self.vm))
        self.assertFalse(hasattr(self.nova.servers.get(self.vm.id), "fault"))
        row = self.migration(self.vm)
        self.assertEqual(("error", None), (row.status, row.dest_compute))
        action = self.action()
        self.assertEqual("Error", action.message)
        self.assertIn(part, action.events[0]["details"])
        self.assertEqual({self.vm.id}, set(self.hosts[0].allocations))

    def test_a_full_host(self):
        for n in range(4):
            self.boot(f"filler{n}", "c1")
        self.fails("c1")

    def test_its_own_host(self):
        self.fails("c0")

    def test_a_disabled_host(self):
        self.hosts[1].compute.status = "disabled"
        self.fails("c1")

    def test_a_host_that_is_down(self):
        self.hosts[1].compute.forced_down = True
        self.fails("c1")

    def test_anti_affinity(self):
        group = self.cloud.add_server_group(self.project)
        self.boot("peer", "c1", group=group)
        self.cloud.delete(self.vm)
        self.vm = self.boot("vm", "c0", group=group)
        self.fails("c1")

    def test_two_members_at_once_to_one_host(self):
        group = self.cloud.add_server_group(self.project)
        self.cloud.delete(self.vm)
        self.vm = self.boot("vm", "c0", group=group)
        peer = self.boot("peer", "c1", group=group)
        self.live("c2", peer)
        self.fails("c2")
        self.advance(20)
        self.assertEqual("c2", self.show(peer)[2])

    def test_the_row_says_so_before_the_server(self):
        self.live("c0")
        self.advance(0.55)
        self.assertEqual("error", self.migration(self.vm).status)
        self.assertEqual(("MIGRATING", "migrating", "c0"), self.show(self.vm))
        self.advance(0.1)
        self.assertEqual("ACTIVE", self.show(self.vm)[0])

    def test_before_2_34_the_api_says_it_at_once(self):
        self.hosts[1].compute.forced_down = True
        old = self.nova_at("2.33")
        self.assertRaises(exceptions.BadRequest, self.live, "c1", nova=old)
        self.assertEqual("ACTIVE", self.show(self.vm)[0])

    def test_forced_the_scheduler_is_not_asked(self):
        self.hosts[1].compute.status = "disabled"
        self.nova_at("2.67").servers.live_migrate(self.vm.id, "c1", "auto", force=True)
        self.advance(20)
        self.assertEqual("c1", self.show(self.vm)[2])


class TestFaults(LiveTestCase):
    def test_error_ends_as_a_failed_migration_does(self):
        self.cloud.faults.set("c0", live_migration="error")
        self.live("c1")
        self.advance(5)
        self.assertEqual("running", self.migration(self.vm).status)
        self.advance(10)
        self.assertEqual(("ACTIVE", None, "c0"), self.show(self.vm))
        self.assertEqual("error", self.migration(self.vm).status)
        self.assertTrue(self.cloud.answering(self.vm.id))
        self.sound()

    def test_crash_leaves_error_and_a_stale_allocation(self):
        self.cloud.faults.set("c0", live_migration="crash")
        self.live("c1")
        self.advance(5)
        self.assertEqual(("ERROR", None, "c0"), self.show(self.vm))
        self.assertEqual("error", self.migration(self.vm).status)
        self.assertIn("live_migration", self.nova.servers.get(self.vm.id).fault["message"])
        self.assertEqual(1, self.hosts[1].used_vcpus)
        self.assertRaises(exceptions.Conflict, self.live, "c1")
        self.nova.servers.reset_state(self.vm.id, "active")
        self.cloud.faults.clear()
        self.live("c1")
        self.advance(20)
        self.assertEqual("c1", self.show(self.vm)[2])
        self.sound()

    def test_stuck_until_aborted(self):
        with self.cloud.faults.during("c0", live_migration="stuck"):
            self.live("c1")
            self.advance(10000)
        row = self.migration(self.vm)
        self.assertEqual("running", row.status)
        self.nova.server_migrations.live_migration_abort(self.vm.id, row.id)
        self.advance(1)
        self.assertEqual("cancelled", self.migration(self.vm).status)
        self.sound()

    def test_hang_takes_longer(self):
        self.cloud.faults.set(self.vm, live_migration="hang:100")
        self.live("c1")
        self.advance(50)
        self.assertEqual("running", self.migration(self.vm).status)
        self.advance(70)
        self.assertEqual("c1", self.show(self.vm)[2])

    def test_the_destination_is_bad(self):
        for fault in ("check_destination", "pre_live_migration"):
            self.cloud.faults.set("c1", **{fault: "error"})
            self.live("c1")
            self.advance(3)
            self.assertEqual(("ACTIVE", None, "c0"), self.show(self.vm))
            self.assertEqual("error", self.migration(self.vm).status)
            self.sound()

    def test_a_bad_check_makes_the_scheduler_try_another(self):
        self.boot("other", "c2")
        self.cloud.faults.set("c1", check_destination="error")
        self.live()
        self.advance(20)
        self.assertEqual("c2", self.show(self.vm)[2])

    def test_lost_and_nothing_happens_for_ever(self):
        self.cloud.faults.set("c0", schedule="lost")
        self.live("c1")
        self.advance(100000)
        self.assertEqual(("MIGRATING", "migrating", "c0"), self.show(self.vm))
        self.assertEqual([], self.nova.migrations.list(instance_uuid=self.vm.id))

    def test_unknown_faults_are_refused(self):
        self.assertRaises(ValueError, self.cloud.faults.set, "c0", nonsense="error")
        self.assertRaises(ValueError, self.cloud.faults.set, "c0", spawn="explode")


class TestHostsThatDie(LiveTestCase):
    def test_source_dies_and_comes_back(self):
        self.live("c1")
        self.advance(5)
        self.cloud.host_down("c0")
        self.advance(100)
        self.assertEqual(("MIGRATING", "migrating", "c0"), self.show(self.vm))
        self.cloud.host_up("c0")
        self.advance(1)
        self.assertEqual(("ACTIVE", None, "c0"), self.show(self.vm))
        self.assertEqual("error", self.migration(self.vm).status)
        self.assertTrue(self.cloud.answering(self.vm.id))
        self.sound()

    def test_destination_dies(self):
        self.live("c1")
        self.advance(5)
        self.cloud.host_down("c1")
        self.advance(20)
        self.assertEqual(("ACTIVE", None, "c0"), self.show(self.vm))
        self.assertEqual("error", self.migration(self.vm).status)
        self.sound()

    def test_destination_died_unnoticed(self):
        self.cloud.host_down("c1")
        self.live("c1")
        self.advance(30)
        self.assertEqual("accepted", self.migration(self.vm).status)
        self.advance(40)
        self.assertEqual(("ACTIVE", None, "c0"), self.show(self.vm))
        self.assertEqual("error", self.migration(self.vm).status)
        self.sound()

    def test_source_is_known_to_be_down(self):
        self.cloud.host_down("c0")
        self.advance(70)
        self.live("c1")
        self.advance(2)
        self.assertEqual("error", self.migration(self.vm).status)
