"""Several admins command one session at the same moment."""

from __future__ import annotations

import concurrent.futures
import threading
from typing import Any

from fenix.tests.functional.sessions.base import SessionTestCase

_ADMINS = 4


class TwoAdminsTest(SessionTestCase):
    """One is obeyed; the others are told that the session is in another state by now."""

    engines = 2

    def build(self) -> None:
        self.computes(2)
        self.instances("worker", {"compute-1": 1})

    def at_once(self, session_id: str, *bodies: dict[str, Any]) -> list[int]:
        """Send commands at the same moment; the codes of their answers."""
        barrier = threading.Barrier(len(bodies))

        def send(body: dict[str, Any]) -> int:
            barrier.wait()
            answer = self.request("PUT", f"/{session_id}", json=body)
            if answer.status_code == 409:
                self.assertTrue(answer.json()["error"]["message"])
            return int(answer.status_code)

        with concurrent.futures.ThreadPoolExecutor(len(bodies)) as pool:
            return list(pool.map(send, bodies))

    def test_a_failed_session_is_continued_once(self) -> None:
        self.manager.answer["MAINTENANCE"] = lambda _: {"state": "NACK_MAINTENANCE"}
        session_id = self.create(hosts=["compute-1"])
        self.reason(session_id)
        del self.manager.answer["MAINTENANCE"]
        codes = self.at_once(session_id, *[{}] * _ADMINS)
        self.assertEqual([200] + [409] * (_ADMINS - 1), sorted(codes))
        self.done(session_id)
        self.assert_cloud_sound()

    def test_aborts_and_pauses(self) -> None:
        self.manager.answer["MAINTENANCE"] = lambda _: None
        session_id = self.create(hosts=["compute-1"])
        self.wait_for(lambda: self.manager.heard("MAINTENANCE"), "the question")
        bodies = [{"command": c} for c in ("abort", "pause") * (_ADMINS // 2)]
        codes = self.at_once(session_id, *bodies)
        self.assertLessEqual(set(codes), {200, 409})
        self.assertIn(200, codes)
        self.assertIn("aborted", self.reason(session_id))
        self.assertEqual({"enabled"}, {self.service(h.name).status for h in self.hosts()})
        self.assert_cloud_sound()

    def test_each_pause_and_each_resume_is_given_once(self) -> None:
        self.manager.answer["MAINTENANCE"] = lambda _: None
        session_id = self.create(hosts=["compute-1"])
        self.wait_for(lambda: self.manager.heard("MAINTENANCE"), "the question")
        for command in ("pause", "resume"):
            codes = self.at_once(session_id, *[{"command": command}] * _ADMINS)
            self.assertEqual([200] + [409] * (_ADMINS - 1), sorted(codes), command)

    def test_a_host_is_retried_or_skipped(self) -> None:
        action = {"plugin": "dummy", "type": "host", "metadata": {"fail": True}}
        session_id = self.create(hosts=["compute-2"], actions=[action])
        self.reason(session_id)
        both = [{"command": c, "host": "compute-2"} for c in ("retry_host", "skip_host")]
        self.assertEqual([200, 409], sorted(self.at_once(session_id, *both)))
