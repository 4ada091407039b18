"""The statements on SQLite."""

from __future__ import annotations

from fenix.tests.unit.db import failed


class SQLiteTest(failed.FailedMixin):
    """A file database, as the default configuration has it."""
