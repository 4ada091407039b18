"""Several engines: who is there, and what becomes of the sessions of one that is told to end."""

from __future__ import annotations

from typing import Any
from unittest import mock

from fenix.db import claims
from fenix.db import sessions as db_sessions
from fenix.tests.functional.sessions.base import SessionTestCase


class HandoverTest(SessionTestCase):
    """Three engines with a lease so long that nobody would wait for its end."""

    engines = 3
    settings = {"engine": {"lease": 600}}
    _seen = 0

    def build(self) -> None:
        self.computes(3)
        self.instances("worker", {"compute-1": 1, "compute-2": 1})

    def live(self) -> list[dict[str, Any]]:
        answer = self.admin.get(f"{self.cluster.url}/v1/engines")
        found: list[dict[str, Any]] = answer.json()["engines"]
        return found

    def test_engines_that_are_told_to_end_hand_their_sessions_over(self) -> None:
        before = self.live()
        self.assertEqual(3, len({e["engine_id"] for e in before}))
        session_id = self.create(actions=[{"plugin": "dummy", "type": "host"}])
        for engine in self.cluster.engines[:2]:
            self.wait_for(lambda: self.has_moved(session_id), "a step")
            engine.stop()
        self.done(session_id)
        (last,) = self.live()
        self.assertEqual(self.cluster.engines[2].engine_id, last["engine_id"])
        self.assert_cloud_sound()

    def has_moved(self, session_id: str) -> bool:
        revision = db_sessions.get(self.cluster.database, session_id).revision
        moved, self._seen = revision != self._seen, revision
        return moved


class SpreadTest(SessionTestCase):
    """Engines whose pools have one place each."""

    engines = 3
    settings = {"engine": {"pool_size": 1}}

    def build(self) -> None:
        self.computes(3)

    def started(self) -> None:
        self.managers = []

    def test_sessions_that_come_together_are_shared(self) -> None:
        action = {"plugin": "dummy", "type": "host", "metadata": {"seconds": 3}}
        sessions = [self.create(hosts=[h.name], actions=[action]) for h in self.hosts()]
        owners = set()
        for session_id in sessions:
            self.done(session_id)
            begun = [e.data for e in self.history(session_id) if e.kind == "action"]
            owners |= {data["engine"] for data in begun if "engine" in data}
        self.assertGreater(len(owners), 1)
        self.assertLessEqual(owners, {e.engine_id for e in self.cluster.engines})


class KnownTest(SessionTestCase):
    """Three engines that find nothing by themselves while the test runs."""

    engines = 3
    settings = {"engine": {"poll_interval": 60, "lease": 600}}

    def build(self) -> None:
        self.computes(3)
        self.instances("worker", {"compute-1": 2, "compute-2": 1})

    def test_a_session_stays_with_one_engine_and_replies_find_it(self) -> None:
        """An engine that does not know the session would have to read all of it."""
        owners: list[str] = []

        def claim(*arguments: Any) -> Any:
            taken = self.claim(*arguments)
            if taken is not None:
                owners.append(taken.owner)
            return taken

        self.claim = claims.claim
        with mock.patch.object(claims, "claim", claim):
            session_id = self.create(actions=[{"plugin": "dummy", "type": "host"}])
            self.done(session_id)
        self.assertGreater(len(owners), 3)
        self.assertEqual(1, len(set(owners)), owners)
        self.assert_cloud_sound()
