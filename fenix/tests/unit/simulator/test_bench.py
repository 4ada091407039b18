"""``tools/bench planner``: its parts that need no exact solver, on little."""

import json
import os
import pathlib
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).parents[4]


class TestBench(unittest.TestCase):
    def bench(self, *argv):
        path = os.pathsep.join([str(ROOT), str(ROOT / "tools")])
        ran = subprocess.run(
            [sys.executable, "-m", "benchmarks", "planner", "--json", *argv],
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        figures = json.loads(ran.stdout)["figures"]
        self.assertEqual(0 if all(f["ok"] for f in figures) else 1, ran.returncode, ran.stderr)
        return figures

    def test_random_sessions(self):
        figures = self.bench("--only", "faults", "--sessions", "20", "--first-seed", "1000")
        self.assertIn(
            "random faulted sessions: a group over its limit", [f["name"] for f in figures]
        )
        for figure in figures:
            self.assertEqual((0, 0, True), (figure["value"], figure["limit"], figure["ok"]))

    def test_other_policies(self):
        figures = {f["name"]: f for f in self.bench("--only", "peers", "--clouds", "0")}
        self.assertLess(figures["time / one host at a time"]["value"], 0.2)
        self.assertLess(figures["moves / one host at a time"]["value"], 1.0)
        self.assertTrue(all(f["ok"] for f in figures.values()), figures)
