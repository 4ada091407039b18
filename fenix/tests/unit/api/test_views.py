"""What is shown is read."""

from __future__ import annotations

import dataclasses
import unittest

from fenix.api import views
from fenix.db import records


class SummaryTest(unittest.TestCase):
    def test_every_field_of_a_session_that_is_shown_is_read(self) -> None:
        read = {f.name for f in dataclasses.fields(records.Summary)}
        self.assertEqual(set(), set(views._SESSION) - read)

    def test_what_is_read_is_a_column_of_the_row(self) -> None:
        whole = {f.name for f in dataclasses.fields(records.Session)}
        self.assertEqual(set(), {f.name for f in dataclasses.fields(records.Summary)} - whole)
