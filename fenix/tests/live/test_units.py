"""The units, as systemd itself reads them."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import sys
import tempfile

import testtools

_UNITS = pathlib.Path(__file__).parents[3] / "etc" / "systemd"
_ANALYZE = "systemd-analyze"


class UnitsTest(testtools.TestCase):
    """``systemd-analyze verify`` with the commands of this installation."""

    def setUp(self) -> None:
        super().setUp()
        if shutil.which(_ANALYZE) is None:
            self.skipTest(f"{_ANALYZE} is not installed: it is in the Debian package systemd")

    def said(self, change: tuple[str, str] | None = None) -> str:
        """What systemd finds wrong with all of them."""
        with tempfile.TemporaryDirectory(prefix="fenix-test-") as folder:
            copies = []
            for unit in sorted(_UNITS.glob("*.service")):
                text = unit.read_text().replace("/opt/fenix/bin", f"{sys.prefix}/bin")
                copies.append(pathlib.Path(folder) / unit.name)
                copies[-1].write_text(text.replace(*change) if change else text)
            self.assertEqual(3, len(copies))
            done = subprocess.run(
                [_ANALYZE, "verify", "--man=no", *map(str, copies)],
                capture_output=True,
                text=True,
                check=False,
            )
        return done.stdout + done.stderr

    def test_nothing_is_wrong_with_them(self) -> None:
        self.assertEqual("", self.said())

    def test_it_would_say_so(self) -> None:
        self.assertIn("kill mode", self.said(("KillMode=mixed", "KillMode=sometimes")))
        self.assertIn("not executable", self.said(("/bin/fenix-engine", "/bin/fenix-motor")))
