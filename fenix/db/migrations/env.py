"""Alembic's environment; :mod:`fenix.db.schema` passes the connection."""

from alembic import context

from fenix.db import models

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=models.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
