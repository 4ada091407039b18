"""The report that an engine prints on demand."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import testtools

from fenix.tests.functional.test_commands import run

_ROOT = pathlib.Path(__file__).parents[3]
_PATIENCE = 120.0


class ReportTest(testtools.TestCase):
    """``fenix-engine`` as it is deployed: a parent and a worker."""

    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory(prefix="fenix-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def start(self, more: str = "") -> subprocess.Popen[bytes]:
        config = self.folder / "fenix.conf"
        config.write_text(
            f"[DEFAULT]\nstate_path = {self.folder}\ntransport_url = fake://u:swordfish@/\n"
            f"[service_auth]\nauth_type = password\nauth_url = http://127.0.0.1:1/\n"
            f"password = swordfish\n{more}"
        )
        file = ["--config-file", str(config)]
        made = run("-m", "fenix.cmd.manage", *file, "db", "upgrade")
        self.assertEqual(0, made.returncode, made.stderr)
        with (self.folder / "log").open("wb") as log:
            engine = subprocess.Popen(
                [sys.executable, "-m", "fenix.cmd.engine", *file],
                stdout=log,
                stderr=log,
                cwd=_ROOT,
                env={**os.environ, "PYTHONPATH": str(_ROOT)},
            )
        self.addCleanup(engine.wait)
        self.addCleanup(engine.kill)
        self.log_has(" runs")
        return engine

    def log_has(self, text: str) -> str:
        def said() -> str:
            found = (self.folder / "log").read_text()
            return found if text in found else ""

        return str(self.until(said))

    def until(self, what: Callable[[], Any]) -> Any:
        end = time.monotonic() + _PATIENCE
        while not (found := what()):
            if time.monotonic() > end:
                self.fail((self.folder / "log").read_text())
            time.sleep(0.05)
        return found

    def checked(self, report: str) -> None:
        for text in (
            "Guru Meditation",
            "engine id = ",
            "sessions at work = 0 of 32",
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
        self.assertEqual(0, engine.wait(_PATIENCE))
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
