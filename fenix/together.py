"""Reads that threads make together.

Fifty sessions that look at the same cloud would each list all of it. Here whoever wants a listing
waits for the next one that begins, and shares it with everybody who came in time. So nobody sees
anything older than if he had asked himself, and one listing is made at a time.
"""

from __future__ import annotations

import concurrent.futures
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

A = TypeVar("A")
R = TypeVar("R")


class _Batch(Generic[A, R]):
    def __init__(self, argument: A) -> None:
        self.argument = argument
        self.answer: concurrent.futures.Future[R] = concurrent.futures.Future()


class Together(Generic[A, R]):
    """A read that is made once for all who wait for it.

    :param read: makes it; what it raises, everybody gets.
    :param join: the argument that serves two callers.
    """

    def __init__(self, read: Callable[[A], R], join: Callable[[A, A], A]) -> None:
        self._read, self._join = read, join
        self._next: _Batch[A, R] | None = None
        self._lock = threading.Lock()
        self._turn = threading.Lock()

    def __call__(self, argument: A) -> R:
        """The answer of a read that began after this call."""
        with self._lock:
            batch, leads = self._next, self._next is None
            if batch is None:
                batch = self._next = _Batch(argument)
            else:
                batch.argument = self._join(batch.argument, argument)
        if leads:
            self._lead(batch)
        return batch.answer.result()

    def _lead(self, batch: _Batch[A, R]) -> None:
        with self._turn:
            with self._lock:
                self._next = None
            try:
                batch.answer.set_result(self._read(batch.argument))
            except BaseException as error:  # noqa: BLE001 - raised again in all who wait
                batch.answer.set_exception(error)


class Shared(Generic[R]):
    """A read without arguments, made once for all who wait for it."""

    def __init__(self, read: Callable[[], R]) -> None:
        self._together = Together[None, R](lambda _: read(), lambda one, _: one)

    def __call__(self) -> R:
        """The answer of a read that began after this call; leave it as it is."""
        return self._together(None)
