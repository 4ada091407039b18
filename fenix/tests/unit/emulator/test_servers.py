"""Servers through novaclient."""

from novaclient import exceptions

from fenix.tests.unit.emulator import base


class TestLists(base.EmulatorTestCase):
    def names(self, nova=None, **search):
        return [s.name for s in (nova or self.nova).servers.list(search_opts=search)]

    def test_newest_first(self):
        for name in ("a", "b", "c"):
            self.boot(name, "c0")
        self.assertEqual(["c", "b", "a"], self.names(all_tenants=1))

    def test_without_all_tenants_only_ones_own_project(self):
        self.boot("a", "c0")
        self.assertEqual([], self.names())
        self.assertEqual(["a"], self.names(self.nova_of_demo()))

    def test_all_tenants_is_for_admins(self):
        self.assertRaises(exceptions.Forbidden, self.names, self.nova_of_demo(), all_tenants=1)

    def test_filters(self):
        other = self.cloud.add_project("other")
        self.boot("a", "c0")
        self.boot("b", "c1", status="SHUTOFF")
        self.cloud.boot(other, "c", self.flavor, host="c1")
        self.assertEqual(["c", "b"], self.names(all_tenants=1, host="c1"))
        self.assertEqual(["b", "a"], self.names(all_tenants=1, project_id=self.project.id))
        self.assertEqual(["c"], self.names(tenant_id=other.id))
        self.assertEqual(["b"], self.names(all_tenants=1, status="SHUTOFF"))
        self.assertEqual(["b"], self.names(all_tenants=1, host="c1", project_id=self.project.id))
        self.assertEqual(["c"], self.names(all_tenants=1, name="^c$"))
        self.assertRaises(exceptions.BadRequest, self.names, all_tenants=1, status="nonsense")
        self.assertRaises(exceptions.BadRequest, self.names, all_tenants="perhaps")

    def test_a_users_host_filter_is_not_heard(self):
        self.boot("a", "c0")
        self.assertEqual(["a"], self.names(self.nova_of_demo(), host="c2"))

    def test_pages(self):
        made = [self.boot(f"s{n}", f"c{n % 3}").name for n in range(7)]
        page = self.nova.servers.list(search_opts={"all_tenants": 1}, limit=3)
        self.assertEqual(made[:-4:-1], [s.name for s in page])
        rest = self.nova.servers.list(search_opts={"all_tenants": 1}, limit=-1, marker=page[-1].id)
        self.assertEqual(made[-4::-1], [s.name for s in rest])
        raw = self.call("compute", "GET", "/servers?all_tenants=1&limit=3").json()
        self.assertEqual("next", raw["servers_links"][0]["rel"])
        self.assertIn(f"marker={page[-1].id}", raw["servers_links"][0]["href"])
        self.assertRaises(exceptions.BadRequest, self.nova.servers.list, marker="nope")

    def test_changes_since_has_the_deleted_too(self):
        old, changed, gone = (self.boot(name, "c0") for name in ("old", "changed", "gone"))
        self.advance(100)
        since = self.nova.servers.get(old.id).updated
        self.assertEqual(3, len(self.names(all_tenants=1, changes_since=None)))
        self.nova.servers.stop(changed.id)
        self.nova.servers.delete(gone.id)
        self.advance(100)
        later = "changes-since"
        seen = {
            s.name: s.status
            for s in self.nova.servers.list(search_opts={"all_tenants": 1, later: since})
        }
        self.assertEqual({"old": "ACTIVE", "changed": "SHUTOFF", "gone": "DELETED"}, seen)
        now = self.cloud.clock.epoch.timestamp() + self.clock.now() - 150
        stamp = base.stamp(now)
        names = self.names(**{"all_tenants": 1, later: stamp})
        self.assertEqual(["gone", "changed"], names)
        self.assertEqual(
            ["changed"], self.names(**{"all_tenants": 1, later: stamp, "deleted": "0"})
        )
        self.assertEqual(["gone"], self.names(all_tenants=1, deleted=True))
        self.assertEqual(["changed", "old"], self.names(all_tenants=1))


class TestShow(base.EmulatorTestCase):
    def test_what_an_admin_sees(self):
        group = self.cloud.add_server_group(self.project)
        made = self.boot("a", "c0", group=group, metadata={"k": "v"})
        seen = self.nova.servers.get(made.id)
        self.assertEqual("ACTIVE", seen.status)
        self.assertEqual("c0", getattr(seen, "OS-EXT-SRV-ATTR:host"))
        self.assertEqual("c0", getattr(seen, "OS-EXT-SRV-ATTR:hypervisor_hostname"))
        self.assertIsNone(getattr(seen, "OS-EXT-STS:task_state"))
        self.assertEqual("active", getattr(seen, "OS-EXT-STS:vm_state"))
        self.assertEqual(1, getattr(seen, "OS-EXT-STS:power_state"))
        self.assertEqual([group.id], seen.server_groups)
        self.assertEqual({"k": "v"}, seen.metadata)
        self.assertEqual(self.project.id, seen.tenant_id)
        self.assertEqual((1, 1024, 10), tuple(seen.flavor[k] for k in ("vcpus", "ram", "disk")))
        self.assertEqual("UP", seen.host_status)

    def test_the_list_does_not_say_the_groups(self):
        self.boot("a", "c0", group=self.cloud.add_server_group(self.project))
        (seen,) = self.nova.servers.list(search_opts={"all_tenants": 1})
        self.assertFalse(hasattr(seen, "server_groups"))

    def test_old_microversions_know_less(self):
        made = self.boot("a", "c0")
        old = self.nova_at("2.1").servers.get(made.id)
        self.assertEqual(self.flavor.id, old.flavor["id"])
        for name in ("host_status", "server_groups", "locked", "tags"):
            self.assertFalse(hasattr(old, name), name)
        self.assertNotIn("vcpus", old.flavor)
        self.assertIn("id", self.nova_at("2.46").servers.get(made.id).flavor)

    def test_a_user_does_not_see_hosts_nor_foreign_servers(self):
        mine = self.boot("a", "c0")
        foreign = self.cloud.boot(self.cloud.admin_project, "b", self.flavor, host="c0")
        demo = self.nova_of_demo()
        self.assertFalse(hasattr(demo.servers.get(mine.id), "OS-EXT-SRV-ATTR:host"))
        self.assertNotEqual("", demo.servers.get(mine.id).hostId)
        self.assertRaises(exceptions.NotFound, demo.servers.get, foreign.id)
        self.assertRaises(exceptions.NotFound, demo.servers.delete, foreign.id)
        self.assertRaises(exceptions.Forbidden, demo.servers.migrate, mine.id)
        self.assertRaises(exceptions.Forbidden, demo.services.list)

    def test_microversions_out_of_range(self):
        headers = {"OpenStack-API-Version": "compute 2.200"}
        answer = self.call("compute", "GET", "/servers", headers=headers)
        self.assertEqual(406, answer.status_code)
        self.assertIn("maximum is 2.104", answer.json()["computeFault"]["message"])
        latest = self.call(
            "compute", "GET", "/servers", headers={"OpenStack-API-Version": "compute latest"}
        )
        self.assertEqual("compute 2.104", latest.headers["OpenStack-API-Version"])
        self.assertEqual(
            401, self.call("compute", "GET", "/servers", authenticated=False).status_code
        )

    def test_the_api_says_its_versions(self):
        self.assertEqual("2.104", self.nova.versions.get_current().version)


class TestBootAndDelete(base.EmulatorTestCase):
    def create(self, name="new", nova=None, **more):
        return (nova or self.nova_of_demo()).servers.create(
            name, None, self.flavor.id, nics="none", **more
        )

    def test_build_then_active(self):
        made = self.create()
        self.assertEqual("BUILD", self.nova.servers.get(made.id).status)
        self.advance(1.0)
        self.assertEqual("BUILD", self.nova.servers.get(made.id).status)
        self.advance(2.0)
        self.assertEqual("ACTIVE", self.nova.servers.get(made.id).status)
        self.assertTrue(self.cloud.answering(made.id))
        self.sound()

    def test_servers_are_spread(self):
        made = [self.create(f"s{n}") for n in range(6)]
        self.advance(10)
        hosts = [self.cloud.servers.get(s.id).host.name for s in made]
        self.assertEqual(["c0", "c0", "c1", "c1", "c2", "c2"], sorted(hosts))

    def test_no_room_is_an_error_later(self):
        for n in range(12):
            self.boot(f"s{n}")
        made = self.create()
        self.advance(10)
        seen = self.nova.servers.get(made.id)
        self.assertEqual("ERROR", seen.status)
        self.assertIn("No valid host", seen.fault["message"])

    def test_disabled_hosts_are_left_out(self):
        for host in self.hosts[:2]:
            host.compute.status = "disabled"
        made = [self.create(f"s{n}") for n in range(4)]
        self.advance(10)
        self.assertEqual({"c2"}, {self.cloud.servers.get(s.id).host.name for s in made})

    def test_anti_affinity_holds(self):
        nova = self.nova_of_demo()
        group = nova.server_groups.create("ha", "anti-affinity")
        made = [self.create(f"s{n}", scheduler_hints={"group": group.id}) for n in range(4)]
        self.advance(10)
        seen = [self.nova.servers.get(s.id) for s in made]
        self.assertEqual(["ACTIVE"] * 3 + ["ERROR"], [s.status for s in seen])
        self.assertEqual(3, len({getattr(s, "OS-EXT-SRV-ATTR:host") for s in seen[:3]}))
        self.assertEqual({s.id for s in made}, set(nova.server_groups.get(group.id).members))
        self.sound()

    def test_an_admin_names_the_host(self):
        made = self.create(nova=self.nova, host="c2")
        self.advance(10)
        self.assertEqual("c2", self.show(made)[2])
        self.assertRaises(exceptions.BadRequest, self.create, nova=self.nova, host="nowhere")
        self.assertRaises(exceptions.Forbidden, self.create, host="c2")

    def test_what_does_not_exist_is_400(self):
        group = "11111111-1111-1111-1111-111111111111"
        self.assertRaises(exceptions.BadRequest, self.create, scheduler_hints={"group": group})
        nova = self.nova_of_demo()
        self.assertRaises(
            exceptions.BadRequest, nova.servers.create, "x", None, "nope", nics="none"
        )

    def test_delete(self):
        made = self.boot("a", "c0")
        self.nova_of_demo().servers.delete(made.id)
        self.assertEqual("deleting", self.show(made)[1])
        self.advance(2)
        self.assertRaises(exceptions.NotFound, self.nova.servers.get, made.id)
        self.assertRaises(exceptions.NotFound, self.nova.servers.delete, made.id)
        self.sound()

    def test_power_states(self):
        made = self.boot("a", "c0")
        nova = self.nova_of_demo()
        for do, status, answers in (
            (nova.servers.stop, "SHUTOFF", False),
            (nova.servers.start, "ACTIVE", True),
            (nova.servers.pause, "PAUSED", False),
            (nova.servers.unpause, "ACTIVE", True),
            (nova.servers.suspend, "SUSPENDED", False),
            (nova.servers.resume, "ACTIVE", True),
            (nova.servers.rescue, "RESCUE", True),
            (nova.servers.unrescue, "ACTIVE", True),
            (nova.servers.reboot, "ACTIVE", True),
        ):
            do(made.id)
            self.assertRaises(exceptions.Conflict, nova.servers.stop, made.id)
            self.advance(2)
            self.assertEqual(status, self.show(made)[0])
            self.assertEqual(answers, self.cloud.answering(made.id))
        self.assertRaises(exceptions.Conflict, nova.servers.start, made.id)

    def test_shelve_leaves_the_host_and_unshelve_finds_one(self):
        made = self.boot("a", "c0")
        self.nova.servers.shelve(made.id)
        self.advance(1.5)
        self.assertEqual(("SHELVED", "shelving_offloading", "c0"), self.show(made))
        self.advance(1)
        self.assertEqual(("SHELVED_OFFLOADED", None, None), self.show(made))
        self.sound()
        self.nova.servers.unshelve(made.id)
        self.advance(5)
        self.assertEqual("ACTIVE", self.show(made)[0])
        self.assertIsNotNone(self.show(made)[2])
        self.sound()

    def test_reset_state(self):
        made = self.boot("a", "c0")
        self.nova.servers.reset_state(made.id)
        self.assertEqual("ERROR", self.show(made)[0])
        self.assertTrue(self.cloud.answering(made.id))
        self.nova.servers.reset_state(made.id, "active")
        self.assertEqual("ACTIVE", self.show(made)[0])

    def test_actions_that_are_not(self):
        made = self.boot("a", "c0")
        for body in ({"nope": None}, {"pause": None, "unpause": None}, [], 7):
            answer = self.call("compute", "POST", f"/servers/{made.id}/action", json=body)
            self.assertEqual(400, answer.status_code)
