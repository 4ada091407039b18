"""The statements on SQLite."""

from __future__ import annotations

from fenix.tests.unit.db import hosts


class SQLiteTest(hosts.HostsMixin):
    """A file database, as the default configuration has it."""
