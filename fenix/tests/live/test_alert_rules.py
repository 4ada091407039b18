"""The alert rules, as Prometheus itself reads them."""

from __future__ import annotations

import pathlib
import shutil
import subprocess

import testtools

_RULES = pathlib.Path(__file__).parents[3] / "etc" / "fenix" / "prometheus-alerts.yaml"


class AlertRulesTest(testtools.TestCase):
    """promtool checks syntax, expressions and templates."""

    def test_promtool_takes_them(self) -> None:
        promtool = shutil.which("promtool")
        if promtool is None:
            self.skipTest("promtool is not installed: it is in the Debian package prometheus")
        done = subprocess.run(
            [promtool, "check", "rules", str(_RULES)], capture_output=True, text=True, check=False
        )
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
