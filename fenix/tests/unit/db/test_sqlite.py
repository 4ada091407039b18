"""The statements on SQLite."""

from __future__ import annotations

from fenix.tests.unit.db import base


class SQLiteTest(base.StatementsMixin):
    """A file database, as the default configuration has it."""
