"""What instances demand beside their size, and what hosts have of it: as rows, and for the planner.

Rows keep it as JSON objects that leave out what is empty: of an instance ``required``,
``forbidden``, ``zone``, ``labels`` (key: values), ``resources`` (class: amount); of a host
``traits``, ``zone``, ``labels`` (pairs), ``projects``, ``resources`` (what can be used), ``used``
(by servers that the session does not follow).
"""

from __future__ import annotations

import collections
from collections.abc import Iterable
from typing import Any

from fenix.cloud import base
from fenix.db import records
from fenix.planner.model import NO_NEEDS, NO_OFFERS, Needs, Offers

PCPU = "PCPU"

Row = dict[str, Any]


def needs_row(needs: base.Needs) -> Row:
    """Of an instance."""
    row = {
        "required": sorted(needs.required),
        "forbidden": sorted(needs.forbidden),
        "zone": needs.zone,
        "labels": {key: sorted(values) for key, values in needs.labels},
        "resources": dict(needs.resources),
    }
    return {key: value for key, value in row.items() if value}


def offers_row(capacity: base.Capacity, place: base.Place, zone: str | None) -> Row:
    """Of a host; traits come later, when an instance demands one."""
    row = {
        "zone": zone,
        "labels": sorted([key, value] for key, value in place.labels),
        "projects": sorted(place.projects),
        "resources": dict(capacity.others),
    }
    return {key: value for key, value in row.items() if value}


def used_by(servers: Iterable[base.Server]) -> dict[str, float]:
    """How much of which counted resource servers take."""
    sums: collections.Counter[str] = collections.Counter()
    for server in servers:
        for kind, amount in server.needs.resources:
            sums[kind] += amount  # type: ignore[assignment]
    return dict(sums)


def wants_traits(row: Row) -> bool:
    """Whether traits of hosts must be known to place an instance."""
    return bool(row.get("required") or row.get("forbidden"))


class Demands:
    """Translates rows into the planner's words.

    :param hosts: every host that instances could go to.
    """

    def __init__(self, hosts: Iterable[records.Host]) -> None:
        known = list(hosts)
        #: Without hosts that set CPUs aside, pinned instances take shared ones, as Nova has it.
        self._sets_aside = any(PCPU in h.offers.get("resources", {}) for h in known)
        self._kept = any(h.offers.get("projects") for h in known)

    def pinned(self, instance: records.Instance) -> float:
        """How many vCPUs of an instance are no shared ones."""
        if not self._sets_aside or not instance.needs:
            return 0.0
        return min(instance.vcpus, float(instance.needs.get("resources", {}).get(PCPU, 0)))

    def needs(self, instance: records.Instance) -> Needs:
        """What an instance demands."""
        row = instance.needs
        if not row and not self._kept:
            return NO_NEEDS
        resources = {
            kind: amount
            for kind, amount in row.get("resources", {}).items()
            if kind != PCPU or self._sets_aside
        }
        return Needs(
            frozenset(row.get("required", ())),
            frozenset(row.get("forbidden", ())),
            row.get("zone"),
            frozenset((key, frozenset(v)) for key, v in row.get("labels", {}).items()),
            instance.project_id if self._kept else None,
            tuple(sorted(resources.items())),
        )

    def offers(self, host: records.Host, there: Iterable[records.Instance]) -> Offers:
        """What a host has, and what of the counted resources is free with these instances."""
        row = host.offers
        if not row:
            return NO_OFFERS
        free = collections.Counter(row.get("resources", {}))
        if free:
            free.subtract(row.get("used", {}))
            for instance in there:
                if instance.needs:
                    free.subtract(dict(self.needs(instance).resources))
        return Offers(
            frozenset(row.get("traits", ())),
            row.get("zone"),
            frozenset((key, value) for key, value in row.get("labels", ())),
            frozenset(row.get("projects", ())),
            tuple(sorted(free.items())),
        )
