"""``fenix-status upgrade check`` between releases."""

from __future__ import annotations

import datetime

import sqlalchemy as sa
from oslo_config import cfg
from oslo_upgradecheck import upgradecheck

from fenix import timing
from fenix.cmd import status
from fenix.db import compatibility, engines, models, records, schema
from fenix.tests import base

_NOW = timing.SystemClock()
_OK, _LOOK, _STOP = (upgradecheck.Code(n) for n in (0, 1, 2))


class UpgradeCheckTest(base.ApiTestCase):
    """One database, and engines of several releases that report into it."""

    def setUp(self) -> None:
        super().setUp()
        self.database = self.service.database
        self.assertIs(cfg.CONF, self.service.conf)

    def says(self, check: str) -> tuple[upgradecheck.Code, str]:
        result = getattr(status.Checks(), f"_{check}")()
        return result.code, str(result.details)

    def runs(self, name: str, made_for: str | None, silent: float = 0.0) -> None:
        now = _NOW.now() - datetime.timedelta(seconds=silent)
        engine = records.Engine(name, "host", "0.9", now, now, made_for=made_for)
        engines.beat(self.database, engine, now - datetime.timedelta(days=1))

    def at(self, version: str) -> None:
        with self.database.engine.begin() as connection:
            connection.execute(sa.text(f"UPDATE alembic_version SET version_num = '{version}'"))

    def test_a_schema_of_this_release(self) -> None:
        self.assertEqual((_OK, f"schema {schema.head()}"), self.says("schema"))

    def test_a_schema_of_the_previous_release(self) -> None:
        self.at(compatibility.PREVIOUS)
        code, words = self.says("schema")
        self.assertEqual(_LOOK, code)
        self.assertIn("run 'fenix-manage db upgrade' before an engine", words)

    def test_a_schema_of_the_next_release(self) -> None:
        self.at("9999")
        code, words = self.says("schema")
        self.assertEqual(_LOOK, code)
        self.assertIn(f"newer than {schema.head()}", words)

    def test_a_database_of_somebody_else(self) -> None:
        self.at("0000")
        code, words = self.says("schema")
        self.assertEqual(_STOP, code)
        self.assertIn("another database", words)

    def test_engines_of_this_release(self) -> None:
        with self.database.engine.begin() as connection:
            connection.execute(sa.delete(models.engines))
        self.assertEqual((_OK, "0 run, all of this release"), self.says("engines"))

    def test_engines_of_the_previous_and_the_next_release(self) -> None:
        self.runs("old", None)
        self.runs("new", "9999")
        code, words = self.says("engines")
        self.assertEqual(_LOOK, code)
        self.assertIn("new (release 0.9, schema 9999), old (release 0.9, an early schema)", words)
        self.assertIn("restart them one after the other", words)

    def test_an_engine_that_is_too_old(self) -> None:
        self.runs("ancient", "0000")
        self.runs("dead", "0000", silent=120)
        code, words = self.says("engines")
        self.assertEqual(_STOP, code)
        self.assertIn("ancient (release 0.9, schema 0000); stop them before", words)
        self.assertNotIn("dead", words)

    def test_engines_on_the_schema_of_the_previous_release(self) -> None:
        self.runs("old", None)
        with self.database.engine.begin() as connection:
            connection.execute(sa.text("ALTER TABLE engines DROP COLUMN made_for"))
        code, words = self.says("engines")
        self.assertEqual(_LOOK, code)
        self.assertIn("old (release 0.9, an early schema)", words)

    def test_a_database_in_which_nothing_is(self) -> None:
        models.metadata.drop_all(self.database.engine)
        self.assertEqual(_OK, self.says("engines")[0])
