"""The version of the schema: migrations with alembic."""

from __future__ import annotations

import pathlib

from alembic import command, config, migration, script

from fenix.db.api import Database


def _config() -> config.Config:
    made = config.Config()
    made.set_main_option("script_location", str(pathlib.Path(__file__).parent / "migrations"))
    return made


def head() -> str:
    """The newest version that this release knows."""
    newest = script.ScriptDirectory.from_config(_config()).get_current_head()
    return newest or ""


def current(database: Database) -> str | None:
    """The version that the database is at; None when it is empty."""
    with database.engine.connect() as connection:
        return migration.MigrationContext.configure(connection).get_current_revision()


def upgrade(database: Database, version: str = "head") -> None:
    """Bring the database to ``version``; safe to repeat."""
    alembic = _config()
    with database.engine.begin() as connection:
        alembic.attributes["connection"] = connection
        command.upgrade(alembic, version)
