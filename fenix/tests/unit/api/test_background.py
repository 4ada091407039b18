"""What may hang is kept away from the thread that must answer."""

from __future__ import annotations

import threading
import unittest

from fenix import exceptions
from fenix.rpc import background


class LimitedTest(unittest.TestCase):
    def test_results_and_errors(self) -> None:
        calls = background.Limited(1)
        for _ in range(3):
            self.assertEqual(7, calls.run(lambda: 7, 5))
            with self.assertRaises(ZeroDivisionError):
                calls.run(lambda: 1 // 0, 5)

    def test_a_call_that_hangs_is_left(self) -> None:
        release = threading.Event()
        self.addCleanup(release.set)
        with self.assertRaises(TimeoutError):
            background.Limited(1).run(release.wait, 0.01)

    def test_more_that_hang_are_refused_until_one_ends(self) -> None:
        calls, release, done = background.Limited(2), threading.Event(), threading.Event()

        def hang() -> None:
            release.wait(5)
            done.set()

        for _ in range(2):
            with self.assertRaises(TimeoutError):
                calls.run(hang, 0.01)
        with self.assertRaises(exceptions.Unavailable) as caught:
            calls.run(hang, 5)
        self.assertIn("too many commands", str(caught.exception))
        release.set()
        done.wait(5)
        for _ in range(500):
            try:
                self.assertEqual(7, calls.run(lambda: 7, 5))
                break
            except exceptions.Unavailable:
                threading.Event().wait(0.01)
        else:
            self.fail("the calls that ended still count")


class HintsTest(unittest.TestCase):
    def test_in_order_and_past_errors(self) -> None:
        sent: list[int] = []
        end = threading.Event()

        def send(number: int) -> None:
            if number == 1:
                raise RuntimeError("the bus is away")
            sent.append(number)
            if number == 3:
                end.set()

        hints = background.Hints(send)
        with self.assertLogs("fenix.rpc.background", "ERROR"):
            for number in range(4):
                hints.put(number)
            self.assertTrue(end.wait(5))
        self.assertEqual([0, 2, 3], sent)

    def test_those_that_pile_up_are_dropped(self) -> None:
        release = threading.Event()
        self.addCleanup(release.set)
        hints = background.Hints(lambda _: release.wait(5))
        for number in range(3000):
            hints.put(number)
