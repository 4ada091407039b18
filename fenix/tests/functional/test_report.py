"""The report that an engine prints on demand."""

from __future__ import annotations

import os
import pathlib
import signal
import time

from fenix.tests.functional.engine_process import PATIENCE, EngineProcessTestCase


class ReportTest(EngineProcessTestCase):
    """On a signal, or when a file is touched."""

    def checked(self, report: str) -> None:
        for text in (
            "Guru Meditation",
            "engine id = ",
            "sessions at work = 0 of 8",
            "senders = bus",
            "fenix/engine/service.py",
            "max_sessions = 20",
        ):
            self.assertIn(text, report)
        self.assertNotIn("swordfish", report)

    def test_a_signal(self) -> None:
        engine = self.start()
        tasks = pathlib.Path(f"/proc/{engine.pid}/task").glob("*/children")
        (worker,) = (int(pid) for task in tasks for pid in task.read_text().split())
        os.kill(worker, signal.SIGUSR2)
        self.checked(self.log_has("max_sessions"))
        os.kill(engine.pid, signal.SIGUSR2)
        self.log_has("the parent, which holds nothing")
        # Both go on: without a handler the signal would have ended them.
        self.assertIsNone(engine.poll())
        engine.terminate()
        self.assertEqual(0, engine.wait(PATIENCE))
        self.log_has(" stopped")

    def test_a_file(self) -> None:
        trigger = self.folder / "trigger"
        trigger.touch(mode=0o644)
        self.start(f"[oslo_reports]\nfile_event_handler = {trigger}\nlog_dir = {self.folder}\n")
        later = time.time() + 5
        os.utime(trigger, (later, later))
        (found,) = self.until(lambda: list(self.folder.glob("fenix-engine_gurumeditation_*")))
        self.until(lambda: "max_sessions" in found.read_text())
        self.checked(found.read_text())
