"""The disk under the state path is full, with the database of a small deployment on it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from fenix import timing
from fenix.db import models
from fenix.tests.functional.sessions.base import SessionTestCase

#: More than what is left free on pages that a table has already.
_ROWS = 500
_FOR = 3.0


class FullDiskTest(SessionTestCase):
    """SQLite is told that its file cannot grow, and says what it says when a disk is full."""

    def build(self) -> None:
        self.computes(4)
        self.instances("worker", {"compute-1": 2, "compute-2": 1})

    @contextlib.contextmanager
    def full(self) -> Iterator[None]:
        """No connection of this process finds room in the block."""
        engine = self.cluster.database.engine
        others = [e.database.engine for e in self.cluster.engines]
        limit = [self._pages(engine)]

        def bound(connection: Any, *_: Any) -> None:
            connection.execute(f"PRAGMA max_page_count = {limit[0]}").close()

        for one in (engine, *others):
            sa.event.listen(one, "checkout", bound)
        try:
            self._fill(engine)
            yield
        finally:
            limit[0] = 1_000_000

    @staticmethod
    def _pages(engine: sa.Engine) -> int:
        with engine.connect() as connection:
            return int(connection.exec_driver_sql("PRAGMA page_count").scalar() or 0)

    def _fill(self, engine: sa.Engine) -> None:
        """Use up what the pages of the history have left: every step of a session writes there."""
        row = sa.insert(models.session_events).values(
            session_id="filler", at=timing.SystemClock().now(), kind="k", message="m" * 99, data={}
        )
        for _ in range(_ROWS):
            try:
                with engine.begin() as connection:
                    connection.execute(row)
            except sa.exc.OperationalError as error:
                self.assertIn("database or disk is full", str(error))
                return
        self.fail(f"{_ROWS} rows went into a full database")

    def test_the_session_waits_and_goes_on(self) -> None:
        hosts = ["compute-1", "compute-2", "compute-3"]
        session_id = self.create(hosts=hosts, actions=[{"plugin": "dummy", "type": "host"}])
        self.wait_for(
            lambda: any(m.done for m in list(self.cloud.record.moves)), "an instance has moved"
        )
        with self.full():
            answer = self.request("POST", json={"hosts": ["compute-4"]})
            self.assertEqual(503, answer.status_code, answer.text)
            self.assertIn("the database has no room left", answer.json()["error"]["message"])
            events = len(self.history(session_id))
            time.sleep(_FOR)
            self.assertEqual(events, len(self.history(session_id)))
            self.assertEqual(200, self.request("GET", f"/{session_id}/detail").status_code)
        self.done(session_id)
        self.assertNotIn("failure", {e.kind for e in self.history(session_id)})
        self.assert_cloud_sound()
        for server in self.cloud.servers:
            self.assertLessEqual(self.moves(server), 2)
