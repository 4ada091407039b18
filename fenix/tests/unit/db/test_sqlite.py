"""The statements on SQLite."""

from __future__ import annotations

from fenix.tests.unit.db import long


class SQLiteTest(long.LongMixin):
    """A file database, as the default configuration has it."""
