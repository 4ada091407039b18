"""What differs in a large cloud: to see one host, not all are listed; a listing is used again."""

from __future__ import annotations

import time
from unittest import mock

from fenix.cloud import base
from fenix.tests.functional.sessions.base import SessionTestCase
from fenix.workflow import upkeep


class SingleLooksTest(SessionTestCase):
    """As if a listing took as long as a look at two hosts."""

    def build(self) -> None:
        self.computes(6)
        self.instances("worker", {f"compute-{n}": 2 for n in range(1, 6)})

    def setUp(self) -> None:
        self.enterContext(mock.patch.object(upkeep, "_LISTED_AS_FAST", 3))
        super().setUp()

    def test_a_session_and_an_abort(self) -> None:
        session_id = self.create(actions=[{"plugin": "dummy", "type": "host"}])
        detail = self.done(session_id)
        self.assertEqual([True] * 6, [h["maintained"] for h in detail["hosts"]])
        self.assertEqual({"enabled"}, {self.service(h.name).status for h in self.hosts()})
        self.assert_cloud_sound()
        self.request("DELETE", f"/{session_id}")

        session_id = self.create(actions=[{"plugin": "dummy", "type": "host"}])
        self.wait_state(session_id, "PLANNED_MAINTENANCE")
        self.command(session_id, "abort")
        self.assertIn("aborted", self.reason(session_id))
        self.assertEqual({"enabled"}, {self.service(h.name).status for h in self.hosts()})


class SharedListingsTest(SingleLooksTest):
    """As if hosts and instances did not fit into one page: a listing serves for three seconds."""

    def setUp(self) -> None:
        self.enterContext(mock.patch.object(base, "LARGE", 2))
        super().setUp()

    def test_a_host_that_is_down_after_its_action(self) -> None:
        """That it was up in a listing of before means nothing."""
        action = {"plugin": "dummy", "type": "host", "metadata": {"seconds": 1}}
        session_id = self.create(hosts=["compute-2"], actions=[action])
        self.wait_for(lambda: self.phase(session_id) == "maintaining", "its action runs")
        service = self.service("compute-2")
        service.forced_down = True
        self.wait_for(lambda: self.phase(session_id) == "returning", "its action is done")
        time.sleep(1.0)
        self.assertEqual(("returning", "disabled"), (self.phase(session_id), service.status))
        service.forced_down = False
        self.done(session_id)
        self.assertEqual("enabled", service.status)

    def phase(self, session_id: str) -> str:
        hosts = self.detail(session_id)["hosts"]
        return next(h["phase"] for h in hosts if h["hostname"] == "compute-2")
