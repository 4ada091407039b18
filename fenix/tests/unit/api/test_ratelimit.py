"""How often a project may write."""

from __future__ import annotations

import threading
import unittest
from unittest import mock

from fenix import timing
from fenix.api import ratelimit


class Clock(timing.SystemClock):
    """Time that stands still until it is moved."""

    seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds


class WriteLimitTest(unittest.TestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.limit = ratelimit.WriteLimit(6, self.clock)

    def taken(self, project_id: str = "red") -> int:
        """Writes that are taken until one is refused."""
        count = 0
        while True:
            try:
                self.limit.take(project_id)
            except ratelimit.WritesTooOften as error:
                self.error = error
                return count
            count += 1

    def test_a_minute_s_worth_at_once_then_as_they_come_in(self) -> None:
        self.assertEqual(6, self.taken())
        self.assertEqual({"Retry-After": "10"}, self.error.headers)
        self.assertIn("project 'red' has written more than 6 times", str(self.error))
        self.clock.seconds = 9.5
        self.assertEqual(0, self.taken())
        self.assertEqual({"Retry-After": "1"}, self.error.headers)
        self.clock.seconds = 10.5
        self.assertEqual(1, self.taken())
        self.clock.seconds = 10000
        self.assertEqual(6, self.taken())

    def test_projects_do_not_share(self) -> None:
        self.assertEqual((6, 6), (self.taken("red"), self.taken("blue")))

    def test_whoever_waits_as_long_as_told_is_served(self) -> None:
        self.taken()
        for _ in range(20):
            self.clock.seconds += int(self.error.headers["Retry-After"])
            self.assertEqual(1, self.taken())

    def test_no_limit(self) -> None:
        limit = ratelimit.WriteLimit(0, self.clock)
        for _ in range(1000):
            limit.take("red")

    def test_it_forgets_projects_that_are_quiet(self) -> None:
        with mock.patch.object(ratelimit, "_MANY", 3):
            for number in range(50):
                self.limit.take(f"p-{number}")
                self.clock.seconds += 30
            self.assertLessEqual(len(self.limit._left), 4)

    def test_many_at_once(self) -> None:
        limit = ratelimit.WriteLimit(100, self.clock)
        taken: list[int] = []

        def write() -> None:
            for _ in range(50):
                try:
                    limit.take("red")
                except ratelimit.WritesTooOften:
                    continue
                taken.append(1)

        threads = [threading.Thread(target=write) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(100, len(taken))
