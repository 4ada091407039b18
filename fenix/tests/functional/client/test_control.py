"""What an administrator orders a session to do."""

from __future__ import annotations

from fenix.tests.functional.client.base import CommandLineTestCase
from fenix.tests.functional.sessions.test_faults import silence

_SLOW = '{"type": "host", "plugin": "dummy", "metadata": {"seconds": 2}}'
_FAILS = '{"type": "host", "plugin": "dummy", "metadata": {"fail": true}}'


class ControlTest(CommandLineTestCase):
    """Pause, resume, abort, continue; one host."""

    def created(self, *argv: str) -> str:
        made = self.worked("session", "create", *argv, "-f", "value", "-c", "session_id")
        return made.out.strip()

    def test_pause_and_resume(self) -> None:
        self.manager.answer["PLANNED_MAINTENANCE"] = silence
        session_id = self.created("--host", "compute-1", "--action", _SLOW)
        self.wait_for(lambda: self.manager.heard("PLANNED_MAINTENANCE"), "the question")
        paused = self.worked("session", "pause", session_id, "-f", "json").json()
        self.assertEqual(session_id, paused["session_id"])
        self.assertTrue(self.worked("session", "show", session_id, "-f", "json").json()["paused"])
        self.assertIn("paused", self.refused("session", "continue", session_id))
        self.worked(*("reply", session_id, "ACK_PLANNED_MAINTENANCE", "--project", self.project.id))
        resumed = self.worked(
            "session", "resume", session_id, "--wait", "--interval", "1", "-f", "json"
        ).json()
        self.assertEqual(("MAINTENANCE_DONE", 100), (resumed["state"], resumed["percent_done"]))

    def test_abort_and_continue(self) -> None:
        self.manager.answer["MAINTENANCE"] = silence
        session_id = self.created("--host", "compute-1")
        aborted = self.worked(
            "session", "abort", session_id, "--wait", "--interval", "1", "-f", "json"
        ).json()
        self.assertEqual("MAINTENANCE_FAILED", aborted["state"])
        self.assertIn("aborted", aborted["reason"])
        self.manager.answer.clear()
        self.worked("session", "continue", session_id, "--wait", "--interval", "1")
        self.assertIn("--state", self.refused("session", "continue", session_id, "--state", "a"))

    def test_a_host_that_failed(self) -> None:
        session_id = self.created("--host", "compute-1", "--action", _FAILS)
        self.wait_state(session_id, "MAINTENANCE_FAILED")
        said = self.refused("host", "retry", session_id, "compute-2")
        self.assertIn("compute-2", said)
        self.worked("host", "skip", session_id, "compute-1", "--wait", "--interval", "1")
        (host,) = self.worked("host", "list", session_id, "-f", "json").json()
        self.assertEqual(("skipped", False), (host["Phase"], host["Maintained"]))
