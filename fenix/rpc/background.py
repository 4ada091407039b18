"""Calls that may hang, kept away from the thread that must answer.

oslo.messaging waits for a broker without limit before a call's own time limit begins, even with
``retry=0`` (18.3: the listener for replies connects for ever). A request is answered in time
nevertheless, and what is merely a hint never holds one up.
"""

from __future__ import annotations

import concurrent.futures
import logging
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from fenix import exceptions

LOG = logging.getLogger(__name__)

R = TypeVar("R")

_MAX_HINTS = 1000
_TOO_MANY_COMMANDS = (
    "too many commands wait for an engine; check that the message bus and a fenix-engine are up, "
    "then repeat the request"
)


class Limited:
    """Runs calls in threads of their own, so many at the same time at most.

    :param refusal: what is said when as many hang already.
    """

    def __init__(self, at_once: int, refusal: str = _TOO_MANY_COMMANDS) -> None:
        self._slots = threading.Semaphore(at_once)
        self._refusal = refusal

    def run(self, call: Callable[[], R], timeout: float) -> R:
        """The result of ``call``, or its error.

        :param timeout: seconds; a call that takes longer is left to itself.
        :raises TimeoutError: it took longer.
        :raises Unavailable: too many calls hang already.
        """
        if not self._slots.acquire(blocking=False):
            raise exceptions.Unavailable(self._refusal)
        outcome: concurrent.futures.Future[R] = concurrent.futures.Future()

        def work() -> None:
            try:
                outcome.set_result(call())
            except Exception as error:  # noqa: BLE001 - raised again where it is waited for
                outcome.set_exception(error)
            finally:
                self._slots.release()

        threading.Thread(target=work, name="rpc-call", daemon=True).start()
        return outcome.result(timeout)


class Hints:
    """Sends hints one after the other in a thread of its own; those that pile up are dropped."""

    def __init__(self, send: Callable[..., None]) -> None:
        self._send = send
        self._waiting: queue.Queue[tuple[Any, ...]] = queue.Queue(_MAX_HINTS)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def put(self, *arguments: Any) -> None:
        """Send a hint soon; returns at once and never fails."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="rpc-hints", daemon=True)
                self._thread.start()
        try:
            self._waiting.put_nowait(arguments)
        except queue.Full:
            LOG.debug("A hint %s was dropped; an engine's poll will find it.", arguments)

    def _work(self) -> None:
        while True:
            arguments = self._waiting.get()
            try:
                self._send(*arguments)
            except Exception:
                LOG.exception("A hint %s was not sent; an engine's poll will find it.", arguments)
