"""The bounded form of ``tools/chaos``: at least 200 kills, and nothing lost or done twice."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import testtools

from fenix.tests.live import broker, test_databases

_ROOT = pathlib.Path(__file__).parents[3]
_KILLS = 200
_MINUTES = 12
_ENDS_IN = 1500
_ZEROS = (
    "lost replies",
    "double moves",
    "double host actions",
    "double scale requests",
    "group violations",
    "sessions that ended otherwise",
)


class ChaosTest(testtools.TestCase):
    """As processes of their own, with a broker and databases of their own."""

    def test_two_hundred_kills(self) -> None:
        for variable in (
            broker.VARIABLE,
            test_databases.MariaDBTest.variable,
            test_databases.PostgreSQLTest.variable,
        ):
            if not os.environ.get(variable):
                self.skipTest(f"{variable} is not set: the servers cannot be had here")
        paths = [str(_ROOT), str(_ROOT / "tools"), os.environ.get("PYTHONPATH", "")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
        ran = subprocess.run(
            [
                *(sys.executable, "-m", "chaoskit", "--json"),
                *("--kills", str(_KILLS), "--minutes", str(_MINUTES), "--pace", "0.4"),
            ],
            env=environment,
            capture_output=True,
            text=True,
            timeout=_ENDS_IN,
        )
        self.assertEqual(1, ran.stdout.count("\n"), ran.stderr)
        found = json.loads(ran.stdout)
        self.assertEqual(dict.fromkeys(_ZEROS, 0), {n: found[n] for n in _ZEROS}, found["details"])
        self.assertGreaterEqual(found["kills"], _KILLS, ran.stderr)
        self.assertGreaterEqual(found["sessions"], 4)
        # How long a session stands still is a time: it is printed, and tools/chaos holds it
        # against its limit.
        self.assertGreater(found["longest standstill"], 0)
