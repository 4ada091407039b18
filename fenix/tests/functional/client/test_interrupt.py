"""The live view on a terminal, and who interrupts it."""

from __future__ import annotations

import os
import pathlib
import pty
import signal
import subprocess
import sys
import threading

from fenix.tests.functional.client import base
from fenix.tests.functional.sessions.test_faults import silence


class InterruptTest(base.CommandLineTestCase):
    """Exit code 130, no trace; the session goes on."""

    settings = {
        "api": {"auth_strategy": "noauth"},
        # Starting a process takes its time on a busy machine.
        "workflow": {"project_maintenance_reply": 900},
    }

    def setUp(self) -> None:
        super().setUp()
        self.manager.answer["MAINTENANCE"] = silence
        self.said = b""
        # Where tests are run in the background of a script it is ignored, and so in commands.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)

    def begin(self, *argv: str, terminal: int | None = None) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-W", "ignore", "-m", "openstackclient.shell"]
        more = {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"}
        process = subprocess.Popen(
            [*command, *self.options(), "maintenance", *argv],
            stdout=subprocess.PIPE if terminal is None else terminal,
            stderr=subprocess.PIPE,
            env={**base._environment(more), "COLUMNS": "100", "PYTHONPATH": str(base._ROOT)},
        )
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def interrupted(self, process: subprocess.Popen[bytes]) -> str:
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=120)
        self.assertEqual(130, process.returncode, err)
        self.assertNotIn(b"Traceback", err + self.said)
        return err.decode()

    def goes_on(self, session_id: str) -> None:
        self.worked("reply", session_id, "ACK_MAINTENANCE", "--project", self.project.id)
        self.done(session_id)

    def test_the_live_view(self) -> None:
        session_id = self.create(hosts=["compute-1"])
        self.wait_for(lambda: self.manager.heard("MAINTENANCE"), "the question")
        ours, its = pty.openpty()
        path = pathlib.Path(self.cluster.conf.state_path) / "screen.svg"
        watching = self.begin(
            *("session", "watch", session_id, "--interval", "1", "--screen", str(path)),
            terminal=its,
        )
        os.close(its)
        reader = threading.Thread(target=self.read, args=(ours,))
        reader.start()
        asked = f"{self.project.id}  ".encode()
        self.wait_for(lambda: asked in self.said and path.exists(), "the picture", 300)
        self.interrupted(watching)
        reader.join(60)
        os.close(ours)
        # The other screen was entered and left; the last picture stays on the one before.
        self.assertLess(self.said.index(b"\x1b[?1049h"), self.said.index(b"\x1b[?1049l"))
        self.assertIn(asked, self.said.partition(b"\x1b[?1049l")[2])
        self.assertIn("is&#160;asked&#160;MAINTENANCE", path.read_text())
        self.goes_on(session_id)

    def read(self, ours: int) -> None:
        """What the terminal gets, until nobody writes to it any more."""
        try:
            while part := os.read(ours, 65536):
                self.said += part
        except OSError:
            return  # Linux says so when the other side is closed.

    def test_waiting(self) -> None:
        waiting = self.begin("session", "create", "--host", "compute-1", "--wait")
        self.wait_for(lambda: self.manager.heard("MAINTENANCE"), "the question", 300)
        assert waiting.stderr is not None
        # Its first line names the session.
        session_id = waiting.stderr.readline().decode().split()[1]
        self.interrupted(waiting)
        self.goes_on(session_id)
