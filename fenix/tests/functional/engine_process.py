"""``fenix-engine`` in a process of its own, without neighbours."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import testtools

from fenix.tests.functional.test_commands import run

_ROOT = pathlib.Path(__file__).parents[3]
PATIENCE = 120.0


class EngineProcessTestCase(testtools.TestCase):
    """As it is deployed: a parent and a worker. Passwords are ``swordfish``."""

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
        end = time.monotonic() + PATIENCE
        while not (found := what()):
            if time.monotonic() > end:
                self.fail((self.folder / "log").read_text())
            time.sleep(0.05)
        return found
