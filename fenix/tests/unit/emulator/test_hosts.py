"""Services, hypervisors, aggregates, Placement: what is known of hosts."""

from novaclient import exceptions

from fenix.tests.unit.emulator import base


class TestServices(base.EmulatorTestCase):
    def test_controllers_have_no_compute(self):
        seen = {(s.binary, s.host, s.status, s.state) for s in self.nova.services.list()}
        self.assertEqual(
            {
                ("nova-conductor", "ctl", "enabled", "up"),
                ("nova-scheduler", "ctl", "enabled", "up"),
                *(("nova-compute", f"c{n}", "enabled", "up") for n in range(3)),
            },
            seen,
        )
        self.assertEqual(
            {"c0", "c1", "c2"}, {h.hypervisor_hostname for h in self.nova.hypervisors.list()}
        )

    def test_a_host_with_both_roles(self):
        self.cloud.add_host("both", roles=("controller", "compute"))
        binaries = {s.binary for s in self.nova.services.list("both")}
        self.assertEqual({"nova-conductor", "nova-scheduler", "nova-compute"}, binaries)

    def test_a_host_is_something(self):
        self.assertRaises(ValueError, self.cloud.add_host, "x", roles=())
        self.assertRaises(ValueError, self.cloud.add_host, "x", roles=("storage",))
        self.assertRaises(ValueError, self.cloud.add_host, "c0")

    def test_disable_with_a_reason_and_enable(self):
        (service,) = self.nova.services.list("c0", "nova-compute")
        self.nova.services.disable_log_reason(service.id, "fenix 1")
        (seen,) = self.nova.services.list("c0")
        self.assertEqual(("disabled", "fenix 1"), (seen.status, seen.disabled_reason))
        vm = self.boot("vm", "c0")
        self.assertEqual("MAINTENANCE", self.nova.servers.get(vm.id).host_status)
        self.nova.services.enable(service.id)
        (seen,) = self.nova.services.list("c0")
        self.assertEqual(("enabled", None), (seen.status, seen.disabled_reason))

    def test_by_host_name_below_2_53(self):
        old = self.nova_at("2.52").services
        self.assertIsInstance(old.list("c1")[0].id, int)
        self.assertEqual("disabled", old.disable_log_reason("c1", "nova-compute", "why").status)
        self.assertEqual("why", old.list("c1")[0].disabled_reason)
        self.assertEqual("enabled", old.enable("c1", "nova-compute").status)
        self.assertTrue(old.force_down("c1", "nova-compute", True).forced_down)
        self.assertRaises(exceptions.NotFound, old.enable, "nowhere", "nova-compute")

    def test_what_cannot_be_changed(self):
        conductor = self.nova.services.list("ctl")[0]
        self.assertRaises(exceptions.BadRequest, self.nova.services.disable, conductor.id)
        self.assertRaises(
            exceptions.NotFound,
            self.nova.services.disable,
            "11111111-1111-1111-1111-111111111111",
        )
        path = f"/os-services/{self.hosts[0].compute.uuid}"
        headers = {"OpenStack-API-Version": "compute 2.96"}
        for body in ({}, {"disabled_reason": "x"}, {"status": "nope"}):
            answer = self.call("compute", "PUT", path, json=body, headers=headers)
            self.assertEqual(400, answer.status_code)

    def test_a_service_with_servers_cannot_be_deleted(self):
        vm = self.boot("vm", "c0")
        uuid = self.hosts[0].compute.uuid
        self.assertRaises(exceptions.Conflict, self.nova.services.delete, uuid)
        self.cloud.delete(vm)
        self.nova.services.delete(uuid)
        self.assertEqual([], self.nova.services.list("c0"))
        self.assertNotIn("c0", {h.hypervisor_hostname for h in self.nova.hypervisors.list()})

    def test_force_down(self):
        uuid = self.hosts[0].compute.uuid
        self.nova.services.force_down(uuid, True)
        (seen,) = self.nova.services.list("c0")
        self.assertEqual(("down", True), (seen.state, seen.forced_down))
        self.nova.services.force_down(uuid, False)
        self.assertEqual("up", self.nova.services.list("c0")[0].state)


class TestHypervisors(base.EmulatorTestCase):
    def test_figures_until_2_87(self):
        self.boot("vm", "c0")
        old = {h.hypervisor_hostname: h for h in self.nova_at("2.87").hypervisors.list()}
        self.assertEqual((4, 1, 1), (old["c0"].vcpus, old["c0"].vcpus_used, old["c0"].running_vms))
        self.assertEqual(7168, old["c0"].free_ram_mb)
        for seen in self.nova_at("2.88").hypervisors.list():
            self.assertFalse(hasattr(seen, "vcpus"))

    def test_ids(self):
        seen = self.nova.hypervisors.list()[0]
        self.assertEqual(self.hosts[0].uuid, seen.id)
        self.assertEqual("c0", self.nova.hypervisors.get(seen.id).hypervisor_hostname)
        self.assertIsInstance(self.nova_at("2.52").hypervisors.list()[0].id, int)
        nothing = "11111111-1111-1111-1111-111111111111"
        self.assertRaises(exceptions.NotFound, self.nova.hypervisors.get, nothing)

    def test_pages(self):
        first = self.nova.hypervisors.list(limit=2)
        self.assertEqual(["c0", "c1"], [h.hypervisor_hostname for h in first])
        rest = self.nova.hypervisors.list(limit=2, marker=first[-1].id)
        self.assertEqual(["c2"], [h.hypervisor_hostname for h in rest])
        self.assertRaises(exceptions.BadRequest, self.nova.hypervisors.list, marker="nope")

    def test_search_with_servers(self):
        vm = self.boot("vm", "c1")
        (seen,) = self.nova.hypervisors.search("c1", servers=True)
        self.assertEqual([vm.id], [s["uuid"] for s in seen.servers])
        self.assertRaises(exceptions.NotFound, self.nova.hypervisors.search, "zzz")


class TestAggregates(base.EmulatorTestCase):
    def test_aggregates_and_zones(self):
        self.cloud.add_host("far", aggregates=("gpu",), availability_zone="west")
        (seen,) = self.nova.aggregates.list()
        self.assertEqual(("gpu", ["far"]), (seen.name, seen.hosts))
        self.assertEqual("gpu", self.nova.aggregates.get_details(seen.id).name)
        zones = {z.zoneName for z in self.nova.availability_zones.list()}
        self.assertEqual({"internal", "nova", "west"}, zones)

    def test_zone_and_trait_limit_where_a_server_goes(self):
        west = self.cloud.add_host("far", availability_zone="west", traits=("CUSTOM_X",))
        picky = self.cloud.add_flavor("picky", extra_specs={"trait:CUSTOM_X": "required"})
        vm = self.cloud.boot(self.project, "x", picky)
        self.assertIs(west, vm.host)
        self.nova.servers.live_migrate(vm.id, "c0", "auto")
        self.advance(2)
        self.assertEqual("error", self.migration(vm).status)
        pinned = self.boot("y", availability_zone="west")
        self.assertIs(west, pinned.host)


class TestPlacement(base.EmulatorTestCase):
    def get(self, path, version="1.39"):
        headers = {"OpenStack-API-Version": f"placement {version}"}
        return self.call("placement", "GET", path, headers=headers)

    def test_providers_are_the_computes(self):
        found = self.get("/resource_providers").json()["resource_providers"]
        self.assertEqual(
            {h.name: h.uuid for h in self.hosts}, {p["name"]: p["uuid"] for p in found}
        )
        (one,) = self.get("/resource_providers?name=c1").json()["resource_providers"]
        self.assertEqual(self.hosts[1].uuid, one["uuid"])
        self.assertEqual([], self.get("/resource_providers?name=ctl").json()["resource_providers"])
        self.assertEqual(400, self.get("/resource_providers?nope=1").status_code)

    def test_inventories_usages_allocations(self):
        host = self.cloud.add_host(
            "big",
            vcpus=10,
            memory_mb=4096,
            cpu_allocation_ratio=4.0,
            reserved_memory_mb=512,
            reserved_vcpus=2,
        )
        self.assertEqual((32, 3584, 1000), host.capacity)
        vm = self.boot("vm", "big")
        path = f"/resource_providers/{host.uuid}"
        inventories = self.get(f"{path}/inventories").json()["inventories"]
        self.assertEqual(
            (10, 2, 4.0),
            tuple(inventories["VCPU"][k] for k in ("total", "reserved", "allocation_ratio")),
        )
        usages = self.get(f"{path}/usages").json()["usages"]
        self.assertEqual({"VCPU": 1, "MEMORY_MB": 1024, "DISK_GB": 10}, usages)
        self.assertEqual({vm.id}, set(self.get(f"{path}/allocations").json()["allocations"]))
        held = self.get(f"/allocations/{vm.id}").json()
        self.assertEqual({host.uuid}, set(held["allocations"]))
        self.assertEqual(self.project.id, held["project_id"])

    def test_traits_and_aggregates(self):
        host = self.cloud.add_host("x", traits=("CUSTOM_FAST",), aggregates=("rack",))
        path = f"/resource_providers/{host.uuid}"
        self.assertEqual(["CUSTOM_FAST"], self.get(f"{path}/traits").json()["traits"])
        aggregates = self.get(f"{path}/aggregates").json()["aggregates"]
        self.assertEqual([self.cloud.aggregates["rack"].uuid], aggregates)
        host.compute.status = "disabled"
        self.assertIn("COMPUTE_STATUS_DISABLED", self.get(f"{path}/traits").json()["traits"])

    def test_refusals(self):
        self.assertEqual(404, self.get("/resource_providers/nope/usages").status_code)
        self.assertEqual(406, self.get("/resource_providers", "1.99").status_code)
        demo = self.session_of(self.user, "demo-secret", "demo")
        answer = demo.get(
            "/resource_providers", endpoint_filter={"service_type": "placement"}, raise_exc=False
        )
        self.assertEqual(403, answer.status_code)
        self.assertEqual(403, answer.json()["errors"][0]["status"])


class TestGroups(base.EmulatorTestCase):
    def test_all_projects_is_for_admins(self):
        group = self.cloud.add_server_group(self.project, "anti-affinity", "ha")
        vm = self.boot("vm", "c0", group=group)
        self.assertEqual([], self.nova.server_groups.list())
        (seen,) = self.nova.server_groups.list(all_projects=True)
        self.assertEqual(("ha", "anti-affinity", {}), (seen.name, seen.policy, seen.rules))
        self.assertEqual([vm.id], seen.members)
        demo = self.nova_of_demo().server_groups
        self.assertEqual([group.id], [g.id for g in demo.list()])
        self.assertEqual([group.id], [g.id for g in demo.list(True)])
        self.assertEqual(
            ["anti-affinity"], self.nova_at("2.63").server_groups.get(group.id).policies
        )

    def test_create_and_delete(self):
        demo = self.nova_of_demo().server_groups
        made = demo.create("pairs", "anti-affinity", {"max_server_per_host": 2})
        self.assertEqual({"max_server_per_host": 2}, made.rules)
        group = self.cloud.groups[made.id]
        for _ in range(2):
            self.boot("vm", "c0", group=group)
        self.assertEqual([], self.cloud.record.violations)
        self.boot("vm", "c0", group=group)
        self.assertEqual(["anti-affinity"], [v.kind for v in self.cloud.record.violations])
        demo.delete(made.id)
        self.assertRaises(exceptions.NotFound, demo.get, made.id)
        self.assertRaises(exceptions.BadRequest, demo.create, "x", "nonsense")

    def test_affinity(self):
        group = self.cloud.add_server_group(self.project, "affinity")
        first = self.boot("a", "c1", group=group)
        self.assertIs(first.host, self.boot("b", group=group).host)
        self.nova.servers.live_migrate(first.id, "c0", "auto")
        self.advance(2)
        self.assertEqual("error", self.migration(first).status)

    def test_affinity_binds_the_only_member_too(self):
        group = self.cloud.add_server_group(self.project, "affinity")
        only = self.boot("a", "c1", group=group)
        self.nova.servers.live_migrate(only.id, "c0", "auto")
        self.advance(2)
        self.assertEqual("error", self.migration(only).status)


class TestFlavors(base.EmulatorTestCase):
    def test_flavors(self):
        seen = self.nova.flavors.get(self.flavor.id)
        self.assertEqual(("small", 1, 1024, 10), (seen.name, seen.vcpus, seen.ram, seen.disk))
        self.assertEqual(["small"], [f.name for f in self.nova.flavors.list()])
        self.assertRaises(exceptions.NotFound, self.nova.flavors.get, "nope")


class TestImages(base.EmulatorTestCase):
    def test_the_one_image(self):
        image = self.nova.glance.find_image("emulated")
        self.assertEqual("active", image.status)
        made = self.nova.servers.create("x", image, self.flavor.id, nics="none")
        self.assertEqual(image.id, self.nova.servers.get(made.id).image["id"])
        self.assertRaises(exceptions.NotFound, self.nova.glance.find_image, "another")
