"""Upgrades of a database with rows in it, on the databases that deployments use."""

from __future__ import annotations

from fenix.tests.live import test_databases
from fenix.tests.unit.db import upgrades


class MariaDBUpgradeTest(upgrades.UpgradesMixin):
    """MariaDB."""

    variable = test_databases.MariaDBTest.variable
    connect = test_databases.MariaDBTest.connect
    _drop = staticmethod(test_databases.MariaDBTest._drop)


class PostgreSQLUpgradeTest(upgrades.UpgradesMixin):
    """PostgreSQL."""

    variable = test_databases.PostgreSQLTest.variable
    connect = test_databases.PostgreSQLTest.connect
    _drop = staticmethod(test_databases.PostgreSQLTest._drop)


def load_tests(loader: object, tests: object, pattern: object) -> object:
    """Leave the mixin out."""
    import unittest

    suite = unittest.TestSuite()
    for case in (MariaDBUpgradeTest, PostgreSQLUpgradeTest):
        suite.addTests(unittest.defaultTestLoader.loadTestsFromTestCase(case))
    return suite
