"""Capacity of hosts, from Placement."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fenix.cloud import base
from fenix.cloud.keystone import ServiceAuth, read

_VERSION = "placement 1.20"
_CLASSES = {"VCPU": "vcpus", "MEMORY_MB": "memory_mb", "DISK_GB": "disk_gb"}
_UNLIMITED = 1e12


class Placement:
    """Inventories of resource providers; one call a host, so ask once a session."""

    def __init__(self, auth: ServiceAuth) -> None:
        self._http = auth.adapter("placement", default_microversion=_VERSION.split()[1])

    def capacity(self, names: Iterable[str]) -> dict[str, base.Capacity]:
        """Usable amounts by provider name (Nova's ``hypervisor_hostname``).

        A resource class that a provider does not list is not limited there.
        """
        return {name: self._usable(uuid, name) for name, uuid in self._providers(names)}

    def traits(self, names: Iterable[str]) -> dict[str, frozenset[str]]:
        """Traits by provider name; one call a host."""
        return {name: self._traits(uuid, name) for name, uuid in self._providers(names)}

    def _providers(self, names: Iterable[str]) -> list[tuple[str, str]]:
        wanted = set(names)
        return read("Placement: list resource providers", lambda: self._listed(wanted))

    def _listed(self, wanted: set[str]) -> list[tuple[str, str]]:
        found = self._get("/resource_providers")
        return [(p["name"], p["uuid"]) for p in found["resource_providers"] if p["name"] in wanted]

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
