"""The page on the planner shows what the planner does."""

from __future__ import annotations

import importlib
import sys
from typing import Any

from fenix.tests.unit.docs.base import ROOT, DocsTestCase


class PlannerPageTest(DocsTestCase):
    """Pictures, drawn when the manual is built."""

    def pictures(self) -> Any:
        folder = str(ROOT / "doc" / "ext")
        if folder not in sys.path:
            sys.path.insert(0, folder)
            self.addCleanup(sys.path.remove, folder)
        return importlib.import_module("course_picture")

    def test_every_share_of_the_page_is_drawn(self) -> None:
        page = self.page("planner")
        for percent in (0, 20, 100):
            self.assertIn(f".. fenix-course-picture:: {percent}", page)
            drawn = self.pictures().svg(percent)
            self.assertEqual(10, drawn.count(">compute-"))
            # A bar for each drain and each work, and three in the legend.
            self.assertEqual(23, drawn.count("<rect "))

    def test_the_words_under_a_picture(self) -> None:
        words = self.pictures().words(100)
        self.assertIn("5 waves (bound 5), 96 moves (bound 88)", words)
