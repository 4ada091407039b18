"""Times on the wire (contract section 1)."""

from __future__ import annotations

import datetime

import testtools

from fenix import timing

MOMENT = datetime.datetime(2026, 1, 31, 23, 30)


class ParseTest(testtools.TestCase):
    """What clients write."""

    def test_forms(self) -> None:
        for text in (
            "2026-01-31 23:30:00",
            "2026-01-31T23:30:00",
            "2026-01-31T23:30:00Z",
            "2026-02-01T01:30:00+02:00",
            "2026-01-31T23:30:00.000000",
            " 2026-01-31 23:30:00 ",
        ):
            self.assertEqual(MOMENT, timing.parse(text), text)

    def test_what_is_no_time(self) -> None:
        for text in ("", "soon", "2026-01-31", "2026-13-01 00:00:00", "1769902200"):
            self.assertRaises(ValueError, timing.parse, text)

    def test_there_and_back(self) -> None:
        self.assertEqual("2026-01-31 23:30:00", timing.wire(MOMENT))
        self.assertEqual(MOMENT, timing.parse(timing.wire(MOMENT) or ""))
        self.assertIsNone(timing.wire(None))


class SteadyTimeTest(testtools.TestCase):
    """A wall clock that is set while time goes on."""

    def setUp(self) -> None:
        super().setUp()
        self.passed, self.offset = 0.0, 1000.0
        self.time = timing.SteadyTime(lambda: self.passed + self.offset, lambda: self.passed)

    def after(self, seconds: float) -> float:
        """What the clock shows in so many seconds, less what it showed at the begin."""
        self.passed += seconds
        return self.time.time() - 1000.0

    def test_it_follows_the_wall_clock(self) -> None:
        self.assertEqual(10.0, self.after(10))
        self.offset += 0.01
        self.assertAlmostEqual(20.01, self.after(10))

    def test_an_hour_forward_expires_nothing(self) -> None:
        self.offset += 3600
        with self.assertLogs("fenix.timing", "WARNING") as logs:
            self.assertEqual(60.0, self.after(40))
        self.assertIn("was set by +3600 s", logs.output[0])
        self.assertEqual(120.0, self.after(40))

    def test_an_hour_back_stops_nothing(self) -> None:
        self.offset -= 3600
        self.assertEqual(60.0, self.after(120))

    def test_it_arrives(self) -> None:
        self.offset += 3600
        for _ in range(1000):
            self.after(10)
        self.assertEqual(self.passed + 3600, self.after(0))

    def test_what_comes_and_goes_leaves_no_trace(self) -> None:
        self.offset += 3600
        self.assertEqual(15.0, self.after(10))
        self.offset -= 3600
        self.after(10)
        self.assertEqual(30.0, self.after(10))
