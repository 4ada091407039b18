"""A session's history tells everything that happened, and is there when the session is not."""

from __future__ import annotations

import collections
from typing import Any

from fenix import timing
from fenix.db import purge
from fenix.tests.functional.sessions.base import SessionTestCase


class HistoryTest(SessionTestCase):
    """One session with questions, moves, actions and commands."""

    settings = {"workflow": {"action_retries": 0, "max_parallel_hosts": 1}}

    def build(self) -> None:
        self.computes(3)
        self.workers = self.instances("worker", {"compute-1": 2})

    def events(self, session_id: str, limit: int = 7) -> list[dict[str, Any]]:
        """All pages."""
        found: list[dict[str, Any]] = []
        while True:
            marker = f"&marker={found[-1]['event_id']}" if found else ""
            answer = self.request("GET", f"/{session_id}/events?limit={limit}{marker}")
            self.assertEqual(200, answer.status_code, answer.text)
            page = answer.json()["events"]
            if not page:
                return found
            found += page

    def test_it(self) -> None:
        session_id = self.create(
            hosts=["compute-1"],
            actions=[{"plugin": "dummy", "type": "host", "metadata": {"seconds": 0.2}}],
        )
        self.wait_for(lambda: self.cloud.record.moves, "a move")
        self.command(session_id, "pause")
        self.command(session_id, "resume")
        self.done(session_id)
        events = self.events(session_id)
        self.assertEqual(events, self.events(session_id, 1000))
        ids = [e["event_id"] for e in events]
        self.assertEqual(sorted(set(ids)), ids)
        of: dict[str, list[dict[str, Any]]] = collections.defaultdict(list)
        for event in events:
            of[event["kind"]].append(event)

        # Transitions: an unbroken way.
        way = [(e["data"]["before"], e["data"]["after"]) for e in of["state"] if e["data"]]
        self.assertEqual("MAINTENANCE", way[0][0])
        self.assertEqual("MAINTENANCE_DONE", way[-1][1])
        self.assertEqual([a for _, a in way[:-1]], [b for b, _ in way[1:]])

        # Commands, and who gave them.
        told = [(e["data"]["command"], e["data"]["user_id"]) for e in of["command"]]
        self.assertEqual([("pause", self.cloud.admin.id), ("resume", self.cloud.admin.id)], told)

        # Questions, and what was made of every reply.
        asked = [e["data"]["state"] for e in of["notification"] if e["project_id"]]
        self.assertEqual(self.manager.states(), asked)
        replied = [e["data"]["reply"] for e in of["reply"]]
        self.assertEqual(
            ["ACK_MAINTENANCE", "ACK_PLANNED_MAINTENANCE", "ACK_MAINTENANCE_COMPLETE"], replied
        )
        for event in of["notification"]:
            self.assertTrue(event["data"]["messages"], event)

        # Each move begins and ends, with its times.
        begun = [e["instance_id"] for e in of["move"] if e["data"].get("begins")]
        ended = [e for e in of["move"] if "seconds" in e["data"]]
        self.assertEqual({w.id for w in self.workers}, set(begun))
        self.assertEqual(sorted(begun), sorted(e["instance_id"] for e in ended))
        for event in ended:
            data = event["data"]
            self.assertEqual("compute-1", data["source"])
            self.assertIn(data["target"], ("compute-2", "compute-3"))
            self.assertLessEqual(data["began_at"], event["at"])

        # So does each attempt of an action.
        attempts = [
            (e["host"], e["data"]["attempt"], e["data"].get("state"))
            for e in of["action"]
            if "attempt" in e["data"]
        ]
        self.assertEqual([("compute-1", 1, None), ("compute-1", 1, "SUCCEEDED")], attempts)
        seconds = of["action"][-1]["data"]["seconds"]
        self.assertGreaterEqual(seconds, 0.2)

        # What happened is still there when the session is not, until it is purged; nothing of a
        # session that exists is.
        purge.older_than(self.cluster.database, -1)
        self.assertEqual(events, self.events(session_id))
        self.request("DELETE", f"/{session_id}")
        self.assertEqual(404, self.request("GET", f"/{session_id}").status_code)
        after = self.events(session_id)
        self.assertEqual(events, after[: len(events)])
        self.assertIn("delete", [e["data"].get("command") for e in after])
        purge.older_than(self.cluster.database, -1)
        self.assertEqual(404, self.request("GET", f"/{session_id}/events").status_code)

    def test_a_failed_try_of_an_action_says_why(self) -> None:
        session_id = self.create(
            hosts=["compute-3"],
            actions=[{"plugin": "dummy", "type": "host", "metadata": {"fail": True}}],
        )
        self.reason(session_id)
        last = [e for e in self.events(session_id) if "result" in e["data"]][-1]
        self.assertEqual(("action", "compute-3"), (last["kind"], last["host"]))
        self.assertIn("told to fail", last["message"])

    def test_engines_show_what_they_work_on(self) -> None:
        self.manager.answer["MAINTENANCE"] = lambda payload: None
        session_id = self.create()
        self.wait_for(lambda: self.manager.events, "the question")
        url = f"{self.cluster.url}/v1/engines"
        (engine,) = self.admin.request(url, "GET").json()["engines"]
        self.assertEqual(self.cluster.engines[0].engine_id, engine["engine_id"])
        self.assertEqual([session_id], engine["sessions"])
        self.assertIn("dummy", engine["actions"])
        self.cluster.engines.pop().stop()
        self.assertEqual([], self.admin.request(url, "GET").json()["engines"])


class ProgressTest(SessionTestCase):
    """What ``detail`` makes of it: how far a session is, and when it will be done."""

    settings = {"workflow": {"max_parallel_hosts": 1}}

    def build(self) -> None:
        self.computes(3)

    def test_percent_never_falls_and_the_end_is_foreseen(self) -> None:
        action = {"plugin": "dummy", "type": "host", "metadata": {"seconds": 1}}
        session_id = self.create(actions=[action])
        seen: list[tuple[int, str | None]] = []

        def at_the_end() -> bool:
            detail = self.detail(session_id)
            seen.append((detail["percent_done"], detail["eta"]))
            return bool(detail["session"]["state"] == "MAINTENANCE_DONE")

        self.wait_for(at_the_end, "the end")
        percents = [percent for percent, _ in seen]
        self.assertEqual((sorted(percents), 100), (percents, percents[-1]))
        self.assertGreater(len(set(percents)), 3)
        first, last = seen[0], seen[-1]
        self.assertEqual((None, None), (first[1], last[1]))
        foreseen = [eta for percent, eta in seen if 33 <= percent < 99 and eta is not None]
        began = min(e.at for e in self.history(session_id))
        self.assertGreater(min(foreseen), timing.wire(began) or "")
