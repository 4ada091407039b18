"""What a flavor demands of a host beside its size, read from its extra specs.

After Nova's documentation of extra specs and of the scheduler's filters. What cannot be told
from outside (PCI aliases of which nobody said what they stand for, NUMA cells, conditions with
operators) is left to Nova's scheduler, which validates every target.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from fenix.cloud.base import Needs

_RESOURCES = re.compile(r"resources[A-Za-z0-9_-]*:([A-Z0-9_]+)\Z")
_TRAIT = re.compile(r"trait[A-Za-z0-9_-]*:([A-Z0-9_]+)\Z")
_AGGREGATE = "aggregate_instance_extra_specs:"
_PCI = "pci_passthrough:alias"
#: Operators of aggregate conditions that compare numbers or parts of text.
_OPERATORS = frozenset({"=", "==", "!=", ">=", "<=", "s!=", "s<", "s<=", "s>", "s>=", "<in>"})
_OWN = frozenset({"VCPU", "MEMORY_MB", "DISK_GB"})


def needs(
    vcpus: float,
    extra_specs: Mapping[str, str],
    zone: str | None = None,
    pci_aliases: Mapping[str, str] = MappingProxyType({}),
) -> Needs:
    """The demands of a flavor.

    :param vcpus: of the flavor.
    :param zone: the availability zone that the instance is bound to, if any.
    :param pci_aliases: the resource class of each PCI alias, as far as they are known.
    """
    required, forbidden = set(), set()
    resources: dict[str, float] = {}
    labels: dict[str, frozenset[str]] = {}
    for key, value in extra_specs.items():
        if match := _TRAIT.match(key):
            if value == "required":
                required.add(match[1])
            elif value == "forbidden":
                forbidden.add(match[1])
        elif match := _RESOURCES.match(key):
            if match[1] not in _OWN and value.isdigit() and int(value):
                resources[match[1]] = resources.get(match[1], 0) + int(value)
        elif key.startswith(_AGGREGATE):
            allowed = _allowed(value)
            if allowed is not None:
                labels[key.removeprefix(_AGGREGATE)] = allowed
    for alias, count in _devices(extra_specs.get(_PCI, "")):
        if kind := pci_aliases.get(alias):
            resources[kind] = resources.get(kind, 0) + count
    pinned = _pinned(vcpus, extra_specs)
    if pinned and "PCPU" not in resources:
        resources["PCPU"] = pinned
    return Needs(
        frozenset(required),
        frozenset(forbidden),
        zone,
        tuple(sorted(labels.items())),
        tuple(sorted(resources.items())),
    )


def _devices(value: str) -> Iterator[tuple[str, int]]:
    """Aliases and how many devices of each: ``gpu:1, nic:2``."""
    for part in value.split(","):
        alias, _, count = part.strip().rpartition(":")
        if alias and count.isdigit():
            yield alias, int(count)


def _pinned(vcpus: float, extra_specs: Mapping[str, str]) -> float:
    """vCPUs that need a host CPU each."""
    policy = extra_specs.get("hw:cpu_policy")
    if policy == "dedicated":
        return vcpus
    mask = extra_specs.get("hw:cpu_dedicated_mask", "")
    if policy == "mixed" and not mask.startswith("^"):
        return float(sum(_width(part) for part in mask.split(",") if part))
    return 0.0


def _width(part: str) -> int:
    first, _, last = part.partition("-")
    return int(last) - int(first) + 1 if last.isdigit() and first.isdigit() else 1


def _allowed(value: str) -> frozenset[str] | None:
    """Values that meet a condition on an aggregate; None when they cannot be listed."""
    words = value.split()
    if words and words[0] == "<or>":
        return frozenset(word for word in words if word != "<or>")
    if words and words[0] == "s==":
        return frozenset(words[1:2])
    if words and words[0] in _OPERATORS:
        return None
    return frozenset({value})
