"""Cold migration, resize, evacuation: what a real Nova was seen to do."""

from novaclient import exceptions

from fenix.tests.unit.emulator import base


class ColdTestCase(base.EmulatorTestCase):
    def setUp(self):
        super().setUp()
        self.vm = self.boot("vm", "c0")

    def moved(self, to=None):
        self.nova.servers.migrate(self.vm.id, host=to)
        self.advance(30)


class TestGood(ColdTestCase):
    def test_the_states_on_the_way(self):
        self.nova.servers.migrate(self.vm.id, host="c1")
        seen = []
        for _ in range(250):
            found = self.nova.migrations.list(instance_uuid=self.vm.id)
            state = (*self.show(self.vm), found[0].status if found else None)
            if not seen or seen[-1] != state:
                seen.append(state)
            self.advance(0.1)
        self.assertEqual(
            [
                ("RESIZE", "resize_prep", "c0", None),
                ("RESIZE", "resize_prep", "c0", "pre-migrating"),
                ("RESIZE", "resize_prep", "c0", "migrating"),
                ("RESIZE", "resize_migrating", "c0", "migrating"),
                ("RESIZE", "resize_migrated", "c1", "post-migrating"),
                ("RESIZE", "resize_finish", "c1", "post-migrating"),
                ("VERIFY_RESIZE", None, "c1", "finished"),
            ],
            seen,
        )

    def test_both_hosts_hold_until_it_is_confirmed(self):
        self.moved("c1")
        self.assertEqual((1, 1), (self.hosts[0].used_vcpus, self.hosts[1].used_vcpus))
        self.nova.servers.confirm_resize(self.vm.id)
        self.assertEqual("confirming", self.migration(self.vm).status)
        self.assertEqual("VERIFY_RESIZE", self.show(self.vm)[0])
        self.advance(1.05)
        self.assertEqual("confirmed", self.migration(self.vm).status)
        self.assertEqual("VERIFY_RESIZE", self.show(self.vm)[0])
        self.advance(1)
        self.assertEqual(("ACTIVE", None, "c1"), self.show(self.vm))
        self.sound()

    def test_revert(self):
        self.moved()
        self.nova.servers.revert_resize(self.vm.id)
        self.assertEqual("REVERT_RESIZE", self.show(self.vm)[0])
        self.assertFalse(self.cloud.answering(self.vm.id))
        self.advance(3)
        self.assertEqual(("ACTIVE", None, "c0"), self.show(self.vm))
        self.assertEqual("reverted", self.migration(self.vm).status)
        self.sound()

    def test_a_stopped_server_stays_stopped(self):
        self.vm = self.boot("off", "c0", status="SHUTOFF")
        self.moved("c2")
        self.assertEqual(("VERIFY_RESIZE", None, "c2"), self.show(self.vm))
        self.nova.servers.confirm_resize(self.vm.id)
        self.advance(2)
        self.assertEqual(("SHUTOFF", None, "c2"), self.show(self.vm))
        self.assertFalse(self.cloud.answering(self.vm.id))

    def test_resize(self):
        big = self.cloud.add_flavor("big", vcpus=2, memory_mb=2048)
        self.nova.servers.resize(self.vm.id, big.id)
        self.advance(30)
        seen = self.nova.servers.get(self.vm.id)
        self.assertEqual(("VERIFY_RESIZE", 2), (seen.status, seen.flavor["vcpus"]))
        self.assertEqual("resize", self.migration(self.vm).migration_type)
        self.nova.servers.revert_resize(self.vm.id)
        self.advance(3)
        self.assertEqual(1, self.nova.servers.get(self.vm.id).flavor["vcpus"])
        self.assertRaises(
            exceptions.BadRequest, self.nova.servers.resize, self.vm.id, self.flavor.id
        )
        self.sound()

    def test_a_server_deleted_in_verify_resize_frees_both(self):
        self.moved()
        self.nova.servers.delete(self.vm.id)
        self.advance(2)
        self.assertEqual([0, 0, 0], [h.used_vcpus for h in self.hosts])
        self.sound()


class TestRefused(ColdTestCase):
    def test_states_that_do_not_allow_it(self):
        for status in ("PAUSED", "SUSPENDED", "ERROR", "BUILD"):
            other = self.boot(status, "c0", status=status)
            self.assertRaises(exceptions.Conflict, self.nova.servers.migrate, other.id)
            self.cloud.delete(other)
        self.moved()
        for again in (
            self.nova.servers.migrate,
            self.nova.servers.stop,
            lambda i: self.nova.servers.live_migrate(i, None, "auto"),
        ):
            self.assertRaises(exceptions.Conflict, again, self.vm.id)

    def test_nothing_to_confirm(self):
        for do in (self.nova.servers.confirm_resize, self.nova.servers.revert_resize):
            self.assertRaises(exceptions.Conflict, do, self.vm.id)
        self.moved()
        self.nova.servers.confirm_resize(self.vm.id)
        self.assertRaises(exceptions.BadRequest, self.nova.servers.confirm_resize, self.vm.id)

    def test_hosts_that_cannot_be(self):
        for host, part in (("nowhere", "could not be found"), ("c0", "where the server exists")):
            refused = self.assertRaises(
                exceptions.BadRequest, self.nova.servers.migrate, self.vm.id, host=host
            )
            self.assertIn(part, str(refused))

    def test_no_target_before_2_56(self):
        body = {"migrate": {"host": "c1"}}
        path = f"/servers/{self.vm.id}/action"
        old = {"OpenStack-API-Version": "compute 2.55"}
        self.assertEqual(
            400, self.call("compute", "POST", path, json=body, headers=old).status_code
        )

    def test_the_sources_service_is_down(self):
        self.cloud.host_down("c0")
        self.nova_at("2.96")
        self.advance(59)
        self.assertEqual("up", self.nova.services.list("c0")[0].state)
        self.advance(2)
        self.assertEqual("down", self.nova.services.list("c0")[0].state)
        refused = self.assertRaises(exceptions.Conflict, self.nova.servers.migrate, self.vm.id)
        self.assertIn("Service is unavailable at this time", str(refused))

    def test_no_confirm_while_the_sources_service_is_down(self):
        self.moved()
        self.nova.services.force_down(self.hosts[0].compute.uuid, True)
        self.assertRaises(exceptions.Conflict, self.nova.servers.confirm_resize, self.vm.id)
        self.nova.services.force_down(self.hosts[0].compute.uuid, False)
        self.nova.servers.confirm_resize(self.vm.id)


class TestBad(ColdTestCase):
    def fails(self, to):
        self.nova.servers.migrate(self.vm.id, host=to)
        self.assertEqual("RESIZE", self.show(self.vm)[0])
        self.advance(0.55)
        self.assertEqual("error", self.migration(self.vm).status)
        self.assertEqual("RESIZE", self.show(self.vm)[0])
        self.advance(1)
        self.assertEqual(("ACTIVE", None, "c0"), self.show(self.vm))
        self.assertFalse(hasattr(self.nova.servers.get(self.vm.id), "fault"))
        action = self.nova.instance_action.list(self.vm.id)[0]
        self.assertEqual(("migrate", "Error"), (action.action, action.message))
        self.assertTrue(self.cloud.answering(self.vm.id))
        self.assertEqual({self.vm.id}, set(self.hosts[0].allocations))
        self.assertEqual([], self.cloud.record.violations)

    def test_a_full_host(self):
        for n in range(4):
            self.boot(f"filler{n}", "c1")
        self.fails("c1")

    def test_a_disabled_host(self):
        self.hosts[1].compute.status = "disabled"
        self.fails("c1")

    def test_anti_affinity(self):
        group = self.cloud.add_server_group(self.project)
        self.boot("peer", "c1", group=group)
        self.cloud.delete(self.vm)
        self.vm = self.boot("vm", "c0", group=group)
        self.fails("c1")

    def test_room_that_a_resize_keeps_is_not_free(self):
        self.cloud.delete(self.vm)
        waiting = [self.boot(f"w{n}", "c1") for n in range(4)]
        for server in waiting:
            self.nova.servers.migrate(server.id, host="c2")
        self.advance(40)
        self.assertEqual({"VERIFY_RESIZE"}, {self.show(s)[0] for s in waiting})
        self.vm = self.boot("vm", "c0")
        self.fails("c1")


class TestFaults(ColdTestCase):
    def test_migrate_disk(self):
        self.cloud.faults.set("c0", migrate_disk="error")
        self.moved("c1")
        self.assertEqual(("ERROR", None, "c0"), self.show(self.vm))
        self.assertEqual("error", self.migration(self.vm).status)
        self.assertIn("migrate_disk", self.nova.servers.get(self.vm.id).fault["message"])
        self.assertRaises(exceptions.Conflict, self.nova.servers.migrate, self.vm.id)
        self.nova.servers.reset_state(self.vm.id, "active")
        self.assertEqual(("ACTIVE", None, "c0"), self.show(self.vm))
        self.sound()

    def test_finish_migration(self):
        self.cloud.faults.set("c1", finish_migration="error")
        self.moved("c1")
        self.assertEqual(("ERROR", None, "c1"), self.show(self.vm))
        self.assertFalse(self.cloud.answering(self.vm.id))
        self.sound()
        self.nova.servers.reboot(self.vm.id, "HARD")
        self.advance(2)
        self.assertEqual(("ACTIVE", None, "c1"), self.show(self.vm))
        self.assertTrue(self.cloud.answering(self.vm.id))

    def test_silent(self):
        self.cloud.faults.set(self.vm, migrate_disk="silent")
        self.moved("c1")
        self.assertEqual(("ACTIVE", None, "c0"), self.show(self.vm))
        self.assertEqual("error", self.migration(self.vm).status)
        self.sound()

    def test_a_boot_that_fails(self):
        self.cloud.faults.set("c1", spawn="error")
        made = self.nova.servers.create("x", None, self.flavor.id, nics="none", host="c1")
        self.advance(10)
        self.assertEqual("ERROR", self.nova.servers.get(made.id).status)
        self.assertEqual(0, self.hosts[1].used_vcpus)

    def test_a_dead_destination_works_on_it_when_it_is_back(self):
        self.cloud.host_down("c1")
        self.moved("c1")
        self.assertEqual(("RESIZE", "resize_prep", "c0"), self.show(self.vm))
        self.cloud.host_up("c1")
        self.advance(30)
        self.assertEqual(("VERIFY_RESIZE", None, "c1"), self.show(self.vm))

    def test_a_source_that_dies_gives_up_when_it_is_back(self):
        self.nova.servers.migrate(self.vm.id, host="c1")
        self.advance(5)
        self.cloud.host_down("c0")
        self.advance(100)
        self.assertEqual("resize_migrating", self.show(self.vm)[1])
        self.cloud.host_up("c0")
        self.advance(1)
        self.assertEqual(("ACTIVE", None, "c0"), self.show(self.vm))
        self.assertTrue(self.cloud.answering(self.vm.id))
        self.sound()


class TestEvacuation(ColdTestCase):
    def test_from_a_host_that_is_forced_down(self):
        self.assertRaises(exceptions.BadRequest, self.nova.servers.evacuate, self.vm.id)
        self.cloud.host_down("c0")
        self.nova.services.force_down(self.hosts[0].compute.uuid, True)
        self.nova.servers.evacuate(self.vm.id, host="c2")
        self.assertEqual("REBUILD", self.show(self.vm)[0])
        self.advance(5)
        self.assertEqual(("ACTIVE", None, "c2"), self.show(self.vm))
        self.assertEqual("evacuation", self.migration(self.vm).migration_type)
        self.assertTrue(self.cloud.answering(self.vm.id))
        self.sound()
