"""What sessions of the ``vnf`` workflow are tested with."""

from __future__ import annotations

from typing import Any

from fenix.emulator.server import Server
from fenix.tests.functional.sessions.base import SessionTestCase


class VnfTestCase(SessionTestCase):
    """A project that keeps constraints; times of constraints are real seconds."""

    def constrain(self, kind: str, row_id: str, **fields: Any) -> None:
        """Set constraints as the project does."""
        answer = self.manager.session.put(
            f"{self.cluster.url}/v1/{kind}/{row_id}",
            json={"project_id": self.project.id, **fields},
        )
        self.assertEqual(200, answer.status_code, answer.text)

    def group(self, group_id: str, servers: list[Server], **fields: Any) -> None:
        """Set the constraints of a group, and make servers its members."""
        self.constrain("instance_group", group_id, group_name=group_id, **fields)
        for server in servers:
            self.constrain("instance", server.id, group_id=group_id, instance_name=server.name)

    def maintain(self, **body: Any) -> dict[str, Any]:
        """A session of the workflow to its good end."""
        return self.done(self.create(workflow="vnf", **body))

    def most_impacted(self, group: str, recovery_time: float = 0) -> int:
        """Most members impacted at the same time, from Nova's point of view."""
        model_seconds = recovery_time * self.speed * 0.99
        return self.cloud.record.most_impacted(model_seconds).get(group, 0)
