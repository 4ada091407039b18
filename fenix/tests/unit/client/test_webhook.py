"""Bodies that Aodh posts, and bodies that it does not."""

from __future__ import annotations

import datetime
import json
import unittest
from typing import Any

from fenix.client import HostEvent, ProjectEvent, SessionEvent, decode
from fenix.client.errors import DecodeError

URL = "http://controller:12347/v1/maintenance/s1/p1"


def body(event_type: str = "maintenance.planned", **traits: Any) -> dict[str, Any]:
    """As Ceilometer and Aodh make it of an event."""
    values = {
        "service": "fenix",
        "project_id": "p1",
        "session_id": "s1",
        "state": "PLANNED_MAINTENANCE",
        "instance_ids": URL,
        "reply_url": URL,
        "allowed_actions": "['MIGRATE', 'OWN_ACTION']",
        "reply_at": "2026-11-21T23:30:17",
        "actions_at": "2026-11-21T23:31:17",
        "metadata": "{'openstack_release': 'Epoxy'}",
        **traits,
    }
    return {
        "alarm_name": "fenix",
        "reason_data": {
            "type": "event",
            "event": {
                "message_id": "m1",
                "event_type": event_type,
                "generated": "2026-11-21T23:29:37.059674",
                "traits": [[k, 1, v] for k, v in values.items() if v is not None],
            },
        },
    }


class ProjectEventTest(unittest.TestCase):
    """What a manager receives."""

    def decoded(self, **traits: Any) -> ProjectEvent:
        event = decode(json.dumps(body(**traits)).encode())
        assert isinstance(event, ProjectEvent)
        return event

    def test_a_project_s(self) -> None:
        event = self.decoded()
        self.assertEqual(("m1", "s1", "p1"), (event.message_id, event.session_id, event.project_id))
        self.assertIsNone(event.instance_id)
        self.assertEqual(("MIGRATE", "OWN_ACTION"), event.allowed_actions)
        self.assertEqual({"openstack_release": "Epoxy"}, event.metadata)
        at = datetime.datetime(2026, 11, 21, 23, 30, 17, tzinfo=datetime.UTC)
        self.assertEqual(at, event.reply_at)
        self.assertTrue(event.expects_reply)
        self.assertEqual({}, event.scale_in)

    def test_an_instance_s(self) -> None:
        event = self.decoded(
            state="INSTANCE_ACTION_DONE", instance_ids="['i1']", allowed_actions="[]", metadata="{}"
        )
        self.assertEqual(("i1", ()), (event.instance_id, event.allowed_actions))
        self.assertFalse(event.expects_reply)

    def test_scale_in(self) -> None:
        event = self.decoded(metadata="{'scale_in': {'instances': 2, 'cores': 4}}")
        self.assertEqual({"instances": 2, "cores": 4}, event.scale_in)

    def test_what_ceilometer_dropped(self) -> None:
        # Nulls are left out of an event.
        event = self.decoded(allowed_actions=None, metadata=None, actions_at=None)
        self.assertEqual(((), {}, None), (event.allowed_actions, event.metadata, event.actions_at))

    def test_a_time_with_an_offset(self) -> None:
        event = self.decoded(reply_at="2026-11-22T00:30:17+01:00")
        assert event.reply_at is not None
        self.assertEqual(23, event.reply_at.astimezone(datetime.UTC).hour)


class AdministratorsTest(unittest.TestCase):
    """Events about hosts and sessions."""

    def test_a_host(self) -> None:
        event = decode(body("maintenance.host", host="compute-1", state="IN_MAINTENANCE"))
        assert isinstance(event, HostEvent)
        self.assertEqual(("compute-1", "IN_MAINTENANCE"), (event.host, event.state))

    def test_a_session(self) -> None:
        event = decode(body("maintenance.session", percent_done=49))
        assert isinstance(event, SessionEvent)
        self.assertEqual(49, event.percent_done)


class RefusalTest(unittest.TestCase):
    """The message says which part is wrong."""

    def assert_refused(self, found: Any, words: str) -> None:
        with self.assertRaises(DecodeError) as caught:
            decode(found)
        self.assertIn(words, str(caught.exception))

    def test_bodies(self) -> None:
        for found, words in (
            (b"no json", "not JSON"),
            (b"\xff", "not JSON"),
            ("[]", "no reason_data"),
            ({"reason_data": {"type": "threshold"}}, "no event"),
            ({"reason_data": {"event": {"traits": [1]}}}, "traits is not a list"),
            (body("compute.instance.update"), "event_type: 'compute.instance.update'"),
            (body(reply_url=None), "reply_url: the event has no such trait"),
            (body(instance_ids="['i1', 'i2']"), "instance_ids: a list of 2"),
            (body(allowed_actions="['MIG"), "allowed_actions"),
            (body(metadata="__import__('os').getcwd()"), "metadata"),
            (body(metadata="[1]"), "metadata: '[1]' is not a dict"),
            (body(reply_at="soon"), "reply_at: 'soon' is not a time"),
            (body("maintenance.session", percent_done="many"), "percent_done"),
        ):
            self.assert_refused(found, words)
