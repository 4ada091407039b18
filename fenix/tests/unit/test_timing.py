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
