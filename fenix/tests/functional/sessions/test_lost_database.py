"""The database is lost in the middle of a step of a session."""

from __future__ import annotations

from typing import Any
from unittest import mock

from oslo_db import exception as db_exc

from fenix.db.store import SqlStore
from fenix.tests.functional.sessions.base import SessionTestCase


class LostDatabaseTest(SessionTestCase):
    """It is back before the lease ends: nothing has failed."""

    def build(self) -> None:
        self.computes(2)
        self.instances("worker", {"compute-1": 2})

    def test_the_session_goes_on(self) -> None:
        subscriptions, lost = SqlStore.subscriptions, [3]

        def failing(store: SqlStore, *arguments: Any) -> dict[str, str]:
            if lost[0] > 0:
                lost[0] -= 1
                raise db_exc.DBConnectionError(RuntimeError("gone"))
            return subscriptions(store, *arguments)

        self.enterContext(mock.patch.object(SqlStore, "subscriptions", failing))
        session_id = self.create()
        self.done(session_id)
        self.assertEqual(0, lost[0])
        kinds = {e.kind for e in self.history(session_id)}
        self.assertNotIn("failure", kinds)
        self.assert_cloud_sound()
