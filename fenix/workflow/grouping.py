"""What instances and groups bear, read afresh for every run of a handler (contract section 4).

Managers change constraints while a session runs. Rows count when their owner is the project of
the server; an instance belongs to the group that its own row names, else to its server group.
"""

from __future__ import annotations

import collections
from collections.abc import Iterator

from fenix.db import records
from fenix.planner.model import Group
from fenix.workflow.hold import Hold
from fenix.workflow.inventory import Inventory

#: Seconds for which constraints that do not steer a session are taken as they were read.
_MOMENT = 10.0


def key_of(project_id: str, group_id: str) -> str:
    """The key of a group: ids of groups are unique within a project only."""
    return f"{project_id}/{group_id}"


class Grouping:
    """Constraints of the session's projects; fills the groups of the snapshot.

    :param steers: False: the constraints do not steer this session, so its snapshot does not
        have them; they only tell who is a member of what.
    """

    def __init__(self, hold: Hold, inventory: Inventory, *, steers: bool = True) -> None:
        self._hold = hold
        self._snapshot = hold.snapshot
        self._inventory = inventory
        self._rows: dict[tuple[str, str], records.InstanceConstraint] = {}
        self._limited: dict[str, records.GroupConstraint] = {}
        self._members: dict[str, list[str]] = {}
        self._steers = steers
        self._member_of: dict[str, str] = {}
        self._groups: dict[str, Group] = {}

    def read_sometimes(self) -> None:
        """Read constraints unless that was done a moment ago; nothing more when there are none."""
        known = self._snapshot.tried.get("constraints")
        if known is None or known[0] < self._hold.now():
            rows = self._hold.store.constraints(self.projects())
            known = (self._hold.after(_MOMENT), rows)
            self._snapshot.tried["constraints"] = known
        self._keep(*known[1])
        if self._limited:
            if self._snapshot.elsewhere is None:
                self._inventory.refresh()
            self.regroup()

    def read(self) -> None:
        """Read constraints, and who is a member of which group."""
        if self._snapshot.elsewhere is None:
            self._inventory.refresh()
        self._keep(*self._hold.store.constraints(self.projects()))
        self.regroup()

    def _keep(
        self,
        instances: list[records.InstanceConstraint],
        groups: list[records.GroupConstraint],
    ) -> None:
        self._rows = {(row.owner, row.instance_id): row for row in instances}
        self._limited = {key_of(row.owner, row.group_id): row for row in groups}

    def projects(self) -> set[str]:
        """The projects with instances in the session."""
        return {i.project_id for i in self._snapshot.alive()}

    def regroup(self) -> None:
        """Bring members up to date with the instances that are known by now."""
        member_of: dict[str, str] = {}
        members: dict[str, list[str]] = collections.defaultdict(list)
        others: dict[str, dict[str, int]] = {}
        for instance_id, project_id, host, is_followed in self._everybody():
            row = self._rows.get((project_id, instance_id))
            group_id = row.group_id if row is not None else None
            group_id = group_id or self._snapshot.server_groups.get(instance_id)
            if not group_id:
                continue
            key = key_of(project_id, group_id)
            member_of[instance_id] = key
            members[key].append(instance_id)
            if not is_followed and host is not None:
                counts = others.setdefault(host, {})
                counts[key] = counts.get(key, 0) + 1
        self._members = members
        self._member_of = member_of
        self._groups = {key: self._group(key) for key in members}
        if self._steers:
            self._snapshot.member_of, self._snapshot.others_on = member_of, others
            self._snapshot.groups = self._groups

    def _everybody(self) -> Iterator[tuple[str, str, str | None, bool]]:
        projects = self.projects()
        for instance in self._snapshot.alive():
            yield instance.instance_id, instance.project_id, instance.host, True
        for server in (self._snapshot.elsewhere or {}).values():
            if server.project_id in projects:
                yield server.server_id, server.project_id, server.host, False

    def _group(self, key: str) -> Group:
        size = len(self._members[key])
        apart = {str(group_id) for group_id, _ in self._hold.noted("apart", [])}
        is_apart = key.rpartition("/")[2] in apart
        row = self._limited.get(key)
        if row is None:
            return Group(key, size, anti_affinity=is_apart, max_impacted=max(1, size))
        longest = self._hold.conf.workflow.max_recovery_time
        return Group(
            key,
            size,
            anti_affinity=is_apart or bool(row.anti_affinity_group),
            max_per_host=row.max_instances_per_host or 0,
            max_impacted=max(1, row.max_impacted_members or 1),
            recovery_time=float(min(row.recovery_time or 0, longest)),
            resource_mitigation=bool(row.resource_mitigation),
        )

    # What is asked

    def limits_of(self, instance: records.Instance) -> Group | None:
        """The group whose limits an instance's moves keep; None when there are none."""
        key = self._member_of.get(instance.instance_id)
        return self._groups[key] if key is not None and key in self._limited else None

    def members(self, key: str) -> list[str]:
        """Ids of the members of a group, wherever they are."""
        return self._members.get(key, [])

    def _row(self, instance: records.Instance) -> records.InstanceConstraint | None:
        return self._rows.get((instance.project_id, instance.instance_id))

    def lead_time(self, instance: records.Instance) -> int:
        """Seconds that an instance's manager has to prepare it, as far as they are honoured."""
        row = self._row(instance)
        wanted = (row.lead_time if row is not None else None) or 0
        return min(wanted, int(self._hold.conf.workflow.max_lead_time))

    def preferred(self, instance: records.Instance) -> str | None:
        """The action that an instance's constraints ask for."""
        row = self._row(instance)
        return row.migration_type if row is not None else None

    def interruption(self, instance: records.Instance) -> int | None:
        """Seconds that a live migration of an instance may take; None: any."""
        row = self._row(instance)
        return row.max_interruption_time if row is not None else None

    def too_short(self, instance: records.Instance, move: float = 0.0) -> str | None:
        """Why no live migration of an instance is short enough for it; None when one may be.

        :param move: seconds that one is expected to take; 0: only what is certain counts.
        """
        longest = self.interruption(instance)
        if longest is None or longest > move:
            return None
        expected = f"about {move:g} s" if longest else "longer than that"
        return (
            f"{instance.instance_name} ({instance.instance_id}) of project {instance.project_id} "
            f"has a max_interruption_time of {longest} s; a live migration takes {expected}, and "
            f"would be aborted each time. Let its project raise max_interruption_time, or choose "
            f"MIGRATE or OWN_ACTION (migration_type, or in its answer)"
        )

    def mitigates(self, instance: records.Instance) -> bool:
        """Whether room for an instance is kept free while its project moves it itself."""
        row = self._row(instance)
        key = self._member_of.get(instance.instance_id)
        group = self._groups.get(key) if key is not None else None
        own = row.resource_mitigation if row is not None else None
        return bool(own) or (group is not None and group.resource_mitigation)
