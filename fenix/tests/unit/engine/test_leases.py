"""What an engine believes to hold after it has renewed its leases."""

from __future__ import annotations

import datetime
from unittest import mock

import testtools

from fenix import exceptions
from fenix.db import claims, records
from fenix.engine.leases import Leases

_LEASE = 10.0


class _Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def now(self) -> datetime.datetime:
        return datetime.datetime(2026, 1, 1) + datetime.timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


class RenewTest(testtools.TestCase):
    """Of three sessions one is renewed, one is being written to, and one has been taken over."""

    def setUp(self) -> None:
        super().setUp()
        self.clock = _Clock()
        self.leases = Leases(mock.Mock(), "engine", self.clock, _LEASE)
        taken = mock.Mock(spec=records.Session)
        self.enterContext(mock.patch.object(claims, "claim", return_value=taken))
        self.renew = self.enterContext(mock.patch.object(claims, "renew"))
        self.held = self.enterContext(mock.patch.object(claims, "held"))
        for name in ("free", "written", "lost"):
            self.leases.take(name)

    def holds(self, name: str) -> bool:
        try:
            self.leases.check(name)
        except exceptions.LostLease:
            return False
        return True

    def test_each_holds_as_long_as_the_database_says(self) -> None:
        self.clock.seconds += 4
        self.renew.return_value, self.held.return_value = {"free"}, {"free", "written"}
        self.leases.renew()
        self.assertEqual(
            (True, True, False), (self.holds("free"), self.holds("written"), self.holds("lost"))
        )
        # From when it was claimed, and not a moment longer.
        self.clock.seconds += 6
        self.assertEqual((True, False), (self.holds("free"), self.holds("written")))
        self.clock.seconds += 4
        self.assertFalse(self.holds("free"))

    def test_one_that_is_being_written_to_has_its_turn_next_time(self) -> None:
        self.clock.seconds += 4
        self.renew.return_value, self.held.return_value = {"free"}, {"free", "written", "lost"}
        self.leases.renew()
        self.clock.seconds += 4
        self.renew.return_value = {"free", "written", "lost"}
        self.leases.renew()
        self.assertEqual(["free", "lost", "written"], sorted(self.renew.call_args.args[1]))
        self.clock.seconds += 9
        self.assertTrue(all(map(self.holds, ("free", "written", "lost"))))
