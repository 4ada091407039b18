"""What differs in a cloud of hundreds of hosts: to see one, not all are listed."""

from __future__ import annotations

from unittest import mock

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
