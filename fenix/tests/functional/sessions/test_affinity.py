"""Server groups with the policy ``affinity``: Nova moves none of their members."""

from __future__ import annotations

from typing import Any

from fenix.tests.functional.sessions.test_faults import ack
from fenix.tests.functional.sessions.vnf_base import VnfTestCase


class AffinityTest(VnfTestCase):
    """One member, on the host that is to be emptied."""

    def build(self) -> None:
        self.computes(2)
        self.bound = self.cloud.add_server_group(self.project, "affinity")
        self.old = self.instances("worker", {"compute-1": 1}, group=self.bound)[0]

    def obstacles(self, **body: Any) -> list[str]:
        url = self.url.replace("/maintenance", "/plan")
        planned = self.admin.request(url, "POST", json={"hosts": ["compute-1"], **body}).json()
        found: list[str] = planned["obstacles"]
        return found

    def test_plan_and_session_say_so_and_no_move_is_tried(self) -> None:
        [obstacle] = self.obstacles()
        session_id = self.create(hosts=["compute-1"])
        for text in (obstacle, self.reason(session_id)):
            self.assertIn(f"{self.old.name} ({self.old.id})", text)
            self.assertIn(f"server group {self.bound.id} with the policy affinity", text)
            self.assertIn("choose OWN_ACTION and make it anew outside of the group", text)
        self.assertEqual([], self.cloud.record.moves)

        def instead(payload: dict[str, Any]) -> dict[str, Any]:
            self.cloud.boot(self.project, self.old.name, self.flavor, host="compute-2")
            self.manager.nova.servers.delete(self.old.id)
            return ack(payload) | {"instance_actions": {self.old.id: "OWN_ACTION"}}

        # What was advised helps.
        for state in ("PREPARE_MAINTENANCE", "PLANNED_MAINTENANCE"):
            self.manager.answer[state] = instead
        self.request("PUT", f"/{session_id}")
        self.done(session_id)

    def test_no_obstacle_where_it_is_to_be_moved_by_its_project(self) -> None:
        [_obstacle] = self.obstacles(workflow="vnf")
        self.constrain("instance", self.old.id, migration_type="OWN_ACTION")
        self.assertEqual([], self.obstacles(workflow="vnf"))
