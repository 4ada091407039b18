"""Reading the manual's sources."""

from __future__ import annotations

import importlib
import json
import pathlib
import re
import sys
import unittest
from typing import Any

ROOT = pathlib.Path(__file__).parents[4]
SOURCE = ROOT / "doc" / "source"


class DocsTestCase(unittest.TestCase):
    """Needs a checkout: an installed package has no manual."""

    def setUp(self) -> None:
        super().setUp()
        if not SOURCE.is_dir():
            self.skipTest("the manual is not there: tests run from an installed package")

    @staticmethod
    def page(name: str) -> str:
        return (SOURCE / f"{name}.rst").read_text()

    @staticmethod
    def pages() -> dict[str, str]:
        found = {str(p.relative_to(ROOT)): p.read_text() for p in sorted(SOURCE.rglob("*.rst"))}
        return {**found, "README.rst": (ROOT / "README.rst").read_text()}

    @staticmethod
    def table_column(text: str, number: int = 0) -> list[str]:
        """The literals of one column of the simple tables in a page."""
        found = []
        for table in re.findall(r"^(=+(?:  =+)+)\n(.*?)^\1$\n(.*?)^\1$", text, re.M | re.S):
            starts = [m.start() for m in re.finditer("=+", table[0])]
            starts.append(len(table[0]) + 80)
            for line in table[2].splitlines():
                found += re.findall(r"``(\S+?)``", line[starts[number] : starts[number + 1]])
        return found

    @staticmethod
    def json_blocks(text: str) -> list[Any]:
        """The values of a page's JSON examples."""
        blocks = re.findall(r"^( *)\.\. code-block:: json\n\n((?:\1   .*\n|\n)+)", text, re.M)
        return [json.loads(block) for _, block in blocks]

    @staticmethod
    def from_doc(name: str) -> Any:
        """A module of doc/ext."""
        sys.path.insert(0, str(ROOT / "doc" / "ext"))
        try:
            return importlib.import_module(name)
        finally:
            sys.path.pop(0)

    @classmethod
    def from_code(cls) -> Any:
        """doc/ext/from_code.py."""
        return cls.from_doc("from_code")
