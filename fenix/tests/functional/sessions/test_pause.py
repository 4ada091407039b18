"""Pause and resume: what is under way ends, nothing new starts, nobody's silence counts."""

from __future__ import annotations

import time
from typing import Any

from fenix.tests.functional.sessions.base import SessionTestCase
from fenix.tests.functional.sessions.test_faults import ack, silence


class WaitTest(SessionTestCase):
    """A session that waits for a project."""

    settings = {"workflow": {"project_maintenance_reply": 3}}

    def build(self) -> None:
        self.computes(2)
        self.instances("worker", {"compute-1": 1})

    def test_silence_does_not_count(self) -> None:
        self.manager.answer["MAINTENANCE"] = silence
        session_id = self.create(hosts=["compute-1"])
        asked = self.wait_for(lambda: self.manager.heard("MAINTENANCE"), "the question")
        self.command(session_id, "pause")
        before = self.detail(session_id)["projects"][0]["waits"][0]
        time.sleep(4)
        self.assertEqual("MAINTENANCE", self.request("GET", f"/{session_id}").json()["state"])
        self.command(session_id, "resume")
        self.wait_for(
            lambda: (
                self.detail(session_id)["projects"][0]["waits"][0]["reply_at"] > before["reply_at"]
            ),
            "more time to answer",
        )
        self.manager.answer.clear()
        self.manager.reply(asked[0], ack(asked[0]))
        self.done(session_id)
        self.assertEqual(1, len(self.manager.heard("MAINTENANCE")))

    def test_who_is_silent_after_it_has_its_whole_time_is_silent(self) -> None:
        self.manager.answer["PLANNED_MAINTENANCE"] = silence
        session_id = self.create(hosts=["compute-1"])
        self.wait_for(lambda: self.manager.heard("PLANNED_MAINTENANCE"), "the question")
        self.command(session_id, "pause")
        time.sleep(1)
        self.command(session_id, "resume")
        self.assertIn("no reply to PLANNED_MAINTENANCE", self.reason(session_id))

    def test_a_reply_counts_and_nothing_follows_before_it_is_resumed(self) -> None:
        self.manager.answer["MAINTENANCE"] = silence
        session_id = self.create(hosts=["compute-1"])
        asked = self.wait_for(lambda: self.manager.heard("MAINTENANCE"), "the question")
        self.command(session_id, "pause")
        self.manager.reply(asked[0], ack(asked[0]))
        time.sleep(1.5)
        self.assertEqual("MAINTENANCE", self.request("GET", f"/{session_id}").json()["state"])
        self.assertEqual("enabled", self.service("compute-1").status)
        self.command(session_id, "resume")
        self.done(session_id)
        self.assertEqual(1, len(self.manager.heard("MAINTENANCE")))

    def test_what_admins_are_told(self) -> None:
        self.manager.answer["MAINTENANCE"] = silence
        session_id = self.create(hosts=["compute-1"])
        self.command(session_id, "pause")
        self.refused(session_id, "paused since", "pause")
        self.refused(session_id, "only one in state MAINTENANCE_FAILED", "continue")
        self.command(session_id, "abort")
        self.reason(session_id)
        self.refused(session_id, "only a session that is at work", "pause")
        self.refused(session_id, "aborted before", "abort")


class MovesTest(SessionTestCase):
    """A session that moves instances."""

    settings = {"workflow": {"max_parallel_moves_per_host": 1}}

    def build(self) -> None:
        self.computes(2, vcpus=8)
        self.workers = self.instances("worker", {"compute-1": 3})

    def test_the_move_under_way_ends_and_no_other_begins(self) -> None:
        session_id = self.create(hosts=["compute-1"])
        self.wait_for(lambda: self.cloud.record.moves, "a move")
        self.command(session_id, "pause")
        begun = len(self.cloud.record.moves)
        self.wait_for(lambda: all(m.done for m in self.cloud.record.moves), "its end")
        time.sleep(1)
        self.assertEqual(begun, len(self.cloud.record.moves))
        phases = [i["move_phase"] for i in self.detail(session_id)["instances"]]
        self.assertEqual({None, "planned"}, set(phases))
        self.command(session_id, "resume")
        self.done(session_id)
        self.assertEqual([1, 1, 1], [self.moves(w) for w in self.workers])
        self.assert_cloud_sound()

    def test_a_cold_migration_is_confirmed(self) -> None:
        self.manager.actions = {"worker": "MIGRATE"}
        session_id = self.create(hosts=["compute-1"])
        self.wait_for(lambda: self.cloud.record.moves, "a move")
        self.command(session_id, "pause")
        self.wait_for(lambda: all(m.done for m in self.cloud.record.moves), "its end")
        self.wait_for(lambda: {"ACTIVE"} == {w.status for w in self.workers}, "confirmed")
        self.command(session_id, "resume")
        self.done(session_id)
        self.assert_cloud_sound()


class ActionsTest(SessionTestCase):
    """A session that works on a host."""

    def test_the_action_under_way_ends_and_the_next_waits(self) -> None:
        actions: list[dict[str, Any]] = [
            {"plugin": "dummy", "type": "host", "metadata": {"seconds": 0.7}},
            {"plugin": "dummy", "type": "compute", "metadata": {"seconds": 0.1}},
        ]
        session_id = self.create(hosts=["compute-3"], actions=actions)
        self.wait_for(
            lambda: self.states_of_runs(session_id) == [("host", "RUNNING")], "the first action"
        )
        self.command(session_id, "pause")
        self.wait_for(lambda: self.states_of_runs(session_id) == [("host", "SUCCEEDED")], "its end")
        time.sleep(1)
        self.assertEqual([("host", "SUCCEEDED")], self.states_of_runs(session_id))
        self.assertEqual("disabled", self.service("compute-3").status)
        self.command(session_id, "resume")
        self.done(session_id)
        self.assertEqual(
            [("host", "SUCCEEDED"), ("compute", "SUCCEEDED")], self.states_of_runs(session_id)
        )

    def states_of_runs(self, session_id: str) -> list[tuple[str, str]]:
        return [(run["type"], run["state"]) for run in self.runs(session_id)]


class ScaleInTest(SessionTestCase):
    """A session that asks for capacity."""

    settings = {"workflow": {"project_scale_in_reply": 3}}

    def build(self) -> None:
        self.computes(2)
        self.instances("worker", {"compute-1": 4, "compute-2": 4})

    def test_nobody_is_asked_twice(self) -> None:
        self.manager.answer["SCALE_IN"] = silence
        session_id = self.create()
        asked = self.wait_for(lambda: self.manager.heard("SCALE_IN"), "the question")
        self.command(session_id, "pause")
        time.sleep(4)
        self.manager.answer.clear()
        self.manager.scale_in({"instances": 4})
        self.manager.reply(asked[0], ack(asked[0]))
        self.command(session_id, "resume")
        self.done(session_id)
        self.assertEqual(1, len(self.manager.heard("SCALE_IN")))
        self.assert_cloud_sound()
