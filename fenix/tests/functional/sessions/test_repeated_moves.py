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
