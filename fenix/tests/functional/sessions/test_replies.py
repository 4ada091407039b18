"""Replies on either URL, for one instance or for all."""

from __future__ import annotations

from typing import Any

from fenix.tests.functional.sessions.base import Payload, SessionTestCase


class InstanceReplyTest(SessionTestCase):
    """A manager that answers each instance on its own URL."""

    def build(self) -> None:
        self.computes(2, vcpus=6)
        self.workers = self.instances("worker", {"compute-1": 3})

    def reply(self, payload: Payload, number: int, **body: Any) -> None:
        url = f"{payload['reply_url']}/{self.workers[number].id}"
        self.manager.session.put(url, json={"state": f"ACK_{payload['state']}", **body})

    def test_none_moves_before_there_is_a_word_on_it(self) -> None:
        asked: list[Payload] = []
        self.manager.answer["PLANNED_MAINTENANCE"] = asked.append
        session_id = self.create(hosts=["compute-1"])
        self.wait_for(lambda: asked, "the question")
        self.reply(asked[0], 0, instance_action="MIGRATE")
        self.reply(asked[0], 0, instance_action="LIVE_MIGRATE")
        self.reply(asked[0], 1)
        detail = self.detail(session_id)
        self.assertEqual({0}, {i["moves"] for i in detail["instances"]})
        self.assertEqual([], list(self.cloud.record.moves))
        self.reply(asked[0], 2, instance_actions={self.workers[2].id: "MIGRATE"})
        self.done(session_id)
        kinds = {m.server_id: m.kind for m in self.cloud.record.moves}
        self.assertEqual(["cold", "live", "cold"], [kinds[w.id] for w in self.workers])

    def test_the_rest_on_the_project_url(self) -> None:
        asked: list[Payload] = []
        self.manager.answer["PLANNED_MAINTENANCE"] = asked.append
        session_id = self.create(hosts=["compute-1"])
        self.wait_for(lambda: asked, "the question")
        self.reply(asked[0], 0, instance_action="MIGRATE")
        ids = [w.id for w in self.workers]
        body = {
            "state": "ACK_PLANNED_MAINTENANCE",
            "instance_actions": dict.fromkeys(ids, "LIVE_MIGRATE"),
        }
        self.manager.reply(asked[0], body)
        self.done(session_id)
        kinds = {m.server_id: m.kind for m in self.cloud.record.moves}
        self.assertEqual(["cold", "live", "live"], [kinds[w.id] for w in self.workers])
