"""The measurements of ``tools/bench``, on small clouds: they run, whatever they find."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from typing import Any

import testtools

from fenix.tests.live import broker, test_databases

_ROOT = pathlib.Path(__file__).parents[3]
_UNTIL = 600


class ServiceTest(testtools.TestCase):
    """As a process of its own, because the service's own configuration is read there."""

    def setUp(self) -> None:
        super().setUp()
        for variable in (broker.VARIABLE, test_databases.MariaDBTest.variable):
            if not os.environ.get(variable):
                self.skipTest(f"{variable} is not set: 'tools/services up' starts the server")

    def printed(self, *words: str) -> dict[str, Any]:
        """What ``tools/bench`` prints."""
        paths = [str(_ROOT), str(_ROOT / "tools"), os.environ.get("PYTHONPATH", "")]
        ran = subprocess.run(
            [sys.executable, "-m", "benchmarks", *words, "--json", "--short"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
            capture_output=True,
            text=True,
            timeout=_UNTIL,
        )
        self.assertEqual(1, ran.stdout.count("\n"), ran.stderr)
        body: dict[str, Any] = json.loads(ran.stdout)
        return body

    def measured(self, what: str) -> dict[str, float]:
        body = self.printed("service", "--only", what)
        self.assertEqual(["figures"], list(body))
        for figure in body["figures"]:
            self.assertEqual(["name", "value", "limit", "ok"], list(figure))
        return {f["name"]: f["value"] for f in body["figures"]}

    def test_load(self) -> None:
        """Two sessions at once on a cloud with two zones."""
        found = {r["name"]: r for r in self.printed("load")["rows"]}
        self.assertEqual((1, 2), _both(found["sessions"]))
        self.assertEqual((10, 20), _both(found["hosts maintained"]))
        self.assertEqual((40, 80), _both(found["instances on them"]))
        for name in (
            "moves",
            "hosts a minute",
            "reaction to a reply, p99",
            "statements per transition",
            "memory of the largest engine",
            "CPU of cloud and managers",
            "share of Fenix",
        ):
            self.assertGreater(min(_both(found[name])), 0, name)
        shares = [r["at_once"] for name, r in found.items() if name.startswith("share of ")]
        self.assertAlmostEqual(100, sum(shares), delta=5)

    def test_reaction(self) -> None:
        found = self.measured("reaction")
        self.assertEqual({"reaction to a reply, p50", "reaction to a reply, p99"}, set(found))
        self.assertLessEqual(found["reaction to a reply, p50"], found["reaction to a reply, p99"])

    def test_growth(self) -> None:
        found = self.measured("growth")
        self.assertEqual(4, len(found), found)
        self.assertTrue(all(value > 0 for value in found.values()), found)

    def test_reading(self) -> None:
        (value,) = self.measured("reading").values()
        self.assertGreater(value, 0)

    def test_memory(self) -> None:
        # So small a cloud may fit into what the engine has anyway.
        (value,) = self.measured("memory").values()
        self.assertGreaterEqual(value, 0)


def _both(row: dict[str, Any]) -> tuple[float, float]:
    return row["alone"], row["at_once"]
