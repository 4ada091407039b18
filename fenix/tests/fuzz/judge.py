"""What may come of a request, whatever it is; everything else is unexpected."""

from __future__ import annotations

import collections
import io
import json
import logging
import sqlite3
import time
from typing import Any

import jsonschema
import sqlalchemy as sa
import webob

from fenix.db import history, models
from fenix.db.api import Database
from fenix.tests.functional import conformance
from fenix.tests.fuzz.target import Caller, Target

#: Seconds; far more than any of them takes.
_HANGS = 30.0
_KEPT = 20
_SUCCESS = 200
_IDENTITY = ("HTTP_X_PROJECT_ID", "HTTP_X_ROLES")


class _Lines(logging.Handler):
    """Keeps what the service logs."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


class Judge:
    """Sends requests to a target, and counts those whose outcome is unexpected.

    Unexpected is: a code above 499 or one that the API's description does not have, a body that is
    not as described, a success for a caller who has no right to it or with a body that breaks the
    description, a row written by a refused request or by a read, a line in the log of an error or
    with a line break, no request id, no answer.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._changes = _Changes(target.service.database)
        self._rows = self._contents()
        self._log = _Lines()
        self.tried = 0
        self.unexpected = 0
        self.codes: collections.Counter[int] = collections.Counter()
        #: The first ones, in words.
        self.words: list[str] = []

    def __enter__(self) -> Judge:
        self._logger = logging.getLogger("fenix")
        self._level, self._propagate = self._logger.level, self._logger.propagate
        self._logger.setLevel(logging.INFO)
        self._logger.propagate = False
        self._logger.addHandler(self._log)
        return self

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self._log)
        self._logger.setLevel(self._level)
        self._logger.propagate = self._propagate
        self._changes.close()

    def request(self, environ: dict[str, Any], caller: Caller) -> int | None:
        """Send a request; returns the code of the answer, None when there was none."""
        if caller.may != "all" and self._target.strategy == "noauth":
            for header in _IDENTITY:  # whoever may send them is who they say
                environ.pop(header, None)
        environ.update(caller.headers)
        method, raw = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")
        body = environ["wsgi.input"].read()
        environ["wsgi.input"] = io.BytesIO(body)
        what = f"{caller.name} ({self._target.strategy}): {method} {raw!a} {body[:300]!r}"
        self.tried += 1
        self._log.records.clear()
        begun = time.monotonic()
        try:
            response = webob.Request(environ).get_response(self._target.app)
        except Exception as error:  # noqa: BLE001 - whatever it is, it was not to be raised
            self._blame(what, f"{type(error).__name__}: {error}")
            return None
        self.codes[response.status_int] += 1
        faults = [
            *self._of_time(time.monotonic() - begun),
            *self._of_answer(response),
            *self._of_right(method, raw, response.status_int, caller),
            *self._of_body(method, raw, response.status_int, body),
            *self._of_rows(method, response.status_int),
            *self._of_log(),
        ]
        for fault in faults[:1]:
            self._blame(what, f"{response.status_int}: {fault}")
        return int(response.status_int)

    def _blame(self, what: str, fault: str) -> None:
        self.unexpected += 1
        if len(self.words) < _KEPT:
            self.words.append(f"{what}: {fault}")

    def _of_time(self, seconds: float) -> list[str]:
        return [f"it took {seconds:.0f} s"] if seconds > _HANGS else []

    def _of_answer(self, response: Any) -> list[str]:
        if response.status_int >= 500:
            return [response.text]
        if "x-openstack-request-id" not in response.headers:
            return ["no request id"]
        if any(c in str(v) for v in response.headers.values() for c in "\r\n"):
            return ["a header with a line break"]
        return []

    def _of_right(self, method: str, raw: str, code: int, caller: Caller) -> list[str]:
        known = conformance.template(_text(raw))
        item = conformance.DOCUMENT["paths"].get(known, {})
        operation = item.get({"HEAD": "get"}.get(method, method.lower()))
        if code != _SUCCESS or caller.may == "all" or operation is None:
            return []
        if "security" in operation:  # it needs no token
            return []
        if caller.may == "nothing" or (caller.may == "read" and method not in ("GET", "HEAD")):
            return ["this caller may not"]
        if any(r.startswith(("session:", "engine:")) for r in operation["x-policy"]):
            return ["only administrators may"]
        segments = _text(raw).split("/")
        if known and "{project_id}" in known:
            project = segments[known.split("/").index("{project_id}")]
            if project != caller.project:
                return [f"it is project {project}'s"]
        return []

    def _of_body(self, method: str, raw: str, code: int, body: bytes) -> list[str]:
        item = conformance.DOCUMENT["paths"].get(conformance.template(_text(raw)), {})
        wanted = item.get(method.lower(), {}).get("requestBody")
        if code != _SUCCESS or wanted is None:
            return []
        if not body.strip():
            return ["a body is needed"] if wanted["required"] else []
        schema = wanted["content"]["application/json"]["schema"]
        try:
            jsonschema.Draft202012Validator({**conformance.DOCUMENT, **schema}).validate(
                json.loads(body)
            )
        except (ValueError, jsonschema.ValidationError) as error:
            return [f"the body was taken although {str(error).splitlines()[0]}"]
        return []

    def _of_rows(self, method: str, code: int) -> list[str]:
        if not self._changes.any():
            return []
        before, self._rows = self._rows, self._contents()
        if self._rows != before and (code != _SUCCESS or method in ("GET", "HEAD")):
            tables = [t for t in self._rows if self._rows[t] != before[t]]
            return [f"it wrote to {', '.join(tables)}"]
        return []

    def _of_log(self) -> list[str]:
        for record in self._log.records:
            line = record.getMessage()
            if record.levelno >= logging.ERROR or record.exc_info:
                return [f"logged: {line}"]
            if not line.isprintable():
                return [f"what cannot be printed is in the log: {line!r}"]
        return []

    def _contents(self) -> dict[str, list[Any]]:
        """All rows, but for the notes that a reply was ignored and why: these are meant to be."""
        found = {}
        events = models.session_events
        with self._target.service.database.reader() as session:
            for name, table in models.metadata.tables.items():
                query = sa.select(table)
                if table is events:
                    query = query.where(events.c.kind != history.IGNORED)
                found[name] = sorted(map(repr, session.execute(query)))
        return found


class _Changes:
    """Whether somebody may have written since it was asked last; SQLite knows, servers do not."""

    def __init__(self, database: Database) -> None:
        url = database.engine.url
        file = url.database if url.get_backend_name() == "sqlite" else None
        self._connection = sqlite3.connect(file) if file else None
        self.any()

    def any(self) -> bool:
        if self._connection is None:
            return True
        before = getattr(self, "_version", None)
        self._version = self._connection.execute("PRAGMA data_version").fetchone()
        return bool(self._version != before)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()


def _text(raw: str) -> str:
    return raw.encode("latin-1", "replace").decode("utf-8", "replace").rstrip("/") or "/"
