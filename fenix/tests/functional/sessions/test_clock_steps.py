"""The machine's clock is set by an hour in the middle of a session."""

from __future__ import annotations

import time
from typing import Any
from unittest import mock

from fenix import timing
from fenix.tests.functional.sessions.base import SessionTestCase


class ClockStepsTest(SessionTestCase):
    """API and two engines share the machine."""

    engines = 2
    offset = 0.0

    def setUp(self) -> None:
        process = timing.SteadyTime(lambda: time.time() + self.offset, time.monotonic)
        patch = mock.patch.object(timing, "_PROCESS", process)
        patch.start()
        self.addCleanup(patch.stop)
        super().setUp()

    def stepped(self, seconds: float) -> None:
        """A session whose project is asked before the step, and answers after it."""
        self.manager.answer["MAINTENANCE"] = lambda _payload: None
        session_id = self.create(actions=[{"plugin": "dummy", "type": "host"}])
        self.wait_for(lambda: self.manager.heard("MAINTENANCE"), "the question")
        self.offset += seconds
        # Long enough for every engine to have looked, and to have renewed its leases.
        time.sleep(4)
        self.assertEqual("MAINTENANCE", self.detail(session_id)["session"]["state"])
        begun = time.monotonic()
        self.manager.reply(self.manager.heard("MAINTENANCE")[0], {"state": "ACK_MAINTENANCE"})
        detail: dict[str, Any] = self.done(session_id)
        self.assertLess(time.monotonic() - begun, 60)
        self.assertEqual([True] * 3, [h["maintained"] for h in detail["hosts"]])
        self.assertEqual(1, len(self.manager.heard("MAINTENANCE")))
        self.assertEqual([], [e for e in self.history(session_id) if e.kind == "silence"])
        self.assert_cloud_sound()

    def test_an_hour_forward(self) -> None:
        self.stepped(3600)

    def test_an_hour_back(self) -> None:
        self.stepped(-3600)
