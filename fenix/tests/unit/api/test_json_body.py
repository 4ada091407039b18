"""Bodies: what is JSON, and what is more than the service can hold."""

from __future__ import annotations

import unittest

from fenix import exceptions
from fenix.api import json_body


class ParseTest(unittest.TestCase):
    def refused(self, raw: bytes, message: str) -> None:
        with self.assertRaises(exceptions.BadRequest) as caught:
            json_body.parse(raw, 20)
        self.assertIn(message, str(caught.exception))

    def test_values(self) -> None:
        raw = '{"a": [1, -9223372036854775807, 1.5, "é", true, null]}'.encode()
        self.assertEqual(
            {"a": [1, -9223372036854775807, 1.5, "é", True, None]}, json_body.parse(raw, 20)
        )

    def test_not_utf8(self) -> None:
        self.refused(b'{"a": "\xff"}', "the body is not UTF-8 (byte 7)")

    def test_utf16_is_not_guessed(self) -> None:
        self.refused('{"a": 1}'.encode("utf-16"), "the body is not UTF-8")

    def test_position(self) -> None:
        self.refused(b'{"a": 1,\n "b": }', "line 2 column 7")

    def test_surrogates_in_a_pair(self) -> None:
        self.assertEqual("🔥", json_body.parse(b'"\\ud83d\\udd25"', 20))

    def test_far_too_deep(self) -> None:
        self.refused(b"[" * 100000 + b"]" * 100000, "nested deeper than 20 levels")

    def test_depth_is_counted_from_the_body(self) -> None:
        self.assertEqual([[1]], json_body.parse(b"[[1]]", 2))
        with self.assertRaises(exceptions.BadRequest):
            json_body.parse(b"[[[1]]]", 2)

    def test_numbers_of_many_digits(self) -> None:
        self.refused(b"1" * 10000, "is beyond 64 bits")

    def test_a_key_is_shown_when_it_is_twice(self) -> None:
        self.refused(b'{"x": {"a": 1, "a": 1}}', "'a' is given twice")
