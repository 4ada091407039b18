"""Listings that sessions make together."""

from __future__ import annotations

import threading
from typing import Any

import testtools

from fenix.together import Shared, Together


class TogetherTest(testtools.TestCase):
    """A read that lasts as long as the test wants."""

    def setUp(self) -> None:
        super().setUp()
        self.asked: list[Any] = []
        self.begun, self.go = threading.Semaphore(0), threading.Semaphore(0)
        self.error: Exception | None = None
        self.addCleanup(lambda: [self.go.release() for _ in range(9)])

    def read(self, argument: int) -> list[int]:
        self.asked.append(argument)
        self.begun.release()
        self.assertTrue(self.go.acquire(timeout=60))
        if self.error is not None:
            raise self.error
        return [argument]

    def call(self, together: Together[int, list[int]], argument: int) -> Any:
        found: list[Any] = []

        def work() -> None:
            try:
                found.append(together(argument))
            except ValueError as error:
                found.append(error)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()

        def result() -> Any:
            thread.join(60)
            return found[0]

        return result

    def waiting(self, together: Together[int, list[int]], argument: int) -> None:
        """Until the next read has taken in this argument."""
        until = threading.Event()
        for _ in range(6000):
            batch = together._next
            if batch is not None and batch.argument == argument:
                return
            until.wait(0.01)
        self.fail(f"nobody waits with {argument}")

    def test_who_comes_while_one_runs_shares_the_next(self) -> None:
        together = Together(self.read, min)
        first = self.call(together, 5)
        self.assertTrue(self.begun.acquire(timeout=60))
        second = self.call(together, 7)
        self.waiting(together, 7)
        third = self.call(together, 6)
        self.waiting(together, 6)
        self.go.release()
        self.assertEqual([5], first())
        self.go.release()
        self.assertEqual(([6], [6]), (second(), third()))
        self.assertEqual([5, 6], self.asked)

    def test_an_error_is_everybody_s_and_passes(self) -> None:
        together = Together(self.read, min)
        self.error = ValueError("away")
        first = self.call(together, 1)
        self.assertTrue(self.begun.acquire(timeout=60))
        second = self.call(together, 2)
        self.waiting(together, 2)
        self.go.release()
        self.go.release()
        self.assertEqual(["away", "away"], [str(first()), str(second())])
        self.error = None
        self.go.release()
        self.assertEqual([3], together(3))

    def test_one_after_the_other_each_reads(self) -> None:
        numbers = iter(range(9))
        shared = Shared(lambda: next(numbers))
        self.assertEqual([0, 1, 2], [shared() for _ in range(3)])
