"""What flavors demand, from extra specs as operators write them."""

from __future__ import annotations

import testtools

from fenix.cloud import flavors
from fenix.cloud.base import NO_NEEDS


class NeedsTest(testtools.TestCase):
    """Extra specs."""

    def test_nothing(self) -> None:
        self.assertEqual(NO_NEEDS, flavors.needs(4, {}))
        self.assertEqual(NO_NEEDS, flavors.needs(4, {"hw:mem_page_size": "large"}))

    def test_traits(self) -> None:
        found = flavors.needs(
            1,
            {
                "trait:HW_CPU_X86_AVX2": "required",
                "trait_GPU:CUSTOM_FAST": "required",
                "trait:CUSTOM_OLD": "forbidden",
            },
        )
        self.assertEqual({"HW_CPU_X86_AVX2", "CUSTOM_FAST"}, found.required)
        self.assertEqual({"CUSTOM_OLD"}, found.forbidden)

    def test_resources(self) -> None:
        specs = {
            "resources:VGPU": "1",
            "resources2:VGPU": "2",
            "resources:CUSTOM_BAREMETAL": "1",
            "resources:VCPU": "0",
            "resources:CUSTOM_NONE": "0",
        }
        self.assertEqual(
            (("CUSTOM_BAREMETAL", 1.0), ("VGPU", 3.0)), flavors.needs(1, specs).resources
        )

    def test_pci_devices_of_aliases_that_are_known(self) -> None:
        specs = {"pci_passthrough:alias": "gpu:2, nic:1,unknown:1", "resources:CUSTOM_GPU": "1"}
        known = {"gpu": "CUSTOM_GPU", "nic": "CUSTOM_PCI_8086_1563"}
        self.assertEqual(
            (("CUSTOM_GPU", 3.0), ("CUSTOM_PCI_8086_1563", 1.0)),
            flavors.needs(1, specs, None, known).resources,
        )
        self.assertEqual(
            NO_NEEDS, flavors.needs(1, {"pci_passthrough:alias": "gpu:1, nonsense"}, None, {})
        )

    def test_pinned(self) -> None:
        self.assertEqual((("PCPU", 4),), flavors.needs(4, {"hw:cpu_policy": "dedicated"}).resources)
        self.assertEqual((), flavors.needs(4, {"hw:cpu_policy": "shared"}).resources)
        mixed = {"hw:cpu_policy": "mixed", "hw:cpu_dedicated_mask": "0-1,3"}
        self.assertEqual((("PCPU", 3.0),), flavors.needs(4, mixed).resources)

    def test_aggregates(self) -> None:
        prefix = "aggregate_instance_extra_specs:"
        found = flavors.needs(
            1,
            {f"{prefix}disk": "ssd", f"{prefix}net": "<or> fast <or> faster", f"{prefix}n": ">= 5"},
        )
        self.assertEqual(
            (("disk", frozenset({"ssd"})), ("net", frozenset({"fast", "faster"}))), found.labels
        )
