"""What goes wrong around a session, and what the session makes of it."""

from __future__ import annotations

import time
from typing import Any

from fenix import exceptions
from fenix.tests.functional.sessions.base import Payload, SessionTestCase


def ack(payload: Payload) -> dict[str, Any]:
    return {"state": f"ACK_{payload['state']}"}


def nack(payload: Payload) -> dict[str, Any]:
    return {"state": f"NACK_{payload['state']}"}


def silence(_payload: Payload) -> None:
    return None


class ManagerFaultsTest(SessionTestCase):
    """Managers that do not answer, refuse, or answer too much."""

    settings = {"workflow": {"project_maintenance_reply": 4, "nack_retries": 2}}

    def build(self) -> None:
        self.computes(2)
        self.worker = self.instances("worker", {"compute-1": 1})[0]

    def test_silence_fails_the_session_and_it_can_be_continued(self) -> None:
        self.manager.answer["MAINTENANCE"] = silence
        session_id = self.create(hosts=["compute-1"])
        reason = self.reason(session_id)
        self.assertIn("no reply to MAINTENANCE", reason)
        self.assertIn(self.project.id, reason)
        self.assertIn("continue the session", reason)
        self.assertEqual("enabled", self.service("compute-1").status)
        self.manager.answer.clear()
        answer = self.request("PUT", f"/{session_id}")
        self.assertEqual(200, answer.status_code, answer.text)
        self.assertEqual("MAINTENANCE", answer.json()["state"])
        self.done(session_id)
        self.assertEqual(2, len(self.manager.heard("MAINTENANCE")))

    def test_silence_in_the_middle(self) -> None:
        self.manager.answer["PLANNED_MAINTENANCE"] = silence
        session_id = self.create(hosts=["compute-1"])
        self.assertIn("compute-1: no reply to PLANNED_MAINTENANCE", self.reason(session_id))
        self.assertEqual(0, self.moves(self.worker))
        self.manager.answer.clear()
        self.request("PUT", f"/{session_id}")
        self.done(session_id)
        self.assertEqual(1, self.moves(self.worker))
        self.assertEqual(1, len(self.manager.heard("MAINTENANCE")))

    def test_only_a_failed_session_is_continued(self) -> None:
        self.manager.answer["MAINTENANCE"] = silence
        session_id = self.create(hosts=["compute-1"])
        answer = self.request("PUT", f"/{session_id}")
        self.assertEqual(409, answer.status_code)
        self.assertIn("is in state MAINTENANCE", answer.json()["error"]["message"])

    def test_a_nack_is_asked_again(self) -> None:
        answers = iter([nack, nack, ack])
        self.manager.answer["MAINTENANCE"] = lambda payload: next(answers)(payload)
        self.done(self.create(hosts=["compute-1"]))
        self.assertEqual(3, len(self.manager.heard("MAINTENANCE")))

    def test_a_nack_becomes_final(self) -> None:
        self.manager.answer["MAINTENANCE"] = nack
        reason = self.reason(self.create(hosts=["compute-1"]))
        self.assertIn("NACK_MAINTENANCE", reason)
        self.assertIn("asked 3 times", reason)
        self.assertEqual(3, len(self.manager.heard("MAINTENANCE")))

    def test_replies_twice_late_and_for_other_states_change_nothing(self) -> None:
        def twice(payload: Payload) -> dict[str, Any]:
            ids = self.manager.instances(payload)
            first = {
                "state": "ACK_PLANNED_MAINTENANCE",
                "instance_actions": dict.fromkeys(ids, "MIGRATE"),
            }
            self.manager.reply(payload, {"state": "ACK_MAINTENANCE"})
            self.manager.reply(payload, first)
            self.manager.reply(payload, {"state": "ACK_INSTANCE_ACTION_DONE"})
            return {**first, "instance_actions": dict.fromkeys(ids, "LIVE_MIGRATE")}

        self.manager.answer["PLANNED_MAINTENANCE"] = twice
        self.done(self.create(hosts=["compute-1"]))
        self.assertEqual(["cold"], [m.kind for m in self.cloud.record.moves])

    def test_an_action_that_was_not_offered_is_422_and_nothing_is_written(self) -> None:
        answers: list[int] = []

        def wrong(payload: Payload) -> dict[str, Any]:
            body = {
                "state": "ACK_PLANNED_MAINTENANCE",
                "instance_actions": {self.worker.id: "EVICTION"},
            }
            refused = self.manager.session.put(payload["reply_url"], json=body, raise_exc=False)
            answers.append(refused.status_code)
            return {**body, "instance_actions": {self.worker.id: "MIGRATE"}}

        self.manager.answer["PLANNED_MAINTENANCE"] = wrong
        self.done(self.create(hosts=["compute-1"]))
        self.assertEqual([422], answers)
        self.assertEqual(["cold"], [m.kind for m in self.cloud.record.moves])


class SilenceConsentsTest(SessionTestCase):
    """project_silent = default_action."""

    settings = {"workflow": {"project_maintenance_reply": 1, "project_silent": "default_action"}}

    def test_instances_of_a_silent_project_are_moved_with_the_default_action(self) -> None:
        for state in ("MAINTENANCE", "PLANNED_MAINTENANCE", "MAINTENANCE_COMPLETE"):
            self.manager.answer[state] = silence
        self.done(self.create(hosts=["compute-1"]))
        self.assertEqual(["live"], [m.kind for m in self.cloud.record.moves])


class NoManagerTest(SessionTestCase):
    """A project without an alarm."""

    def started(self) -> None:
        self.managers = []

    def test_the_default_action_is_taken(self) -> None:
        detail = self.done(self.create(hosts=["compute-1"]))
        self.assertEqual(["live"], [m.kind for m in self.cloud.record.moves])
        self.assertEqual([False], [p["has_manager"] for p in detail["projects"]])


class ManagerDemandedTest(SessionTestCase):
    """project_without_manager = fail."""

    settings = {"workflow": {"project_without_manager": "fail"}}

    def started(self) -> None:
        self.managers = []

    def test_the_session_fails_before_anything_is_done(self) -> None:
        reason = self.reason(self.create(hosts=["compute-1"]))
        self.assertIn(f"projects without a manager: {self.project.id}", reason)
        self.assertEqual("enabled", self.service("compute-1").status)


class MoveFaultsTest(SessionTestCase):
    """Moves that fail."""

    settings = {"workflow": {"live_migration_retries": 2}}

    def build(self) -> None:
        self.computes(3)
        self.worker = self.instances("worker", {"compute-1": 1})[0]

    def started(self) -> None:
        self.managers = []

    def _moves(self) -> list[tuple[str, str | None, str | None]]:
        return [(m.kind, m.dest, m.result) for m in self.cloud.record.moves]

    def test_a_silent_failure_is_seen_and_another_target_tried(self) -> None:
        self.cloud.faults.set("compute-2", pre_live_migration="error")
        self.cloud.faults.set("compute-3", pre_live_migration="error")
        session_id = self.create(hosts=["compute-1"])
        self.wait_for(lambda: len(self.cloud.record.moves) >= 2, "a second try")
        self.cloud.faults.clear()
        self.done(session_id)
        self.assertNotEqual(self._moves()[0][1], self._moves()[1][1])
        self.assertEqual(1, self.moves(self.worker))
        self.assert_cloud_sound()

    def test_tries_are_bounded_and_the_reason_names_everything(self) -> None:
        self.cloud.faults.set("compute-1", live_migration="error")
        session_id = self.create(hosts=["compute-1"])
        reason = self.reason(session_id)
        for text in (self.worker.id, "compute-1", "3 tries", "error", "continue the session"):
            self.assertIn(text, reason)
        self.assertEqual(3, len(self._moves()))
        self.cloud.faults.clear()
        self.request("PUT", f"/{session_id}")
        self.done(session_id)
        self.assertEqual(1, self.moves(self.worker))

    def test_an_error_of_the_instance_is_reported(self) -> None:
        self.cloud.faults.set("compute-1", live_migration="crash")
        reason = self.reason(self.create(hosts=["compute-1"]))
        self.assertIn("went into ERROR", reason)
        self.assertIn(self.worker.id, reason)

    def test_an_instance_deleted_in_flight(self) -> None:
        self.cloud.faults.set("compute-1", live_migration="hang:40")
        session_id = self.create(hosts=["compute-1"])
        self.wait_for(lambda: self.cloud.record.moves, "a move")
        self.cloud.delete(self.worker)
        self.done(session_id)

    def test_nova_says_409_then_500_then_nothing(self) -> None:
        action = r"/servers/[^/]+/action"
        self.cloud.faults.next_calls("POST", action, 409)
        self.cloud.faults.next_calls("POST", action, 500)
        self.done(self.create(hosts=["compute-1"]))
        self.assertEqual(1, self.moves(self.worker))

    def test_a_call_that_was_taken_although_the_answer_was_lost(self) -> None:
        self.cloud.faults.next_calls("POST", r"/servers/[^/]+/action", 500, after=True)
        self.done(self.create(hosts=["compute-1"]))
        self.assertEqual(1, len(self.cloud.record.moves))

    def test_nova_is_away_for_a_while(self) -> None:
        session_id = self.create(hosts=["compute-1"])
        self.cloud.faults.next_calls("GET", r"/servers", 503, times=8)
        self.done(session_id)
        self.assertEqual(1, self.moves(self.worker))


class OverdueMoveTest(SessionTestCase):
    """A move that does not end."""

    settings = {
        "workflow": {
            "live_migration_wait_time": 1,
            "abort_wait_time": 1,
            "live_migration_retries": 3,
        }
    }

    def started(self) -> None:
        self.managers = []

    def test_it_is_aborted_and_tried_again(self) -> None:
        self.cloud.faults.set("compute-1", live_migration="stuck")
        session_id = self.create(hosts=["compute-1"])
        self.wait_for(
            lambda: any(m.result == "cancelled" for m in self.cloud.record.moves), "an abort"
        )
        self.cloud.faults.clear()
        self.done(session_id)
        self.assert_cloud_sound()

    def test_one_that_cannot_be_aborted_is_reported(self) -> None:
        self.cluster.conf.set_override("default_action", "MIGRATE", "workflow")
        self.addCleanup(self.cluster.conf.clear_override, "default_action", "workflow")
        self.cloud.faults.set("compute-1", migrate_disk="hang:200")
        reason = self.reason(self.create(hosts=["compute-1"]))
        for text in ("worker", "nor could be aborted within 1 s more", "end it in Nova"):
            self.assertIn(text, reason)


class CapacityTest(SessionTestCase):
    """No room, and nobody who gives some."""

    settings = {"workflow": {"scale_in_rounds": 2, "scale_in_settle_time": 0.3}}

    def build(self) -> None:
        self.computes(2)
        self.instances("worker", {"compute-1": 4, "compute-2": 4})

    def test_an_ack_is_no_proof_and_rounds_are_bounded(self) -> None:
        self.manager.answer["SCALE_IN"] = ack
        reason = self.reason(self.create())
        self.assertIn("4 instances with 4 vCPU find no place", reason)
        self.assertIn("after 2 rounds of SCALE_IN", reason)
        self.assertEqual(2, len(self.manager.heard("SCALE_IN")))

    def test_a_final_nack_means_no_capacity(self) -> None:
        self.manager.answer["SCALE_IN"] = nack
        reason = self.reason(self.create())
        self.assertIn("no project scaled in", reason)
        self.assertIn("NACK_SCALE_IN", reason)

    def test_capacity_that_an_admin_frees(self) -> None:
        self.manager.answer["SCALE_IN"] = nack
        session_id = self.create()
        self.reason(session_id)
        self.cloud.add_host("compute-3", vcpus=4, memory_mb=65536)
        self.request("PUT", f"/{session_id}")
        self.done(session_id)
        self.assert_cloud_sound()

    def test_capacity_that_comes_in_two_rounds(self) -> None:
        def half(payload: Payload) -> dict[str, Any]:
            self.manager.scale_in({"instances": 2})
            return ack(payload)

        self.manager.answer["SCALE_IN"] = half
        self.done(self.create())
        self.assertEqual(2, len(self.manager.heard("SCALE_IN")))
        self.assert_cloud_sound()


class HostFaultsTest(SessionTestCase):
    """Hosts that do not come back, and actions that fail."""

    settings = {"workflow": {"host_back_wait_time": 1, "action_retries": 1}}

    def started(self) -> None:
        self.managers = []

    def test_a_host_whose_services_stay_away(self) -> None:
        self.cloud.host_down("compute-3")
        nova = self.cluster.engines[0].ports.cloud
        self.wait_for(lambda: any(not h.up for h in nova.hosts()), "Nova says down")
        session_id = self.create(hosts=["compute-3"])
        reason = self.reason(session_id)
        self.assertIn("compute-3 did not report as up within 1 s", reason)
        self.cloud.host_up("compute-3")
        self.request("PUT", f"/{session_id}")
        self.done(session_id)
        self.assertEqual("enabled", self.service("compute-3").status)

    def test_a_host_that_dies_at_the_end_of_its_maintenance(self) -> None:
        # Nova says "up" for a minute of model time, which is longer than the host is waited for.
        self.cloud.clock.speed = 20.0
        action = {"plugin": "dummy", "type": "host", "metadata": {"seconds": 0.5}}
        session_id = self.create(hosts=["compute-3"], actions=[action])
        self.wait_for(
            lambda: any(h["phase"] == "maintaining" for h in self.detail(session_id)["hosts"]),
            "work on the host",
        )
        self.cloud.host_down("compute-3")
        reason = self.reason(session_id)
        self.assertIn("compute-3 did not report as up within 1 s", reason)
        self.assertEqual("disabled", self.service("compute-3").status)
        self.cloud.host_up("compute-3")
        self.request("PUT", f"/{session_id}")
        self.done(session_id)
        self.assertEqual("enabled", self.service("compute-3").status)

    def test_a_host_that_goes_down_while_it_is_emptied(self) -> None:
        self.cluster.conf.set_override("live_migration_retries", 1, "workflow")
        self.addCleanup(self.cluster.conf.clear_override, "live_migration_retries", "workflow")
        self.cloud.host_down("compute-1")
        nova = self.cluster.engines[0].ports.cloud
        self.wait_for(lambda: any(not h.up for h in nova.hosts()), "Nova says down")
        session_id = self.create(hosts=["compute-1"])
        reason = self.reason(session_id)
        self.assertIn("could not be moved off compute-1: 2 tries", reason)
        self.cloud.host_up("compute-1")
        self.request("PUT", f"/{session_id}")
        self.done(session_id)
        self.assert_cloud_sound()

    def test_a_failed_action(self) -> None:
        session_id = self.create(
            hosts=["compute-3"],
            actions=[{"plugin": "dummy", "type": "host", "metadata": {"fail": True}}],
        )
        reason = self.reason(session_id)
        for text in ("host action dummy failed on compute-3", "2 tries", "told to fail"):
            self.assertIn(text, reason)
        self.assertEqual("disabled", self.service("compute-3").status)
        runs = self.detail(session_id)["action_plugin_instances"]
        self.assertEqual([("FAILED", 2)], [(r["state"], r["attempt"]) for r in runs])


class BusFaultsTest(SessionTestCase):
    """The message bus is away."""

    settings = {
        "workflow": {"project_maintenance_reply": 2},
        "notifications": {"retry_interval": 0.1},
    }

    def build(self) -> None:
        self.computes(2)
        self.instances("worker", {"compute-1": 1})

    def test_a_project_that_could_not_be_asked_is_not_silent(self) -> None:
        publisher = self.cluster.engines[0].publisher
        refused = []

        def away(row: Any) -> None:
            refused.append(row.event_type)
            raise exceptions.Unavailable("the bus is away")

        works, publisher.publish = publisher.publish, away  # type: ignore[method-assign]
        session_id = self.create(hosts=["compute-1"])
        time.sleep(4)
        self.assertNotEqual([], refused)
        state = self.request("GET", f"/{session_id}").json()["state"]
        self.assertEqual("MAINTENANCE", state)
        publisher.publish = works  # type: ignore[method-assign]
        self.done(session_id)
        self.assertEqual(1, len(self.manager.heard("MAINTENANCE")))
