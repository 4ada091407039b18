"""The limits of groups over sessions and engines that come and go."""

from __future__ import annotations

import datetime

from fenix import timing
from fenix.db import disruptions, purge
from fenix.tests.functional.sessions.test_faults import silence
from fenix.tests.functional.sessions.vnf_base import VnfTestCase


class _InAWeek(timing.SystemClock):
    def now(self) -> datetime.datetime:
        return super().now() + datetime.timedelta(days=7)


class LedgerTest(VnfTestCase):
    """Two engines, and sessions that share a group."""

    engines = 2
    # Nobody is silent here, however slow the machine is.
    settings = {"workflow": {"project_maintenance_reply": 300}}

    def build(self) -> None:
        self.computes(6)
        where = {f"compute-{n}": 2 for n in range(1, 5)}
        self.workers = self.instances("worker", where)

    def started(self) -> None:
        super().started()
        self.group("workers", self.workers, max_impacted_members=2, recovery_time=1)

    def test_sessions_on_two_engines_at_the_same_time(self) -> None:
        sessions = [
            self.create(workflow="vnf", hosts=[f"compute-{n}"], metadata={"n": n})
            for n in (1, 2, 3)
        ]
        for session_id in sessions:
            self.done(session_id)
        self.assertEqual(2, self.most_impacted("worker", 1))
        self.assert_cloud_sound()

    def test_moves_of_a_session_that_keeps_no_limits_count(self) -> None:
        self.group("workers", self.workers, max_impacted_members=2, recovery_time=3)
        self.manager.actions = {"worker": "LIVE_MIGRATE"}
        careless = self.create(hosts=["compute-1"])
        self.wait_for(lambda: self.cloud.record.moves, "a move of the first session")
        self.maintain(hosts=["compute-2"])
        self.done(careless)
        # The first moves two at once, the limit; those of the second wait for their recovery.
        self.assertEqual(2, self.most_impacted("worker", 3))

    def test_what_groups_went_through_is_purged(self) -> None:
        self.maintain(hosts=["compute-1"])
        [row] = disruptions.of_projects(self.cluster.database, [self.project.id]).values()
        self.assertEqual({w.id for w in self.workers[:2]}, set(row.members))
        # Whoever moved a moment ago is recovering, however young what is purged may be.
        self.assertEqual(0, purge.older_than(self.cluster.database, 0)["impacts"])
        clock = _InAWeek()
        self.assertEqual(0, purge.older_than(self.cluster.database, 9, clock)["impacts"])
        self.assertEqual(1, purge.older_than(self.cluster.database, 5, clock)["impacts"])
        self.assertEqual({}, disruptions.of_projects(self.cluster.database, [self.project.id]))

    def test_an_engine_that_stops_in_the_middle(self) -> None:
        session_id = self.create(workflow="vnf")
        self.wait_for(lambda: len(self.cloud.record.moves) > 1, "moves")
        self.cluster.engines.pop(0).stop()
        self.done(session_id)
        self.assertEqual(2, self.most_impacted("worker", 1))
        self.assert_cloud_sound()

    def test_a_deleted_session_keeps_no_place(self) -> None:
        self.group("workers", self.workers, max_impacted_members=1)
        self.manager.answer["PLANNED_MAINTENANCE"] = silence
        session_id = self.create(workflow="vnf", hosts=["compute-1"])
        self.wait_for(lambda: self.manager.heard("PLANNED_MAINTENANCE"), "the question")
        self.request("DELETE", f"/{session_id}")
        self.manager.answer.clear()
        self.maintain(hosts=["compute-2"])
        self.assertEqual(1, self.most_impacted("worker"))

    def test_a_failed_session_keeps_no_place(self) -> None:
        self.group("workers", self.workers, max_impacted_members=1)
        # One question keeps the place for its answer, the other ends the session.
        refused = []

        def refuse_one(payload: dict[str, object]) -> dict[str, object] | None:
            if "OWN_ACTION" in payload["allowed_actions"]:  # type: ignore[operator]
                return None
            refused.append(payload)
            return {"state": "NACK_PLANNED_MAINTENANCE"}

        self.cluster.conf.set_override("nack_retries", 0, "workflow")
        self.addCleanup(self.cluster.conf.clear_override, "nack_retries", "workflow")
        self.manager.answer["PLANNED_MAINTENANCE"] = refuse_one
        session_id = self.create(workflow="vnf", hosts=["compute-1"])
        self.assertIn("NACK_PLANNED_MAINTENANCE", self.reason(session_id))
        self.assertEqual(1, len(refused))
        self.manager.answer.clear()
        self.maintain(hosts=["compute-2"])
        self.request("PUT", f"/{session_id}")
        self.done(session_id)
        self.assertEqual(1, self.most_impacted("worker"))
