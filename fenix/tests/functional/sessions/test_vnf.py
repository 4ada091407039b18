"""The ``vnf`` workflow: constraints of instances and groups, judged by what Nova saw."""

from __future__ import annotations

import itertools
from typing import Any

from fenix.db import disruptions, records
from fenix.tests.functional.sessions.base import Payload
from fenix.tests.functional.sessions.test_faults import ack
from fenix.tests.functional.sessions.vnf_base import VnfTestCase


class PerInstanceTest(VnfTestCase):
    """What is on the wire."""

    def build(self) -> None:
        self.computes(3)
        self.workers = self.instances("worker", {"compute-1": 2, "compute-2": 1})

    def test_each_instance_has_an_event_and_a_url_of_its_own(self) -> None:
        self.constrain("instance", self.workers[0].id, migration_type="MIGRATE", lead_time=50)
        session_id = self.create(workflow="vnf", hosts=["compute-1"])
        self.done(session_id)
        asked = self.manager.heard("PLANNED_MAINTENANCE")
        self.assertEqual(
            sorted(s.id for s in self.workers[:2]),
            sorted(self.manager.instances(e)[0] for e in asked),
        )
        for event in asked:
            (instance_id,) = self.manager.instances(event)
            url = f"{self.url}/{session_id}/{self.project.id}/{instance_id}"
            self.assertEqual(url, event["reply_url"])
            self.assertEqual(["MIGRATE", "LIVE_MIGRATE", "OWN_ACTION"], event["allowed_actions"])
        self.assertEqual(
            ["MAINTENANCE", "INSTANCE_ACTION_DONE", "MAINTENANCE_COMPLETE"],
            [s for n, s in enumerate(self.manager.states()) if n in (0, 4, 5)],
        )
        self.assert_cloud_sound()

    def test_the_constraint_chooses_where_the_answer_does_not(self) -> None:
        self.constrain("instance", self.workers[0].id, migration_type="MIGRATE")
        self.manager.answer["PLANNED_MAINTENANCE"] = lambda p: {"state": f"ACK_{p['state']}"}
        self.maintain(hosts=["compute-1"])
        kinds = {m.server_id: m.kind for m in self.cloud.record.moves}
        self.assertEqual(
            {self.workers[0].id: "cold", self.workers[1].id: "live"},
            kinds,
        )

    def test_every_host_is_maintained(self) -> None:
        detail = self.maintain()
        self.assertEqual([True] * 3, [h["maintained"] for h in detail["hosts"]])
        self.assert_cloud_sound()


class GroupTest(VnfTestCase):
    """``max_impacted_members``, ``recovery_time`` and targets."""

    def build(self) -> None:
        self.computes(5)
        where = {f"compute-{n}": 3 for n in range(1, 5)}
        self.workers = self.instances("worker", where)

    def started(self) -> None:
        super().started()
        self.group("workers", self.workers, max_impacted_members=2, recovery_time=1)

    def test_never_more_than_the_limit(self) -> None:
        self.maintain()
        self.assertEqual(2, self.most_impacted("worker", 1))
        self.assert_cloud_sound()

    def test_a_limit_that_is_tightened_while_the_session_runs(self) -> None:
        self.group("workers", self.workers, max_impacted_members=4, recovery_time=0)
        session_id = self.create(workflow="vnf")
        self.wait_for(lambda: len(self.cloud.record.moves) >= 2, "the first moves")
        self.group("workers", self.workers, max_impacted_members=1, recovery_time=0)
        begun = len(self.cloud.record.moves)
        self.done(session_id)
        later = self.cloud.record.moves[begun + 4 :]
        for one, other in itertools.pairwise(later):
            self.assertGreaterEqual(other.start, one.active or 0.0)

    def test_members_that_are_down_for_another_reason_count(self) -> None:
        away = self.cloud.boot(self.project, "x", self.flavor, host="compute-5", status="SHUTOFF")
        self.constrain("instance", away.id, group_id="workers")
        self.maintain(hosts=["compute-1"])
        self.assertEqual(1, self.most_impacted("worker", 1))

    def test_two_sessions_share_the_limit(self) -> None:
        first = self.create(workflow="vnf", hosts=["compute-1"])
        second = self.create(workflow="vnf", hosts=["compute-2"])
        self.done(first)
        self.done(second)
        self.assertEqual(2, self.most_impacted("worker", 1))
        self.assertEqual(6, sum(m.done for m in self.cloud.record.moves))


class OwnActionTest(VnfTestCase):
    """A member that its project moves counts from its answer on."""

    # Nobody is silent here, however slow the machine is.
    settings = {"workflow": {"project_maintenance_reply": 300}}

    def build(self) -> None:
        self.computes(3)
        self.workers = self.instances("worker", {"compute-1": 3})

    def started(self) -> None:
        super().started()
        for server in self.workers:
            self.constrain(
                "instance", server.id, group_id="g", migration_type="OWN_ACTION", lead_time=20
            )
        self.constrain("instance_group", "g", max_impacted_members=1, recovery_time=0)

    def most_asked(self) -> int:
        """Run a session; :returns: how many questions about instances were open at once."""
        down: list[str] = []

        def instead(payload: Payload) -> dict[str, Any]:
            (instance_id,) = self.manager.instances(payload)
            down.append(instance_id)
            self.manager.nova.servers.delete(instance_id)
            return {"state": "ACK_PLANNED_MAINTENANCE", "instance_action": "OWN_ACTION"}

        def done(payload: Payload) -> None:
            down.clear()

        self.manager.answer["PLANNED_MAINTENANCE"] = instead
        self.manager.answer["INSTANCE_ACTION_DONE"] = done
        session_id = self.create(workflow="vnf", hosts=["compute-1"])
        asked: list[int] = []

        def open_questions() -> int:
            """Those about instances that are still there."""
            waits = [w for p in self.detail(session_id)["projects"] for w in p["waits"]]
            there = {server.id for server in self.cloud.servers}
            return sum(w["instance_id"] is None or w["instance_id"] in there for w in waits)

        self.wait_for(
            lambda: (
                asked.append(open_questions())
                or len(self.manager.heard("PLANNED_MAINTENANCE")) == 3
            ),
            "three questions",
        )
        self.done(session_id)
        return max(asked)

    def test_no_more_are_offered_than_the_group_bears(self) -> None:
        self.assertLessEqual(self.most_asked(), 1)

    def test_nor_after_a_run_whose_places_are_left_but_not_its_questions(self) -> None:
        """Places are written before the rest of a run, which an engine may not live to write."""

        def left(payload: Payload) -> dict[str, Any]:
            place = {"session": payload["session_id"], "since": "2026-01-01", "ended": None}
            row = records.Disruption(self.project.id, "g", 0, {w.id: place for w in self.workers})
            self.assertTrue(disruptions.write(self.cluster.database, row))
            return ack(payload)

        self.manager.answer["MAINTENANCE"] = left
        self.assertLessEqual(self.most_asked(), 1)
