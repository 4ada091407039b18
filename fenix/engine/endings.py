"""Waiting for sessions to end."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator


class Endings:
    """Who waits, in this engine, for which session to be erased."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, list[threading.Event]] = {}

    @contextlib.contextmanager
    def awaited(self, session_id: str) -> Iterator[threading.Event]:
        """An event that is set when the session ends; nothing that happens in the block is missed.

        :param session_id: of a session that another engine may end: then nobody sets the event.
        """
        event = threading.Event()
        with self._lock:
            self._waiting.setdefault(session_id, []).append(event)
        try:
            yield event
        finally:
            with self._lock:
                others = self._waiting[session_id]
                others.remove(event)
                if not others:
                    del self._waiting[session_id]

    def tell(self, session_id: str) -> None:
        """The session has ended, here."""
        with self._lock:
            for event in self._waiting.get(session_id, ()):
                event.set()
