"""Refusals name the field, the value and what to send instead."""

from __future__ import annotations

import unittest
from typing import Any

from fenix import exceptions
from fenix.api import validation

SCHEMA: validation.Schema = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "minLength": 2, "description": "send a name"},
        "count": {"type": ["integer", "null"], "minimum": 0, "maximum": 9},
        "list": {
            "type": "array",
            "items": {"type": "object", "properties": {"n": {"type": "number"}}},
            "maxItems": 2,
            "uniqueItems": True,
        },
    },
}


class CheckTest(unittest.TestCase):
    def refused(self, value: Any, message: str) -> None:
        with self.assertRaises(exceptions.BadRequest) as caught:
            validation.check(value, SCHEMA)
        self.assertEqual(message, str(caught.exception))

    def test_good(self) -> None:
        validation.check({"name": "ab", "count": None, "list": [{"n": 1.5}]}, SCHEMA)

    def test_type(self) -> None:
        self.refused({"name": 7}, "name: 7 is not a string; send a name")
        self.refused({"name": "ab", "count": "7"}, 'count: "7" is not an integer or null')

    def test_true_is_no_number(self) -> None:
        self.refused({"name": "ab", "count": True}, "count: true is not an integer or null")
        self.refused({"name": "ab", "list": [{"n": False}]}, "list[0].n: false is not a number")

    def test_whole_is_not_an_integer(self) -> None:
        self.refused({"name": "ab", "count": 2.0}, "count: 2.0 is not an integer or null")

    def test_bounds(self) -> None:
        self.refused({"name": "ab", "count": -1}, "count: -1 is less than 0")
        self.refused({"name": "ab", "count": 10}, "count: 10 is more than 9")
        self.refused({"name": "a"}, 'name: "a" is shorter than 2 characters; send a name')
        self.refused({"name": "ab", "list": [{}, {"n": 1}, {"n": 2}]}, "list: more than 2 elements")

    def test_what_is_wrong_comes_before_what_is_missing(self) -> None:
        self.refused({"count": -1}, "count: -1 is less than 0")
        self.refused({}, "'name' is missing")

    def test_a_misspelt_name_is_said_before_it_is_missed(self) -> None:
        self.refused({"nmae": "x"}, "unknown field 'nmae'; known are count, list, name")

    def test_long_values_are_cut(self) -> None:
        with self.assertRaises(exceptions.BadRequest) as caught:
            validation.check({"name": ["x" * 1000]}, SCHEMA)
        self.assertLess(len(str(caught.exception)), 150)
