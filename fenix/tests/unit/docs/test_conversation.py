"""The recorded session that the manual shows is one that the contract allows."""

from __future__ import annotations

import json
import sys
from typing import Any

from fenix.notifications import payloads
from fenix.tests.unit.docs.base import ROOT, DocsTestCase


class ConversationTest(DocsTestCase):
    """doc/conversation.json, written by the acceptance."""

    def setUp(self) -> None:
        super().setUp()
        for folder in ("tools/acceptance", "doc/ext"):
            sys.path.insert(0, str(ROOT / folder))
            self.addCleanup(sys.path.remove, str(ROOT / folder))
        import recording

        self.recording: Any = recording
        self.said = json.loads((ROOT / "doc" / "conversation.json").read_text())

    def test_what_was_said_is_the_contract_s_sequence(self) -> None:
        moved = {"compute-1": 1, "compute-2": 2}
        expected = self.recording.contract(["controller"], list(moved), moved, ["MAINTENANCE"])
        self.assertEqual(expected, self.recording.gist(self.said, "vnf-a"))
        self.assertEqual([], self.recording.session_faults(self.said))

    def test_a_state_out_of_order_is_seen(self) -> None:
        told = [one for one in self.said if one["how"] == "maintenance.session"]
        faults = self.recording.session_faults([*told[1:], told[0]])
        self.assertEqual(["MAINTENANCE_DONE to MAINTENANCE"], faults)

    def test_ids_are_shortened_alike_everywhere(self) -> None:
        text = json.dumps(self.said)
        self.assertEqual(text, json.dumps(self.recording.shortened(self.said)))
        session_id = self.said[1]["body"]["session_id"]
        self.assertEqual(8, len(session_id))
        for one in self.said[2:]:
            self.assertIn(session_id, json.dumps(one))

    def test_every_body_is_shown_whole(self) -> None:
        import from_code

        shown = from_code.conversation(ROOT / "doc" / "conversation.json")
        self.assertEqual([one["body"] for one in self.said], [json.loads(b) for _, b in shown])


class HostChangesTest(DocsTestCase):
    """doc/host-changes.json, written by the acceptance."""

    def test_both_are_shown_with_what_is_sent(self) -> None:
        said = json.loads((ROOT / "doc" / "host-changes.json").read_text())
        found = []
        for one in said:
            self.assertEqual(payloads.HOST, one["how"])
            event = one["body"]["reason_data"]["event"]
            found.append({name: value for name, _kind, value in event["traits"]})
        sent = [
            payloads.host(
                session_id="",
                hostname="compute-6",
                state=state,
                project_id=found[0]["project_id"],
            )
            for state in (payloads.HOST_REMOVED, payloads.HOST_ADDED)
        ]
        self.assertEqual(sent, found)
