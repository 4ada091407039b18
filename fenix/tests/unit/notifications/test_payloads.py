"""The payloads of contract section 5."""

from __future__ import annotations

import datetime
from typing import Any

import testtools

from fenix.notifications import payloads

MOMENT = datetime.datetime(2026, 1, 31, 23, 30, 0, 123456)
URL = "https://cloud.example.org:12347/v1/maintenance/s/p"


def for_project(**more: Any) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "endpoint": "https://cloud.example.org:12347",
        "session_id": "s",
        "project_id": "p",
        "state": "PLANNED_MAINTENANCE",
        "allowed_actions": ["MIGRATE"],
        "reply_at": MOMENT,
        "actions_at": MOMENT,
        "metadata": {},
    }
    return payloads.for_project(**{**arguments, **more})


class ForProjectTest(testtools.TestCase):
    """maintenance.planned."""

    def test_keys(self) -> None:
        self.assertEqual(
            {
                "service": "fenix",
                "project_id": "p",
                "session_id": "s",
                "state": "PLANNED_MAINTENANCE",
                "instance_ids": URL,
                "reply_url": URL,
                "allowed_actions": ["MIGRATE"],
                "reply_at": "2026-01-31 23:30:00",
                "actions_at": "2026-01-31 23:30:00",
                "metadata": {},
            },
            for_project(),
        )

    def test_a_single_instance(self) -> None:
        payload = for_project(instance_id="i")
        self.assertEqual(["i"], payload["instance_ids"])
        self.assertEqual(f"{URL}/i", payload["reply_url"])

    def test_the_hint_how_much_to_scale_in_is_left_out_when_it_does_not_fit(self) -> None:
        self.assertEqual(
            {"a": "b", "scale_in": {"instances": 2, "cores": 4}},
            payloads.with_scale_in({"a": "b"}, 2, 4),
        )
        long = {"text": "x" * 230}
        self.assertEqual(long, payloads.with_scale_in(long, 2, 4))

    def test_no_payload_names_a_tenant(self) -> None:
        host = payloads.host(session_id="s", hostname="h", state="IN_MAINTENANCE", project_id="p")
        session = payloads.session(session_id="s", state="S", percent_done=1, project_id="p")
        for payload in (for_project(), host, session):
            self.assertNotIn("tenant_id", payload)
            self.assertEqual("p", payload["project_id"])
