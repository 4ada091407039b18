"""The recorded ``vnf`` session that the manual shows, and the check that it passed."""

from __future__ import annotations

import copy
import json
import sys
from typing import Any

from fenix.tests.unit.docs.base import ROOT, DocsTestCase

_PROJECT = "vnf-a"


class PerInstanceTest(DocsTestCase):
    """doc/conversation-vnf.json, written by the acceptance."""

    def setUp(self) -> None:
        super().setUp()
        sys.path.insert(0, str(ROOT / "tools/acceptance"))
        self.addCleanup(sys.path.remove, str(ROOT / "tools/acceptance"))
        import per_instance
        import recording

        self.per_instance: Any = per_instance
        self.recording: Any = recording
        self.said = json.loads((ROOT / "doc" / "conversation-vnf.json").read_text())
        self.moves = self.moves_of(self.said)

    def traits(self, one: dict[str, Any]) -> dict[str, str]:
        if one["to"] != _PROJECT:
            return {}
        return {n: v for n, _t, v in one["body"]["reason_data"]["event"]["traits"]}

    def place(self, state: str) -> int:
        """Where the project is first told a state."""
        return next(n for n, one in enumerate(self.said) if self.traits(one).get("state") == state)

    def moves_of(self, said: list[Any]) -> list[tuple[str, str]]:
        """In this session a host is out right after the last of its instances has left."""
        waiting: list[str] = []
        found = []
        for one in said:
            traits = self.traits(one)
            if traits.get("state") == "INSTANCE_ACTION_DONE":
                waiting.append(traits["reply_url"].rpartition("/")[2])
            elif one["how"] == "maintenance.host" and one["body"]["state"] == "IN_MAINTENANCE":
                found += [(instance, one["body"]["host"]) for instance in waiting]
                waiting = []
        return found

    def faults(self) -> list[str]:
        found: list[str] = self.per_instance.faults(self.said, _PROJECT, self.moves)
        return found

    def test_what_was_said_is_the_contract_s_second_sequence(self) -> None:
        self.assertNotEqual([], self.moves)
        self.assertEqual([], self.faults())
        self.assertEqual([], self.recording.session_faults(self.said))

    def test_a_question_that_is_missing_is_seen(self) -> None:
        del self.said[self.place("PLANNED_MAINTENANCE")]
        self.assertEqual(1, len(self.faults()), self.faults())

    def test_a_host_that_is_out_too_early_is_seen(self) -> None:
        out = next(
            n
            for n, one in enumerate(self.said)
            if one["how"] == "maintenance.host" and one["body"]["host"] == self.moves[0][1]
        )
        self.said.insert(0, self.said.pop(out))
        self.assertIn(
            f"{self.moves[0][1]} is out before {self.moves[0][0]} has left it", self.faults()
        )

    def test_constraints_that_stay_behind_are_seen(self) -> None:
        self.said = [one for one in self.said if not one["how"].startswith("DELETE")]
        expected = ["constraints of removed instances are not deleted within SCALE_IN"]
        self.assertEqual(expected, self.faults())

    def test_a_reply_url_of_another_instance_is_seen(self) -> None:
        one = copy.deepcopy(self.said[self.place("PLANNED_MAINTENANCE")])
        self.said[self.place("PLANNED_MAINTENANCE")] = one
        for trait in one["body"]["reason_data"]["event"]["traits"]:
            if trait[0] == "reply_url":
                trait[2] += "0"
        self.assertIn("with a reply_url of another", " ".join(self.faults()))
