"""Structured logs: which request, and which session, a line is about."""

from __future__ import annotations

import json
import logging
from typing import Any

from oslo_log import formatters

from fenix.tests.functional.sessions.base import SessionTestCase


class _Lines(logging.Handler):
    """Keeps every line as oslo.log's JSON formatter writes it."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(formatters.JSONFormatter())
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        # Formatted in the thread that logs, whose context counts.
        self.lines.append(json.loads(self.format(record)))


class LogsTest(SessionTestCase):
    """The line of a session through API and engine."""

    def started(self) -> None:
        super().started()
        self.handler = _Lines()
        logger = logging.getLogger("fenix")
        before = logger.level
        logger.setLevel(logging.INFO)
        logger.addHandler(self.handler)
        self.addCleanup(logger.removeHandler, self.handler)
        self.addCleanup(logger.setLevel, before)

    def context(self, logger: str, text: str) -> list[dict[str, Any]]:
        """Contexts of the lines of a module that say something."""
        return [
            line["context"]
            for line in self.handler.lines
            if line["name"] == logger and text in line["message"]
        ]

    def test_every_line_of_a_session_says_so(self) -> None:
        answer = self.request("POST", json={"actions": [{"plugin": "dummy", "type": "host"}]})
        session_id = answer.json()["session_id"]
        request_id = answer.headers["X-OpenStack-Request-ID"]
        self.done(session_id)
        self.request("DELETE", f"/{session_id}")
        other = self.request("GET", "/no-session").headers["X-OpenStack-Request-ID"]
        self.handler.acquire()

        moved = self.context("fenix.engine.runner", " -> ")
        self.assertGreaterEqual(len(moved), 3)
        self.assertEqual({session_id}, {c["session_id"] for c in moved})
        # The request that created the session is the one that causes what it does.
        self.assertEqual({request_id}, {c["request_id"] for c in moved})
        (created,) = self.context("fenix.engine.commands", "is created")
        self.assertEqual((request_id, session_id), (created["request_id"], created["session_id"]))
        (posted,) = self.context("fenix.api.requestlog", '"POST ')
        self.assertEqual((request_id, None), (posted["request_id"], posted["session_id"]))
        (deleted,) = self.context("fenix.api.requestlog", '"DELETE ')
        self.assertEqual(session_id, deleted["session_id"])
        (unknown,) = self.context("fenix.api.requestlog", "no-session")
        self.assertEqual((other, None), (unknown["request_id"], unknown["session_id"]))
        for line in self.handler.lines:
            if line["name"].startswith("fenix.engine") and session_id in line["message"]:
                self.assertEqual(session_id, line["context"].get("session_id"), line)

    def test_text(self) -> None:
        conf = self.cluster.conf
        texts: list[str] = []
        handler = logging.Handler()
        handler.setFormatter(formatters.ContextFormatter(project="fenix", config=conf))
        handler.emit = lambda record: texts.append(handler.format(record))  # type: ignore[method-assign]
        logger = logging.getLogger("fenix")
        logger.addHandler(handler)
        self.addCleanup(logger.removeHandler, handler)
        session_id = self.create()
        self.done(session_id)
        moved = [t for t in texts if "fenix.engine.runner" in t and " -> " in t]
        self.assertNotEqual([], moved)
        for line in moved:
            self.assertIn(f"[session: {session_id}] ", line)
            self.assertIn(" [None req-", line)
