"""A move is tried again only after a look: Nova may have taken a call that seemed to fail.

keystoneauth repeats a call that timed out, and Nova answers 409 to the repetition of one that it
has taken.
"""

from __future__ import annotations

from fenix.tests.functional.sessions.base import SessionTestCase

_ACTION = r"/servers/[^/]+/action"


class _TakenTest(SessionTestCase):
    action = ""
    settings = {"workflow": {"move_retry_interval": 0.5}}

    def build(self) -> None:
        self.computes(3)
        self.instances("worker", {"compute-1": 1})

    def started(self) -> None:
        self.manage(self.project, actions={"worker": self.action})

    def move(self) -> None:
        self.cloud.faults.next_calls("POST", _ACTION, 409, after=True)
        self.done(self.create(hosts=["compute-1"]))
        self.assertEqual(["compute-1"], [m.source for m in self.cloud.record.moves])
        self.assert_cloud_sound()


class TakenColdMigrationTest(_TakenTest):
    """A cold migration that Nova began, though it said 409."""

    action = "MIGRATE"

    def test_it_is_confirmed_and_not_repeated(self) -> None:
        self.move()


class TakenLiveMigrationTest(_TakenTest):
    """A live migration that Nova began, though it said 409."""

    action = "LIVE_MIGRATE"

    def test_it_is_not_repeated_elsewhere(self) -> None:
        self.move()


class OtherTargetsTest(SessionTestCase):
    """Targets on which a move fails are not tried again while there is another."""

    settings = {"workflow": {"live_migration_retries": 2}}

    def build(self) -> None:
        self.computes(4)
        self.worker = self.instances("worker", {"compute-1": 1})[0]
        for name in ("compute-2", "compute-3"):
            self.cloud.faults.set(name, pre_live_migration="error")

    def started(self) -> None:
        self.manage(self.project, actions={"worker": "LIVE_MIGRATE"})

    def test_each_in_turn(self) -> None:
        self.done(self.create(hosts=["compute-1"]))
        tried = [m.dest for m in self.cloud.record.moves]
        self.assertEqual(["compute-2", "compute-3", "compute-4"], tried)
        self.assertEqual("compute-4", self.worker.host.name)
