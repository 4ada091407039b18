"""A database server that is not there: one kind of error, whoever asks."""

from __future__ import annotations

import importlib.util
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import sqlalchemy as sa
import testtools
from oslo_config import cfg
from oslo_db import exception as db_exc

from fenix import conf as fenix_conf
from fenix.db import trouble
from fenix.db.api import Database


class UnreachableTest(testtools.TestCase):
    """Nobody listens."""

    def database(self, driver: str) -> Database:
        if importlib.util.find_spec(driver.partition("+")[2]) is None:
            self.skipTest(f"{driver} is not installed")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        conf = cfg.ConfigOpts()
        fenix_conf.load([], conf=conf, default_config_files=[])
        url = f"{driver}://fenix:fenix@127.0.0.1:{port}/fenix"
        conf.set_override("connection", url, "database")
        conf.set_override("max_retries", 0, "database")
        return Database(conf)

    def refused(self, driver: str) -> None:
        database = self.database(driver)
        for ask in (database.reader, database.writer, database.lookup):
            error = self.assertRaises(db_exc.DBError, self.try_to, ask)
            self.assertIn("cannot be reached", trouble.reason(error) or "")

    @staticmethod
    def try_to(ask: Callable[[], AbstractContextManager[Any]]) -> None:
        with ask() as session:
            session.execute(sa.text("SELECT 1"))

    def test_postgresql(self) -> None:
        self.refused("postgresql+psycopg2")

    def test_mariadb(self) -> None:
        self.refused("mysql+pymysql")
