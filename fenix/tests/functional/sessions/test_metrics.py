"""What monitoring sees of a session."""

from __future__ import annotations

import os
import pathlib
import socket
import urllib.request
from typing import Any

from prometheus_client import parser

from fenix.tests.functional.sessions.base import SessionTestCase

_RECORDED = pathlib.Path(__file__).parents[4] / "doc" / "source" / "scrape.txt"


def _kinds(text: str) -> set[tuple[str, str, tuple[str, ...]]]:
    """Names, types and names of labels of what a scrape has."""
    return {
        (family.name, family.type, tuple(sample.labels))
        for family in parser.text_string_to_metric_families(text)
        for sample in family.samples
    }


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class MetricsTest(SessionTestCase):
    """A session is scraped while it waits for a project, and after its end."""

    def setUp(self) -> None:
        self.port = _free_port()
        self.settings = {"metrics": {"port": self.port, "max_age": 0}}
        super().setUp()

    def text(self) -> str:
        """What the engine serves."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as answer:
            return str(answer.read().decode())

    def scrape(self) -> dict[tuple[str, ...], float]:
        """Values by name and label values."""
        text = self.text()
        return {
            (sample.name, *sample.labels.values()): sample.value
            for family in parser.text_string_to_metric_families(text)
            for sample in family.samples
        }

    def test_a_session_from_question_to_end(self) -> None:
        self.manager.answer["MAINTENANCE"] = lambda _payload: None
        session_id = self.create(actions=[{"plugin": "dummy", "type": "host"}])
        self.wait_for(lambda: self.manager.heard("MAINTENANCE"), "the question")
        asked: dict[Any, float] = self.scrape()
        self.assertEqual(1, asked["fenix_sessions", "MAINTENANCE"])
        self.assertEqual(0, asked["fenix_session_percent_done", session_id])
        self.assertEqual(3, asked["fenix_hosts", "pending"])
        self.assertEqual(1, asked[("fenix_project_waits",)])
        self.assertEqual(0, asked[("fenix_project_waits_overdue",)])
        self.assertEqual(1, asked[("fenix_engines",)])
        self.assertEqual(0, asked[("fenix_reaction_seconds_count",)])

        payload = self.manager.heard("MAINTENANCE")[0]
        self.manager.reply(payload, {"state": "ACK_MAINTENANCE"})
        self.done(session_id)
        ended = self.scrape()
        self.assertEqual(1, ended["fenix_sessions", "MAINTENANCE_DONE"])
        self.assertNotIn(("fenix_sessions", "MAINTENANCE"), ended)
        self.assertEqual(0, ended[("fenix_project_waits",)])
        answered = len([e for e in self.manager.events if e["state"] != "INSTANCE_ACTION_DONE"])
        self.assertEqual(answered, ended[("fenix_reaction_seconds_count",)])
        moved = sum(v for k, v in ended.items() if k[0] == "fenix_move_seconds_count")
        self.assertEqual(len([m for m in self.cloud.record.moves if m.done]), moved)
        self.assertEqual(1, ended["fenix_session_transitions_total", "MAINTENANCE_DONE"])
        self.assertEqual(1, ended[("fenix_database_up",)])

    def test_the_manual_shows_what_is_served(self) -> None:
        """A project is asked about a host while another's instances have moved already.

        With FENIX_RECORD set, what is scraped becomes the manual's.
        """
        self.manager.answer["MAINTENANCE_COMPLETE"] = lambda _payload: None
        session_id = self.create(actions=[{"plugin": "dummy", "type": "host"}])
        self.wait_for(lambda: self.manager.heard("MAINTENANCE_COMPLETE"), "the last question")
        text = self.text()
        if os.environ.get("FENIX_RECORD"):
            _RECORDED.write_text(text)
        self.assertEqual(_kinds(text), _kinds(_RECORDED.read_text()))
        self.manager.reply(
            self.manager.heard("MAINTENANCE_COMPLETE")[0], {"state": "ACK_MAINTENANCE_COMPLETE"}
        )
        self.done(session_id)

    def test_a_failure_is_counted(self) -> None:
        self.manager.answer["MAINTENANCE"] = lambda _payload: {"state": "NACK_MAINTENANCE"}
        session_id = self.create()
        self.assertIn("NACK_MAINTENANCE", self.reason(session_id))
        self.assertEqual(1, self.scrape()["fenix_session_failures_total", "MAINTENANCE"])
