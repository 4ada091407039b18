"""Upgrades of a database with rows in it, on SQLite."""

from __future__ import annotations

import tempfile

from fenix.tests.unit.db import upgrades


class SQLiteTest(upgrades.UpgradesMixin):
    """A file database, as the default configuration has it."""

    def connect(self) -> str:
        folder = tempfile.TemporaryDirectory(prefix="fenix-test-")
        self.addCleanup(folder.cleanup)
        return f"sqlite:///{folder.name}/fenix.sqlite"


def load_tests(loader: object, tests: object, pattern: object) -> object:
    """Leave the mixin out."""
    import unittest

    return unittest.defaultTestLoader.loadTestsFromTestCase(SQLiteTest)
