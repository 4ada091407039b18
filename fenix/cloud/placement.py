"""Capacity of hosts, from Placement."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable
from typing import Any

from fenix.cloud import base
from fenix.cloud.keystone import ServiceAuth, read
from fenix.together import Shared

_VERSION = "placement 1.20"
_CLASSES = {"VCPU": "vcpus", "MEMORY_MB": "memory_mb", "DISK_GB": "disk_gb"}
_UNLIMITED = 1e12


class Placement:
    """Inventories of resource providers; one call a host, so ask once a session."""

    def __init__(self, auth: ServiceAuth) -> None:
        self._all = Shared(self._list_all)
        self._http = auth.adapter("placement", default_microversion=_VERSION.split()[1])

    def capacity(self, names: Iterable[str]) -> dict[str, base.Capacity]:
        """Usable amounts by provider name (Nova's ``hypervisor_hostname``).

        A resource class that a provider does not list is not limited there. What its nested
        providers have (PCI devices, virtual GPUs) counts as the host's; one call for each.
        """
        listed = self._all()
        own = {p["uuid"]: p["name"] for p in _named(listed, names)}
        nested = {p["uuid"]: p["root_provider_uuid"] for p in listed if p["uuid"] not in own}
        more: dict[str, list[base.Capacity]] = {}
        for uuid, root in nested.items():
            if root in own:
                more.setdefault(root, []).append(self._usable(uuid, own[root]))
        return {
            name: _together(self._usable(uuid, name), more.get(uuid, []))
            for uuid, name in own.items()
        }

    def traits(self, names: Iterable[str]) -> dict[str, frozenset[str]]:
        """Traits by provider name; one call a host."""
        found = _named(self._all(), names)
        return {p["name"]: self._traits(p["uuid"], p["name"]) for p in found}

    def _list_all(self) -> list[dict[str, str]]:
        found: list[dict[str, str]] = read(
            "Placement: list resource providers",
            lambda: self._get("/resource_providers")["resource_providers"],
        )
        return found

    def _traits(self, uuid: str, name: str) -> frozenset[str]:
        return read(
            f"Placement: traits of {name}",
            lambda: frozenset(self._get(f"/resource_providers/{uuid}/traits")["traits"]),
        )

    def _usable(self, uuid: str, name: str) -> base.Capacity:
        return read(
            f"Placement: inventories of {name}",
            lambda: _capacity(self._get(f"/resource_providers/{uuid}/inventories")["inventories"]),
        )

    def _get(self, path: str) -> Any:
        return self._http.get(path).json()


def _named(providers: Iterable[dict[str, str]], names: Iterable[str]) -> list[dict[str, str]]:
    wanted = set(names)
    return [p for p in providers if p["name"] in wanted]


def _together(own: base.Capacity, nested: Iterable[base.Capacity]) -> base.Capacity:
    """A provider's amounts, with what its nested providers have beside vCPUs, memory and disk."""
    sums = collections.Counter(dict(own.others))
    for capacity in nested:
        sums.update(dict(capacity.others))
    return dataclasses.replace(own, others=tuple(sorted(sums.items())))


def _capacity(inventories: dict[str, Any]) -> base.Capacity:
    amounts = dict.fromkeys(_CLASSES.values(), _UNLIMITED)
    others = []
    for kind, inventory in sorted(inventories.items()):
        usable = (inventory["total"] - inventory.get("reserved", 0)) * inventory.get(
            "allocation_ratio", 1.0
        )
        if kind in _CLASSES:
            amounts[_CLASSES[kind]] = float(usable)
        else:
            others.append((kind, float(usable)))
    return base.Capacity(**amounts, others=tuple(others))
