"""The version of the schema: migrations with alembic."""

from __future__ import annotations

import pathlib

import sqlalchemy as sa
from alembic import command, config, migration, script
from oslo_config import cfg
from oslo_db import exception as db_exc

from fenix import exceptions
from fenix.db.api import PATIENCE, Database


def _config() -> config.Config:
    made = config.Config()
    made.set_main_option("script_location", str(pathlib.Path(__file__).parent / "migrations"))
    return made


def head() -> str:
    """The newest version that this release knows."""
    newest = script.ScriptDirectory.from_config(_config()).get_current_head()
    return newest or ""


def knows(version: str) -> bool:
    """Whether this release has the migration to a version."""
    found = script.ScriptDirectory.from_config(_config()).walk_revisions()
    return version in {r.revision for r in found}


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


def check(conf: cfg.ConfigOpts) -> None:
    """Make sure, before a service starts, that its database is there and new enough.

    No connection is left open, so that the caller may fork.

    :raises Unavailable: saying what is wrong and what to do.
    """
    try:
        database = Database(conf, patience=PATIENCE)
        found = current(database)
        database.dispose()
    except (db_exc.DBError, sa.exc.SQLAlchemyError) as error:
        raise exceptions.Unavailable(
            f"[database] connection: {str(error).splitlines()[0]}"
        ) from error
    if found is None or found < head():
        raise exceptions.Unavailable(
            f"the database is at version {found or 'none'}, this release needs {head()}: run "
            f"'fenix-manage db upgrade'"
        )
