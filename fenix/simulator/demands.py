"""What projects tell Fenix of their instances and groups, kept up to date as instances come."""

from __future__ import annotations

from fenix.db import records
from fenix.simulator.cloud import Cloud, Server
from fenix.simulator.store import MemoryStore


class Demands:
    """Writes constraints (contract section 4), as managers do. Rows outlive their instances."""

    def __init__(self, store: MemoryStore, cloud: Cloud) -> None:
        self._store = store
        self._cloud = cloud

    def begin(self) -> None:
        """Write the rows of what exists, and of whatever is created later."""
        for group in self._cloud.groups.values():
            if group.constrained:
                self._store.group_constraints.append(
                    records.GroupConstraint(
                        owner=group.project_id,
                        group_id=group.group_id,
                        anti_affinity_group=group.anti_affinity or group.apart,
                        max_instances_per_host=group.max_instances_per_host,
                        max_impacted_members=group.max_impacted_members,
                        recovery_time=group.recovery_time,
                        resource_mitigation=group.resource_mitigation,
                    )
                )
        for server in self._cloud.servers.values():
            self.created(server)
        self._cloud.watchers.append(self)

    def created(self, server: Server) -> None:
        """A member of a group with constraints has a row of its own."""
        group = self._cloud.groups.get(server.group_id or "")
        if group is not None and group.constrained:
            self._store.instance_constraints.append(
                records.InstanceConstraint(
                    owner=group.project_id,
                    instance_id=server.server_id,
                    group_id=group.group_id,
                    migration_type=group.migration_type,
                    lead_time=group.lead_time,
                )
            )

    def deleted(self, server: Server) -> None:
        """Its row is left behind."""

    def requested(self, server: Server, target: str | None) -> None:
        """Nothing changes."""

    def arrived(self, server: Server, source: str) -> None:
        """Nothing changes."""

    def settled(self, server: Server) -> None:
        """Nothing changes."""
