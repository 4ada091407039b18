"""The same statements on the databases that deployments use."""

from __future__ import annotations

import os
import uuid

import sqlalchemy as sa

from fenix.db import sessions as db_sessions
from fenix.tests.unit.db import long


class _ServerMixin(long.LongMixin):
    variable = ""
    #: Ends every connection to the test's own database but the one that says so.
    cut = ""

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
        self.server, self.name = server, name
        return sa.make_url(url).set(database=name).render_as_string(hide_password=False)

    def test_a_look_up_outlives_a_restart_of_the_server(self) -> None:
        self.make("s1")
        self.assertEqual(["s1"], db_sessions.ids(self.database))
        with self.server.connect() as connection:
            found = connection.execute(sa.text(self.cut), {"name": self.name}).scalars().all()
            self.assertNotEqual([], found)
            for statement in (f for f in found if isinstance(f, str)):
                connection.execute(sa.text(statement))
        self.assertEqual(["s1"], db_sessions.ids(self.database))

    @staticmethod
    def _drop(server: sa.Engine, name: str) -> None:
        with server.connect() as connection:
            connection.execute(sa.text(f"DROP DATABASE {name}"))
        server.dispose()


class MariaDBTest(_ServerMixin):
    """MariaDB, REPEATABLE READ."""

    variable = "FENIX_TEST_MYSQL"
    cut = "SELECT CONCAT('KILL ', id) FROM information_schema.processlist WHERE db = :name"


class PostgreSQLTest(_ServerMixin):
    """PostgreSQL, READ COMMITTED."""

    variable = "FENIX_TEST_POSTGRESQL"
    cut = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = :name AND pid <> pg_backend_pid()"
    )


def load_tests(loader: object, tests: object, pattern: object) -> object:
    """Leave the mixin out."""
    import unittest

    suite = unittest.TestSuite()
    for case in (MariaDBTest, PostgreSQLTest):
        suite.addTests(unittest.defaultTestLoader.loadTestsFromTestCase(case))
    return suite
