"""Instances that may not run everywhere: traits, zones, aggregates, host CPUs of their own.

The emulator's scheduler judges: a move to a host that does not suit would be refused.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from fenix.db import models
from fenix.emulator.entities import Flavor
from fenix.tests.functional.sessions.test_plan import PlanTestCase


class DemandsTest(PlanTestCase):
    """Two zones; in the north one host with a trait, one with fast disks, two with pinned CPUs."""

    def build(self) -> None:
        def host(name: str, zone: str, **more: Any) -> None:
            made = self.cloud.add_host(
                name, vcpus=8, memory_mb=65536, availability_zone=zone, **more
            )
            self.cloud.add_aggregate(zone, [made], {"availability_zone": zone})

        host("north-1", "north", traits=["CUSTOM_FAST"], others={"PCPU": 4})
        host("north-2", "north", traits=["CUSTOM_FAST"])
        host("north-3", "north", others={"PCPU": 4})
        host("north-4", "north")
        host("south-1", "south")
        host("south-2", "south")
        disks = self.cloud.add_aggregate(
            "disks", [self.cloud.host("north-3"), self.cloud.host("north-4")], {"disk": "ssd, nvme"}
        )
        self.assertEqual(2, len(disks.hosts))
        self.boot("traited", "north-1", {"trait:CUSTOM_FAST": "required"})
        self.boot("pinned", "north-1", {"hw:cpu_policy": "dedicated"}, vcpus=4)
        self.boot("disked", "north-3", {"aggregate_instance_extra_specs:disk": "ssd"})
        self.boot("shunning", "north-4", {"trait:CUSTOM_FAST": "forbidden"})
        for number in range(3):
            self.boot(f"southern-{number}", "south-1", {}, availability_zone="south")
        self.boot("southerner", "south-2", {}, availability_zone="south")
        self.boot("anywhere", "north-2", {})

    def boot(
        self, name: str, host: str, specs: dict[str, str], vcpus: int = 2, **more: Any
    ) -> None:
        flavor: Flavor = self.cloud.add_flavor(
            f"of-{name}", vcpus=vcpus, memory_mb=1024, extra_specs=specs
        )
        self.cloud.boot(self.project, name, flavor, host=host, **more)

    def test_every_instance_goes_where_it_may_run(self) -> None:
        planned = self.plan()
        self.assertEqual([], planned["blocked_hosts"])
        allowed = {
            "traited": {"north-1", "north-2"},
            "pinned": {"north-1", "north-3"},
            "disked": {"north-3", "north-4"},
            "shunning": {"north-3", "north-4", "south-1", "south-2"},
            "southerner": {"south-1", "south-2"},
        }
        for move in planned["moves"]:
            hosts = allowed.get(move["instance_name"].partition("-")[0])
            if move["instance_name"].startswith("southern"):
                hosts = allowed["southerner"]
            if hosts is not None:
                self.assertIn(move["target"], hosts, move)
        session_id = self.create()
        self.done(session_id)
        self.assert_agree(planned, session_id)
        self.assert_cloud_sound()
        refused = [e for e in self.history(session_id) if "failed" in e.message]
        self.assertEqual([], refused)

    def outside(self, session_id: str) -> set[str]:
        """Hosts that a session takes into account and does not maintain."""
        table = models.hosts
        where = (table.c.session_id == session_id, table.c.outside.is_(sa.true()))
        with self.cluster.database.reader() as session:
            return set(session.scalars(sa.select(table.c.hostname).where(*where)))

    def test_hosts_of_zones_that_nothing_may_move_to_are_left_alone(self) -> None:
        session_id = self.create(hosts=["south-1"])
        self.done(session_id)
        self.assertEqual({"south-2"}, self.outside(session_id))
        session_id = self.create(hosts=["north-2"])
        self.done(session_id)
        everything = {"north-1", "north-3", "north-4", "south-1", "south-2"}
        self.assertEqual(everything, self.outside(session_id))


class MissingDemandsTest(PlanTestCase):
    """Nobody else has what an instance demands."""

    def build(self) -> None:
        self.cloud.add_host("compute-1", vcpus=8, traits=["CUSTOM_FAST"], others={"PCPU": 4})
        self.cloud.add_host("compute-2", vcpus=8, others={"PCPU": 2})
        self.cloud.add_host("compute-3", vcpus=8)
        fast = self.cloud.add_flavor("fast", extra_specs={"trait:CUSTOM_FAST": "required"})
        self.cloud.boot(self.project, "fast", fast, host="compute-1")

    def test_the_plan_says_what_is_missing(self) -> None:
        [blocked] = self.plan()["blocked_hosts"]
        self.assertEqual("compute-1", blocked["host"])
        self.assertIn("may run on no other host: 2 lacks trait CUSTOM_FAST", blocked["why"])
        pinned = self.cloud.add_flavor("pin", vcpus=4, extra_specs={"hw:cpu_policy": "dedicated"})
        self.cloud.boot(self.project, "pinned", pinned, host="compute-1")
        [blocked] = self.plan()["blocked_hosts"]
        self.assertIn("needs 4 PCPU, and no other host has more than 2", blocked["why"])


class DevicesTest(PlanTestCase):
    """PCI devices by alias: three hosts have some, one of them none that is free."""

    settings = {"workflow": {"pci_aliases": "gpu:CUSTOM_PCI_GPU"}}

    def build(self) -> None:
        for number, devices in enumerate((1, 1, 1, 0, 0, 0), 1):
            others = {"CUSTOM_PCI_GPU": devices} if devices else {}
            self.cloud.add_host(f"compute-{number}", vcpus=8, memory_mb=65536, others=others)
        flavor = self.cloud.add_flavor("gpu", extra_specs={"pci_passthrough:alias": "gpu:1"})
        for number in (1, 2):
            self.cloud.boot(self.project, f"gpu-{number}", flavor, host=f"compute-{number}")
        self.instances("plain", {f"compute-{n}": 2 for n in (1, 2, 4, 5)})

    def test_only_hosts_with_a_free_device_are_targets(self) -> None:
        planned = self.plan()
        self.assertEqual([], planned["blocked_hosts"])
        gpus = {m["target"] for m in planned["moves"] if m["instance_name"].startswith("gpu")}
        self.assertLessEqual(gpus, {"compute-1", "compute-2", "compute-3"})
        session_id = self.create()
        self.done(session_id)
        self.assert_agree(planned, session_id)
        self.assert_cloud_sound()
        refused = [e for e in self.history(session_id) if "failed" in e.message]
        self.assertEqual([], refused)

    def test_the_plan_says_that_no_device_is_left(self) -> None:
        two = self.cloud.add_flavor("two", extra_specs={"pci_passthrough:alias": "gpu:2"})
        self.cloud.add_host("compute-9", vcpus=8, others={"CUSTOM_PCI_GPU": 2})
        self.cloud.boot(self.project, "large", two, host="compute-9")
        [blocked] = self.plan()["blocked_hosts"]
        self.assertEqual("compute-9", blocked["host"])
        self.assertIn("needs 2 CUSTOM_PCI_GPU, and no other host has more than 1", blocked["why"])


class WishesTest(PlanTestCase):
    """Soft policies of server groups are kept where there is a choice."""

    policies = ("soft-anti-affinity", "soft-affinity")
    hosts = 4

    def build(self) -> None:
        self.computes(self.hosts)
        apart, near = (self.cloud.add_server_group(self.project, p) for p in self.policies)
        for number in (1, 2):
            for name, group, host in (("apart", apart, number), ("near", near, 1)):
                self.cloud.boot(
                    self.project,
                    f"{name}-{number}",
                    self.flavor,
                    host=f"compute-{host}",
                    group=group,
                )

    def where(self, name: str) -> set[str]:
        """The hosts of instances whose names begin so."""
        on = self.cloud.servers.on
        hosts = self.cloud.hosts.values()
        return {h.name for h in hosts if any(s.name.startswith(name) for s in on(h))}

    def maintained(self) -> None:
        planned = self.plan()
        self.assertEqual([], planned["blocked_hosts"])
        session_id = self.create()
        self.done(session_id)
        self.assert_agree(planned, session_id)
        self.assert_cloud_sound()

    def test_kept(self) -> None:
        self.maintained()
        self.assertEqual(2, len(self.where("apart")))
        self.assertEqual(1, len(self.where("near")))


class NoChoiceTest(WishesTest):
    """With two hosts one of them has to hold everybody for a while: that is no obstacle."""

    hosts = 2

    def test_kept(self) -> None:
        self.maintained()
