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
        wanted = set(names)
        found = read("Placement: list resource providers", lambda: self._get("/resource_providers"))
        return {
            p["name"]: self._usable(p["uuid"], p["name"])
            for p in found["resource_providers"]
            if p["name"] in wanted
        }

    def _usable(self, uuid: str, name: str) -> base.Capacity:
        answer = read(
            f"Placement: inventories of {name}",
            lambda: self._get(f"/resource_providers/{uuid}/inventories"),
        )
        amounts = dict.fromkeys(_CLASSES.values(), _UNLIMITED)
        for kind, inventory in answer["inventories"].items():
            if kind in _CLASSES:
                usable = (inventory["total"] - inventory.get("reserved", 0)) * inventory.get(
                    "allocation_ratio", 1.0
                )
                amounts[_CLASSES[kind]] = float(usable)
        return base.Capacity(**amounts)

    def _get(self, path: str) -> Any:
        return self._http.get(path).json()
