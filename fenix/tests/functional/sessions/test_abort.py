"""Abort: everything is as it was before, from whatever the session was doing."""

from __future__ import annotations

from fenix.db import lifecycle
from fenix.tests.functional.sessions.base import SessionTestCase
from fenix.tests.functional.sessions.test_faults import silence


class AbortTestCase(SessionTestCase):
    """Aborts, and looks at every host."""

    def abort(self, session_id: str, state: str) -> None:
        self.command(session_id, "abort")
        self.assertEqual("aborted", self.reason(session_id))
        session = self.request("GET", f"/{session_id}").json()
        self.assertEqual((state, None), (session["failed_state"], session["command"]))
        self.assertEqual({}, lifecycle.holders(self.cluster.database))
        services = {(h.compute.status, h.compute.disabled_reason) for h in self.hosts()}
        self.assertEqual({("enabled", None)}, services)
        self.assertFalse(any(h["disabled"] for h in self.detail(session_id)["hosts"]))
        self.assert_cloud_sound()


class AbortTest(AbortTestCase):
    """From each kind of work; what was aborted can be continued."""

    def build(self) -> None:
        self.computes(3)
        self.workers = self.instances("worker", {"compute-1": 2, "compute-2": 2})

    def test_while_projects_are_asked(self) -> None:
        self.manager.answer["MAINTENANCE"] = silence
        session_id = self.create()
        self.wait_for(lambda: self.manager.events, "the question")
        self.abort(session_id, "MAINTENANCE")
        self.manager.answer.clear()
        self.command(session_id, "continue")
        self.done(session_id)

    def test_while_instances_move(self) -> None:
        session_id = self.create()
        self.wait_for(lambda: self.cloud.record.moves, "a move")
        self.abort(session_id, "PLANNED_MAINTENANCE")
        self.assertTrue(all(m.done for m in self.cloud.record.moves))
        self.command(session_id, "continue")
        self.done(session_id)
        self.assertTrue(all(self.moves(w) <= 2 for w in self.workers))

    def test_hosts_that_are_empty_when_it_goes_on(self) -> None:
        self.manager.answer["PLANNED_MAINTENANCE"] = silence
        session_id = self.create()
        self.wait_for(lambda: self.manager.heard("PLANNED_MAINTENANCE"), "the question")
        self.abort(session_id, "PLANNED_MAINTENANCE")
        for worker in self.workers:
            self.cloud.delete(worker)
        self.wait_for(lambda: not list(self.cloud.servers), "the end of the workers")
        self.command(session_id, "continue")
        # Sooner than the look at everything that comes once a minute.
        self.wait_state(session_id, "MAINTENANCE_DONE", seconds=30)

    def test_while_it_is_paused(self) -> None:
        session_id = self.create()
        self.wait_for(lambda: self.cloud.record.moves, "a move")
        self.command(session_id, "pause")
        self.abort(session_id, "PLANNED_MAINTENANCE")
        self.assertIsNone(self.request("GET", f"/{session_id}").json()["paused_at"])

    def test_while_a_host_is_maintained(self) -> None:
        actions = [
            {"plugin": "dummy", "type": "host", "metadata": {"seconds": 1}},
            {"plugin": "dummy", "type": "compute"},
        ]
        session_id = self.create(hosts=["compute-3"], actions=actions)
        self.wait_for(
            lambda: [r["state"] for r in self.runs(session_id)] == ["RUNNING"], "an action"
        )
        self.abort(session_id, "START_MAINTENANCE")
        self.assertEqual(["SUCCEEDED"], [r["state"] for r in self.runs(session_id)])
        self.command(session_id, "continue")
        self.done(session_id)
        self.assertEqual([1, 1], [r["attempt"] for r in self.runs(session_id)])

    def test_a_session_that_has_failed(self) -> None:
        session_id = self.create(
            hosts=["compute-3"],
            actions=[{"plugin": "dummy", "type": "host", "metadata": {"fail": True}}],
        )
        self.assertIn("dummy failed", self.reason(session_id))
        self.assertEqual("disabled", self.service("compute-3").status)
        self.command(session_id, "abort")
        self.wait_for(
            lambda: self.request("GET", f"/{session_id}").json()["reason"] == "aborted", "its end"
        )
        self.assertEqual("enabled", self.service("compute-3").status)
        self.refused(session_id, "it was aborted before", "abort")

    def test_a_session_that_is_done(self) -> None:
        session_id = self.create(hosts=["compute-3"])
        self.done(session_id)
        self.refused(session_id, "nothing left to abort", "abort")

    def test_what_an_admin_disabled_meanwhile_stays_so(self) -> None:
        self.manager.answer["PLANNED_MAINTENANCE"] = silence
        session_id = self.create(hosts=["compute-1"])
        self.wait_for(lambda: self.manager.heard("PLANNED_MAINTENANCE"), "the question")
        self.service("compute-1").disabled_reason = "smells of smoke"
        self.command(session_id, "abort")
        self.reason(session_id)
        self.assertEqual("smells of smoke", self.service("compute-1").disabled_reason)

    def test_a_service_whose_disabling_was_not_recorded(self) -> None:
        self.manager.answer["MAINTENANCE"] = silence
        session_id = self.create(hosts=["compute-1"])
        self.wait_for(lambda: self.manager.events, "the question")
        service = self.service("compute-1")
        service.status, service.disabled_reason = "disabled", f"fenix {session_id}"
        self.abort(session_id, "MAINTENANCE")


class ScaleInTest(AbortTestCase):
    """From inside the question for capacity."""

    def build(self) -> None:
        self.computes(2)
        self.instances("worker", {"compute-1": 4, "compute-2": 4})

    def test_it(self) -> None:
        self.manager.answer["SCALE_IN"] = silence
        session_id = self.create()
        self.wait_for(lambda: self.manager.heard("SCALE_IN"), "the question")
        self.abort(session_id, "SCALE_IN")


class PrepareTest(AbortTestCase):
    """From emptying the first host onto hosts that come later."""

    def build(self) -> None:
        self.computes(2)
        self.instances("worker", {"compute-1": 2, "compute-2": 2})

    def test_it(self) -> None:
        session_id = self.create()
        self.wait_for(lambda: self.cloud.record.moves, "a move")
        self.abort(session_id, "PREPARE_MAINTENANCE")
