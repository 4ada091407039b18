"""The same statements on the databases that deployments use."""

from __future__ import annotations

import os
import uuid

import sqlalchemy as sa

from fenix.tests.unit.db import base


class _ServerMixin(base.StatementsMixin):
    variable = ""

    def connect(self) -> str:
        """A database of this test's own, on the server that the environment names."""
        url = os.environ.get(self.variable)
        if not url:
            self.skipTest(f"{self.variable} is not set: 'tools/services up' starts the server")
        name = f"fenix_{uuid.uuid4().hex[:12]}"
        server = sa.create_engine(url, isolation_level="AUTOCOMMIT")
        with server.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
        self.addCleanup(self._drop, server, name)
        return sa.make_url(url).set(database=name).render_as_string(hide_password=False)

    @staticmethod
    def _drop(server: sa.Engine, name: str) -> None:
        with server.connect() as connection:
            connection.execute(sa.text(f"DROP DATABASE {name}"))
        server.dispose()


class MariaDBTest(_ServerMixin):
    """MariaDB, REPEATABLE READ."""

    variable = "FENIX_TEST_MYSQL"


class PostgreSQLTest(_ServerMixin):
    """PostgreSQL, READ COMMITTED."""

    variable = "FENIX_TEST_POSTGRESQL"


def load_tests(loader: object, tests: object, pattern: object) -> object:
    """Leave the mixin out."""
    import unittest

    suite = unittest.TestSuite()
    for case in (MariaDBTest, PostgreSQLTest):
        suite.addTests(unittest.defaultTestLoader.loadTestsFromTestCase(case))
    return suite
