"""What admins do with sessions, and engines that come and go."""

from __future__ import annotations

from typing import Any

from fenix.db import lifecycle
from fenix.tests.functional.sessions.base import Payload, SessionTestCase
from fenix.tests.functional.sessions.test_faults import ack, silence


class CreateTest(SessionTestCase):
    """What a session cannot be created with."""

    settings = {"engine": {"max_sessions": 1}}

    def build(self) -> None:
        self.computes(2)
        self.instances("worker", {"compute-1": 1})

    def refused(self, code: int, message: str, **body: Any) -> None:
        answer = self.request("POST", json=body)
        self.assertEqual(code, answer.status_code, answer.text)
        self.assertIn(message, answer.json()["error"]["message"])
        self.assertEqual([], self.request("GET").json()["session_id"])

    def test_what_is_not_there(self) -> None:
        self.refused(422, "workflow: 'nope' is not available; available: default", workflow="nope")
        self.refused(422, "the cloud does not know nowhere", hosts=["compute-1", "nowhere"])
        self.refused(
            422, "'nope' is not available; available: command, dummy", actions=[
                {"plugin": "nope", "type": "host"}
            ],
        )  # fmt: skip
        self.refused(
            400, "metadata.seconds of dummy", actions=[
                {"plugin": "dummy", "type": "host", "metadata": {"seconds": "ten"}}
            ],
        )  # fmt: skip

    def test_parameters_of_a_workflow_that_takes_none(self) -> None:
        for name in ("default", "vnf"):
            message = f"parameters: the workflow {name} takes none"
            self.refused(400, message, workflow=name, parameters={"soak": 1})

    def test_one_session_for_a_host(self) -> None:
        self.manager.answer["MAINTENANCE"] = silence
        first = self.create(hosts=["compute-1"])
        answer = self.request("POST", json={"hosts": ["compute-2"]})
        self.assertEqual(509, answer.status_code)
        self.assertIn("max_sessions", answer.json()["error"]["message"])
        self.cluster.conf.set_override("max_sessions", 5, "engine")
        self.addCleanup(self.cluster.conf.clear_override, "max_sessions", "engine")
        answer = self.request("POST", json={"hosts": ["compute-2", "compute-1"]})
        self.assertEqual(409, answer.status_code)
        self.assertIn(f"compute-1 (session {first})", answer.json()["error"]["message"])
        self.done(self.create(hosts=["compute-2"]))


class FailedSessionTest(SessionTestCase):
    """A failed session holds only the hosts that it has touched."""

    settings = {"workflow": {"project_maintenance_reply": 4}}

    def build(self) -> None:
        self.computes(3)
        self.instances("worker", {"compute-1": 1, "compute-2": 1})

    def test_untouched_hosts_are_free_again(self) -> None:
        self.manager.answer["MAINTENANCE"] = silence
        first = self.create()
        self.reason(first)
        self.manager.answer.clear()
        second = self.create(hosts=["compute-3"])
        self.done(second)
        self.request("PUT", f"/{first}")
        self.done(first)

    def test_touched_hosts_are_kept(self) -> None:
        self.manager.answer["PLANNED_MAINTENANCE"] = silence
        first = self.create(hosts=["compute-1"])
        self.reason(first)
        answer = self.request("POST", json={"hosts": ["compute-1"]})
        self.assertEqual(409, answer.status_code)
        self.assertEqual(200, self.request("DELETE", f"/{first}").status_code)
        self.assertEqual("enabled", self.service("compute-1").status)
        self.manager.answer.clear()
        self.done(self.create(hosts=["compute-1"]))


class DeleteTest(SessionTestCase):
    """DELETE stops a session and puts every host back."""

    def build(self) -> None:
        self.computes(3)
        self.workers = self.instances("worker", {"compute-1": 2, "compute-2": 2})

    def delete(self, session_id: str) -> None:
        answer = self.request("DELETE", f"/{session_id}")
        self.assertEqual((200, {}), (answer.status_code, answer.json()))
        self.assertEqual(404, self.request("GET", f"/{session_id}").status_code)
        self.assertEqual({}, lifecycle.holders(self.cluster.database))
        self.assertEqual(
            {("enabled", None)},
            {(self.service(h).status, self.service(h).disabled_reason)
             for h in ("compute-1", "compute-2", "compute-3")},
        )  # fmt: skip
        self.assert_cloud_sound()

    def test_while_projects_are_asked(self) -> None:
        self.manager.answer["MAINTENANCE"] = silence
        session_id = self.create()
        self.wait_for(lambda: self.manager.events, "the question")
        self.delete(session_id)
        self.assertEqual(404, self.request("DELETE", f"/{session_id}").status_code)

    def test_when_a_host_has_appeared_outside(self) -> None:
        self.manager.answer["MAINTENANCE"] = silence
        session_id = self.create(hosts=["compute-1"])
        self.wait_for(lambda: self.manager.events, "the question")
        self.cloud.add_host("compute-4", vcpus=4, memory_mb=65536)
        self.delete(session_id)

    def test_while_instances_move(self) -> None:
        self.manager.actions = {"worker": "MIGRATE"}
        session_id = self.create()
        self.wait_for(lambda: self.cloud.record.moves, "a move")
        self.delete(session_id)
        self.assertEqual({"ACTIVE"}, {s.status for s in self.workers})

    def test_while_a_host_is_maintained(self) -> None:
        session_id = self.create(
            hosts=["compute-3"],
            actions=[{"plugin": "dummy", "type": "host", "metadata": {"seconds": 1}}],
        )
        self.wait_for(lambda: self.service("compute-3").status == "disabled", "disabled")
        self.delete(session_id)

    def test_a_session_that_is_done(self) -> None:
        session_id = self.create(hosts=["compute-3"])
        self.done(session_id)
        self.delete(session_id)

    def test_what_an_admin_disabled_meanwhile_stays_so(self) -> None:
        self.manager.answer["PLANNED_MAINTENANCE"] = silence
        session_id = self.create(hosts=["compute-1"])
        self.wait_for(lambda: self.manager.heard("PLANNED_MAINTENANCE"), "the question")
        self.service("compute-1").disabled_reason = "smells of smoke"
        self.request("DELETE", f"/{session_id}")
        self.assertEqual("disabled", self.service("compute-1").status)
        self.assertEqual("smells of smoke", self.service("compute-1").disabled_reason)


class EnginesTest(SessionTestCase):
    """Engines that stop and start; replies that come in meanwhile."""

    engines = 2
    settings = {"api": {"rpc_timeout": 2}}

    def test_a_session_goes_on_with_another_engine(self) -> None:
        session_id = self.create(
            actions=[{"plugin": "dummy", "type": "host", "metadata": {"seconds": 0.3}}]
        )
        self.wait_for(lambda: self.cloud.record.moves, "a move")
        self.cluster.engines.pop(0).stop()
        self.done(session_id)
        self.assert_cloud_sound()

    def test_no_engine_keeps_replies_and_refuses_commands(self) -> None:
        asked: list[Payload] = []

        def later(payload: Payload) -> None:
            asked.append(payload)

        self.manager.answer["MAINTENANCE"] = later
        session_id = self.create(hosts=["compute-1"])
        self.wait_for(lambda: asked, "the question")
        while self.cluster.engines:
            self.cluster.engines.pop().stop()
        self.manager.reply(asked[0], ack(asked[0]))
        answer = self.request("POST", json={"hosts": ["compute-3"]})
        self.assertEqual(503, answer.status_code)
        self.assertIn("no engine answered", answer.json()["error"]["message"])
        self.cluster.add_engine()
        self.done(session_id)
        self.assertEqual(1, len(self.manager.heard("MAINTENANCE")))
        self.assertEqual([session_id], self.request("GET").json()["session_id"])
