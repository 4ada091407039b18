"""The manager of the manual's page, with a session that asks it everything there is to ask."""

from __future__ import annotations

import collections
import http.server
import importlib.util
import pathlib
import threading
from typing import Any

import openstack.connection

from fenix.emulator import image
from fenix.tests.functional.sessions.base import SessionTestCase

_EXAMPLE = pathlib.Path(__file__).parents[4] / "doc" / "examples" / "manager.py"
_LINES = 40


class ManagerTest(SessionTestCase):
    """A full cloud: the manager scales in, agrees to moves, and scales out."""

    def setUp(self) -> None:
        if not _EXAMPLE.exists():
            self.skipTest("the manual is not there: tests run from an installed package")
        super().setUp()

    def build(self) -> None:
        self.computes(3, vcpus=2)
        everywhere = {"compute-1": 1, "compute-2": 1, "compute-3": 1}
        for server in self.instances("worker", everywhere) + self.instances("base", everywhere):
            server.image_id = image.IMAGE["id"]

    def started(self) -> None:
        """The example instead of the sample."""
        spec = importlib.util.spec_from_file_location("manager", _EXAMPLE)
        assert spec is not None
        assert spec.loader is not None
        example: Any = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(example)
        session = self.cluster.session_of(self.user, self.project)
        connection = openstack.connection.Connection(session=session, compute_api_version="2")
        self.addCleanup(connection.close)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), example.webhook(connection))
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        self.addCleanup(serving.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        alarm = {
            "name": "fenix",
            "type": "event",
            "event_rule": {"event_type": "maintenance.planned"},
            "repeat_actions": True,
            "alarm_actions": [f"http://127.0.0.1:{server.server_port}/"],
        }
        session.post("/v2/alarms", json=alarm, endpoint_filter={"service_type": "alarming"})

    def test_everything_that_is_asked(self) -> None:
        session_id = self.create()
        detail = self.done(session_id)
        self.assertEqual([True, True, True], [h["maintained"] for h in detail["hosts"]])
        # It came back to the size that it had.
        self.wait_for(lambda: len(self.cloud.servers) == 6, "scaling out")
        names = collections.Counter(s.name for s in self.cloud.servers)
        self.assertEqual({1}, set(names.values()))
        deleted = [i for i in detail["instances"] if i["gone"]]
        self.assertEqual({"worker"}, {i["instance_name"].split("-")[0] for i in deleted})
        self.assertTrue(deleted)
        kinds = {m.kind for m in self.cloud.record.moves} & {"live", "cold"}
        self.assertEqual({"live"}, kinds)
        self.assert_cloud_sound()

    def test_its_length(self) -> None:
        self.assertLessEqual(len(_EXAMPLE.read_text().splitlines()), _LINES)
