"""``/healthcheck``: whether this process, and the database behind it, can serve."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from oslo_config import cfg
from oslo_db import exception as db_exc
from oslo_middleware import healthcheck

from fenix import exceptions
from fenix.api.errors import WrongVerb
from fenix.db import models
from fenix.db.api import Database
from fenix.rpc import background

PATH = "/healthcheck"
#: Seconds that the database is given, and look-ups that may hang at the same time.
_PATIENCE, _AT_ONCE = 5, 10
#: Schema of the answer with code 200, when it is JSON.
ANSWER = {
    "title": "Health",
    "type": "object",
    "required": ["detailed", "reasons"],
    "properties": {
        "detailed": {"type": "boolean"},
        "reasons": {"type": "array", "items": {"type": "string"}},
    },
}


class Health:
    """oslo.middleware's health check, and a query to the database.

    200 with the reasons, as JSON unless the client asks for text or HTML; 503 when a check of
    ``[healthcheck] backends`` fails or the database does not answer.
    """

    def __init__(self, conf: cfg.ConfigOpts, database: Database) -> None:
        self._checks = healthcheck.Healthcheck(_elsewhere, conf)
        self._database = database
        self._looks = background.Limited(_AT_ONCE, "the database does not answer")

    def _look(self) -> None:
        with self._database.reader() as session:
            session.execute(sa.select(models.sessions.c.session_id).limit(1))

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Run the checks."""
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            raise WrongVerb(f"{PATH} answers GET only", ["GET", "HEAD"])
        try:
            self._looks.run(self._look, _PATIENCE)
        except db_exc.DBNonExistentTable:
            raise
        except (db_exc.DBError, TimeoutError):
            raise exceptions.Unavailable("the database does not answer") from None
        inner = {**environ, "REQUEST_METHOD": "GET"}
        if inner.get("HTTP_ACCEPT", "*/*") in ("", "*/*"):
            inner["HTTP_ACCEPT"] = "application/json"
        return self._checks(inner, start_response)


def mounted(health: Health, application: Any) -> Any:
    """``application`` with the health check at its path."""

    def choose(environ: dict[str, Any], start_response: Any) -> Any:
        chosen = health if environ["PATH_INFO"] == PATH else application
        return chosen(environ, start_response)

    return choose


def _elsewhere(_environ: dict[str, Any], _start_response: Any) -> Any:
    raise exceptions.NotFound(
        f"{PATH} is not answered here; [healthcheck] restricts who may ask for it"
    )
