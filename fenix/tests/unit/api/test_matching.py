"""Which questions a reply answers."""

from __future__ import annotations

import datetime
import itertools
import unittest
from typing import Any

from fenix import exceptions
from fenix.api import matching
from fenix.db import records
from fenix.db.replies import View

NOW = datetime.datetime(2026, 11, 21)
STATE = "PLANNED_MAINTENANCE"

_ids = itertools.count(1)


def wait(**fields: Any) -> records.Wait:
    fields.setdefault("state", STATE)
    fields.setdefault("allowed_actions", ["MIGRATE"])
    return records.Wait(
        "s", "p", opened_at=NOW, reply_at=NOW, actions_at=NOW, wait_id=next(_ids), **fields
    )


def view(*waits: records.Wait, gone: str = "") -> View:
    instances = [
        records.Instance("s", i, i, "p", "ACTIVE", host=h, gone=i == gone)
        for i, h in (("a", "h1"), ("b", "h1"), ("c", "h2"), ("d", "outside"))
    ]
    session = records.Session("s", "default", STATE, NOW, NOW)
    return View(session, list(waits), instances, frozenset({"h1", "h2"}))


def ack(named: dict[str, str] | None = None, action: str | None = None) -> matching.Reply:
    return matching.Reply(STATE, False, named or {}, action)


NACK = matching.Reply(STATE, True, {"a": "MIGRATE"})


class ConcernedTest(unittest.TestCase):
    def test_all_on_the_hosts(self) -> None:
        self.assertEqual(["a", "b", "c"], matching.concerned(view()))
        self.assertEqual(["a", "b", "c"], matching.concerned(view(wait())))

    def test_those_singled_out(self) -> None:
        self.assertEqual(["c"], matching.concerned(view(wait(instance_ids=["c"]))))
        self.assertEqual(["a"], matching.concerned(view(wait(instance_id="a"))))

    def test_an_open_question_to_all_does_not_widen(self) -> None:
        self.assertEqual(["c"], matching.concerned(view(wait(), wait(instance_ids=["c"]))))

    def test_deleted_ones_are_left_out(self) -> None:
        self.assertEqual([], matching.concerned(view(wait(instance_ids=["c"]), gone="c")))
        self.assertEqual(["a", "b"], matching.concerned(view(gone="c")))

    def test_foreign_ones_are_left_out(self) -> None:
        self.assertEqual([], matching.concerned(view(wait(instance_ids=["foreign"]))))


class ForProjectTest(unittest.TestCase):
    def actions(self, seen: View, reply: matching.Reply) -> list[dict[str, str]]:
        return [a.actions for a in matching.for_project(seen, reply)]

    def test_nothing_open(self) -> None:
        self.assertEqual([], matching.for_project(view(), ack({"nobody": "MIGRATE"})))

    def test_another_state(self) -> None:
        self.assertEqual([], matching.for_project(view(wait(state="SCALE_IN")), ack()))

    def test_answered_already(self) -> None:
        self.assertEqual([], matching.for_project(view(wait(reply="ACK_X")), ack()))

    def test_to_all(self) -> None:
        self.assertEqual([{}], self.actions(view(wait()), ack()))

    def test_named(self) -> None:
        seen = view(wait(instance_ids=["a", "b"]))
        self.assertEqual([{"a": "MIGRATE"}], self.actions(seen, ack({"a": "MIGRATE"})))

    def test_one_action_for_the_rest(self) -> None:
        seen = view(wait(instance_ids=["a", "b"], allowed_actions=["MIGRATE", "OWN_ACTION"]))
        self.assertEqual(
            [{"a": "OWN_ACTION", "b": "MIGRATE"}],
            self.actions(seen, ack({"a": "OWN_ACTION"}, "MIGRATE")),
        )

    def test_one_action_for_a_question_to_all(self) -> None:
        self.assertEqual(
            [{"a": "MIGRATE", "b": "MIGRATE", "d": "MIGRATE"}],
            self.actions(view(wait(), gone="c"), ack(action="MIGRATE")),
        )

    def test_known_instances_that_are_not_asked_about_are_ignored(self) -> None:
        seen = view(wait(instance_ids=["a"]))
        self.assertEqual(
            [{"a": "MIGRATE"}], self.actions(seen, ack({"a": "MIGRATE", "c": "MIGRATE"}))
        )

    def test_a_duplicate_for_an_earlier_host(self) -> None:
        seen = view(wait(instance_ids=["c"]))
        self.assertEqual([], matching.for_project(seen, ack({"a": "MIGRATE"})))

    def test_unknown(self) -> None:
        with self.assertRaises(exceptions.NotFound) as caught:
            matching.for_project(view(wait(instance_ids=["a"])), ack({"x": "MIGRATE"}))
        self.assertIn("'x'", str(caught.exception))

    def test_not_offered(self) -> None:
        with self.assertRaises(exceptions.Unprocessable) as caught:
            matching.for_project(view(wait(instance_ids=["a"])), ack(action="EVICTION"))
        self.assertIn("offered: MIGRATE", str(caught.exception))

    def test_nack_has_no_actions(self) -> None:
        seen = view(wait(instance_ids=["a"], allowed_actions=[]))
        self.assertEqual([{}], self.actions(seen, NACK))

    def test_questions_per_instance(self) -> None:
        seen = view(wait(instance_id="a"), wait(instance_id="b"))
        self.assertEqual([{"b": "MIGRATE"}], self.actions(seen, ack({"b": "MIGRATE"})))
        self.assertEqual([{}, {}], self.actions(seen, ack()))


class ForInstanceTest(unittest.TestCase):
    def test_its_own_question_before_a_shared_one(self) -> None:
        own = wait(instance_id="a", instance_ids=["a"])
        seen = view(wait(instance_ids=["a", "b"]), own)
        self.assertEqual(
            [matching.Answer(own, {"a": "MIGRATE"})],
            matching.for_instance(seen, "a", ack(action="MIGRATE")),
        )

    def test_a_shared_question(self) -> None:
        shared = wait(instance_ids=["a", "b"])
        self.assertEqual(
            [matching.Answer(shared, {"b": "MIGRATE"}, complete=False)],
            matching.for_instance(view(shared), "b", ack({"b": "MIGRATE", "a": "EVICTION"})),
        )

    def test_a_shared_question_is_answered_with_the_last_instance(self) -> None:
        shared = wait(instance_ids=["a", "b"])
        shared.reply_actions = {"a": "MIGRATE"}
        self.assertEqual(
            [matching.Answer(shared, {"a": "MIGRATE", "b": ""})],
            matching.for_instance(view(shared), "b", ack()),
        )
        self.assertEqual([], matching.for_instance(view(shared), "a", ack(action="MIGRATE")))

    def test_anothers_question(self) -> None:
        self.assertEqual([], matching.for_instance(view(wait(instance_id="a")), "b", ack()))

    def test_a_question_to_all_is_not_answered_by_one(self) -> None:
        self.assertEqual([], matching.for_instance(view(wait()), "a", ack()))

    def test_unknown(self) -> None:
        with self.assertRaises(exceptions.NotFound):
            matching.for_instance(view(), "x", ack())

    def test_a_late_reply_for_a_deleted_one(self) -> None:
        self.assertEqual([], matching.for_instance(view(gone="a"), "a", ack()))
