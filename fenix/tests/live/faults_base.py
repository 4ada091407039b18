"""A deployment of real processes beside neighbours that a test may take away."""

from __future__ import annotations

import collections
import os
import pathlib
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any, ClassVar

import testtools

from fenix.tests.live.neighbours import Private

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "tools"))
from benchmarks.service import clouds
from benchmarks.service.deployment import Deployment
from benchmarks.service.managers import Managers

#: Seconds for which a neighbour is away. FENIX_TEST_OUTAGE=60 is the long form.
OUTAGE = float(os.environ.get("FENIX_TEST_OUTAGE", "6"))
PATIENCE = 120.0


class FaultsTestCase(testtools.TestCase):
    """API and engine as processes, on a broker and a database of the test's own."""

    database: ClassVar[str] = "mysql"
    settings: ClassVar[dict[str, dict[str, Any]]] = {}
    begun_at = 0

    def setUp(self) -> None:
        super().setUp()
        self.neighbours = Private(self, "rabbit", self.database)
        folder = tempfile.TemporaryDirectory(prefix="fenix-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        settings: dict[str, dict[str, Any]] = {
            "engine": {"lease": 3, "poll_interval": 0.5, "cloud_poll_interval": 0.2},
            "api": {"rpc_timeout": 5},
            "workflow": {"project_maintenance_reply": 300},
            "notifications": {"retry_interval": 0.2},
        }
        for section, options in self.settings.items():
            settings[section] = {**settings.get(section, {}), **options}
        self.scene = clouds.used(5, vcpus=5, speed=10.0)
        self.fenix = Deployment(
            self.scene,
            self.neighbours,
            self.neighbours.url(self.database),
            self.folder,
            settings,
            Managers(patience=PATIENCE),
        )
        self.addCleanup(self.fenix.__exit__)
        self.fenix.__enter__()

    def create(self) -> str:
        """Start a session over every compute."""
        self.begun_at = len(self.scene.cloud.record.moves)
        action = {"plugin": "dummy", "type": "host", "metadata": {"seconds": 0.5}}
        session_id: str = self.fenix.create(self.scene.computes, actions=[action])
        return session_id

    def call(self, method: str, path: str = "", **more: Any) -> Any:
        """What the API answers an admin."""
        url = f"{self.fenix.url}/v1/maintenance{path}"
        return self.fenix.admin.request(url, method, raise_exc=False, **more)

    def wait_for(self, what: Callable[[], Any], why: str) -> Any:
        """Wait until something is true."""
        until = time.monotonic() + PATIENCE
        while not (found := what()):
            if time.monotonic() > until:
                self.fail(f"not within {PATIENCE:g} s: {why}")
            time.sleep(0.05)
        return found

    def unavailable(self, answer: Any, *words: str) -> None:
        """An answer is 503, and says why."""
        self.assertEqual(503, answer.status_code, answer.text)
        message = answer.json()["error"]["message"]
        for word in words:
            self.assertIn(word, message)

    def moved(self) -> int:
        """Moves that ended well so far."""
        with self.scene.cloud.at_rest():
            return sum(m.done for m in self.scene.cloud.record.moves)

    def sound(self) -> None:
        """Everything is as an undisturbed session leaves it; nothing was done twice."""
        cloud = self.scene.cloud
        self.assertEqual([], list(cloud.record.violations))
        for name in self.scene.computes:
            self.assertEqual("enabled", cloud.host(name).compute.status)
        done = [m.server_id for m in cloud.record.moves[self.begun_at :] if m.done]
        self.assertLessEqual(max(collections.Counter(done).values()), 2)
