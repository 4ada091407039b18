"""The manager of the manual's page, with a session that asks it everything there is to ask."""

from __future__ import annotations

import collections
import http.server
import importlib.util
import pathlib
import sys
import threading
from typing import Any

import openstack.connection
import requests

from fenix import client
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

    def example(self, name: str) -> Any:
        """A file beside the manual, as a module; one may import another."""
        spec = importlib.util.spec_from_file_location(name, _EXAMPLE.with_name(f"{name}.py"))
        assert spec is not None
        assert spec.loader is not None
        found: Any = importlib.util.module_from_spec(spec)
        sys.modules[name] = found
        self.addCleanup(sys.modules.pop, name, None)
        spec.loader.exec_module(found)
        return found

    def started(self) -> None:
        """The example instead of the sample."""
        self.session = self.cluster.session_of(self.user, self.project)
        connection = openstack.connection.Connection(session=self.session, compute_api_version="2")
        self.addCleanup(connection.close)
        self.subscribe(self.serve(self.example("manager").webhook(connection)))

    def serve(self, handler: Any) -> str:
        """The URL at which a manager listens."""
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        self.addCleanup(serving.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_port}/"

    def subscribe(self, url: str) -> None:
        """As the page shows it."""
        alarm = {
            "name": "fenix",
            "type": "event",
            "event_rule": {"event_type": "maintenance.planned"},
            "repeat_actions": True,
            "alarm_actions": [url],
        }
        self.session.post("/v2/alarms", json=alarm, endpoint_filter={"service_type": "alarming"})

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


class SignedManagerTest(ManagerTest):
    """The same without Aodh: it is called by Fenix itself, and believes signed calls alone."""

    settings = {"webhook": {"allow_http": True, "allowed_networks": "127.0.0.0/8"}}
    secret = "correct horse battery staple"

    def build(self) -> None:
        self.cloud.not_deployed.add("alarming")
        super().build()

    def serve(self, handler: Any) -> str:
        return super().serve(self.example("signed_manager").signed(handler, self.secret))

    def subscribe(self, url: str) -> None:
        fenix = client.Client(self.session)
        kept = fenix.subscriptions.put(self.project.id, url, self.secret)
        self.assertEqual(kept, fenix.subscriptions.get(self.project.id))
        self.url_of_manager = url

    def test_unsigned_calls(self) -> None:
        for headers in ({}, {client.SIGNATURE_HEADER: "t=1,v1=" + "0" * 64}):
            answer = requests.post(self.url_of_manager, json={}, headers=headers, timeout=60)
            self.assertEqual(403, answer.status_code)
