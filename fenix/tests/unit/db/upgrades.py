"""Upgrades of a database with rows in it; on SQLite here, on real databases in the live suite."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

import sqlalchemy as sa
import testtools
from oslo_config import cfg

from fenix import conf as fenix_conf
from fenix.db import compatibility, models, records, rows, schema
from fenix.db.api import Database

_TIME = datetime.datetime(2026, 11, 29, 12, 0, 0)
#: Rows of the tables that the code reads as records.
_RECORDS = {
    "sessions": records.Session,
    "hosts": records.Host,
    "instances": records.Instance,
    "projects": records.Project,
    "project_waits": records.Wait,
    "action_plugins": records.Action,
    "action_plugin_instances": records.ActionRun,
    "session_events": records.Event,
    "outbox": records.Outgoing,
    "engines": records.Engine,
}


class UpgradesMixin(testtools.TestCase):
    """The previous release's schema and code, and this one's, on one database."""

    def connect(self) -> str:
        """The URL of an empty database."""
        raise NotImplementedError

    def setUp(self) -> None:
        super().setUp()
        conf = cfg.ConfigOpts()
        fenix_conf.load([], conf=conf, default_config_files=[])
        conf.set_override("connection", self.connect(), "database")
        self.database = Database(conf)
        self.addCleanup(self.database.dispose)
        schema.upgrade(self.database, compatibility.PREVIOUS)
        self.before = self.reflected()
        self.write(self.before, 1)

    def reflected(self) -> sa.MetaData:
        found = sa.MetaData()
        found.reflect(self.database.engine)
        found.remove(found.tables["alembic_version"])
        return found

    def write(self, metadata: sa.MetaData, number: int) -> None:
        """A row in every table, by code that knows these columns only."""
        with self.database.engine.begin() as connection:
            for table in metadata.sorted_tables:
                connection.execute(sa.insert(table).values(_row(table, number)))

    def read(self, metadata: sa.MetaData) -> dict[str, list[Any]]:
        with self.database.engine.connect() as connection:
            return {
                table.name: [
                    dict(r._mapping)
                    for r in connection.execute(sa.select(table).order_by(*table.primary_key))
                ]
                for table in metadata.sorted_tables
            }

    def test_rows_outlive_an_upgrade(self) -> None:
        known = self.read(self.before)
        schema.upgrade(self.database)
        self.assertEqual(known, self.read(self.before))

    def test_this_release_reads_rows_of_the_previous_one(self) -> None:
        schema.upgrade(self.database)
        self.write(self.before, 2)
        with self.database.reader() as session:
            for name, record in _RECORDS.items():
                found = rows.select(session, models.metadata.tables[name], record)
                self.assertEqual(2, len(found), name)
                for row in found:
                    for field in dataclasses.fields(row):
                        self.assertTrue(hasattr(row, field.name), f"{name}.{field.name}")

    def test_the_previous_release_works_beside_this_one(self) -> None:
        schema.upgrade(self.database)
        after = self.reflected()
        self.write(self.before, 2)
        self.write(after, 3)
        for name, found in self.read(self.before).items():
            self.assertEqual(3, len(found), name)
        with self.database.engine.begin() as connection:
            for table in self.before.sorted_tables:
                key = next(iter(table.primary_key))
                values = {c.name: v for c, v in _values(table, 1).items() if not c.primary_key}
                if values:
                    own = key == _value(key, 1)
                    connection.execute(sa.update(table).where(own).values(values))
                connection.execute(sa.delete(table))

    def test_the_schema_only_grows(self) -> None:
        schema.upgrade(self.database)
        self.assertEqual([], compatibility.objections(self.before, self.reflected()))


def _values(table: sa.Table, number: int) -> dict[sa.Column[Any], Any]:
    return {c: _value(c, number) for c in table.columns}


def _row(table: sa.Table, number: int) -> dict[str, Any]:
    return {c.name: value for c, value in _values(table, number).items()}


def _value(column: sa.Column[Any], number: int) -> Any:
    kind = column.type
    if isinstance(kind, sa.JSON) or str(column) in _JSON:
        return {"n": number} if isinstance(kind, sa.JSON) else f'{{"n": {number}}}'
    if isinstance(kind, sa.Boolean):
        return True
    if isinstance(kind, sa.DateTime):
        return _TIME
    if isinstance(kind, sa.String):
        return f"{column.name}-{number}"[: kind.length or 32]
    return kind.python_type(number)


#: MariaDB keeps JSON as text, and says so.
_JSON = {
    str(c)
    for table in models.metadata.sorted_tables
    for c in table.columns
    if isinstance(c.type, sa.JSON)
}
