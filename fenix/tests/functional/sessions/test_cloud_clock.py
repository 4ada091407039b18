"""Nova's clock is an hour from that of Fenix."""

from __future__ import annotations

import datetime

from novaclient import client as nova_client

from fenix.emulator import ModelClock
from fenix.tests.functional.sessions.base import SessionTestCase

_HOUR = datetime.timedelta(hours=1)


class AheadTest(SessionTestCase):
    """By Nova's stamps, what was before the session is in its future."""

    shift = _HOUR

    def build(self) -> None:
        clock = self.cloud.clock
        assert isinstance(clock, ModelClock)
        clock.speed, clock.epoch = 1.0, clock.epoch + self.shift
        self.computes(3)
        (self.worker,) = self.instances("worker", {"compute-1": 1})

    def started(self) -> None:
        self.managers = []

    def failed_before(self) -> None:
        """An admin has tried to move the instance, in vain."""
        nova = nova_client.Client("2.87", session=self.admin)
        with self.cloud.faults.during("compute-1", live_migration="error"):
            nova.servers.live_migrate(self.worker.id, "compute-2", "auto")
            self.wait_for(
                lambda: any(m.status == "error" for m in nova.migrations.list()), "it has failed"
            )
            self.wait_for(
                lambda: nova.servers.get(self.worker.id).status == "ACTIVE", "it is at rest"
            )

    def test_old_records_are_not_those_of_the_session(self) -> None:
        self.failed_before()
        action = f"/servers/{self.worker.id}/action"
        # Nova does not take the first call, and shows no trace of it.
        self.cloud.faults.next_calls("POST", action, 500)
        session_id = self.create(hosts=["compute-1"])
        self.done(session_id)
        moves = [e for e in self.history(session_id) if e.kind == "move"]
        self.assertEqual([], [e.message for e in moves if "migration record" in e.message])
        self.assertEqual(1, self.moves(self.worker))
        self.assert_cloud_sound()


class BehindTest(AheadTest):
    """What the session asks for seems to be from before it began."""

    shift = -_HOUR

    def test_a_move_that_fails_is_seen(self) -> None:
        self.cloud.faults.set("compute-1", live_migration="error")
        reason = self.reason(self.create(hosts=["compute-1"]))
        self.assertIn("Nova's migration record says error", reason)
