"""A whole session on a real broker and real databases, with two engines."""

from __future__ import annotations

from typing import ClassVar

from fenix import exceptions
from fenix.db import outbox as db_outbox
from fenix.db import records
from fenix.notifications.publisher import Publisher
from fenix.tests.functional.sessions.base import SessionTestCase
from fenix.tests.live import broker
from fenix.tests.live.test_databases import MariaDBTest, PostgreSQLTest


class _RealNeighbours(SessionTestCase):
    engines = 2
    server: ClassVar[type[MariaDBTest] | type[PostgreSQLTest]]

    def setUp(self) -> None:
        self.settings = {
            "DEFAULT": {"transport_url": broker.taken(self)},
            "database": {"connection": self.server.connect(self)},  # type: ignore[arg-type]
        }
        super().setUp()

    variable = ""
    _drop = staticmethod(MariaDBTest._drop)

    def build(self) -> None:
        self.cloud.add_host("controller", roles=("controller",))
        self.computes(3, vcpus=2)
        self.workers = self.instances("worker", {"compute-1": 2, "compute-2": 1, "compute-3": 1})

    def test_session(self) -> None:
        session_id = self.create(actions=[{"plugin": "dummy", "type": "host"}])
        detail = self.done(session_id)
        self.assertEqual([True] * 4, [h["maintained"] for h in detail["hosts"]])
        self.assert_cloud_sound()
        self.assertEqual("MAINTENANCE", self.manager.states()[0])
        self.assertEqual("MAINTENANCE_COMPLETE", self.manager.states()[-1])
        answer = self.request("DELETE", f"/{session_id}")
        self.assertEqual(200, answer.status_code)


class MariaDBSessionTest(_RealNeighbours):
    """RabbitMQ and MariaDB."""

    server = MariaDBTest
    variable = MariaDBTest.variable


class PostgreSQLSessionTest(_RealNeighbours):
    """RabbitMQ and PostgreSQL."""

    server = PostgreSQLTest
    variable = PostgreSQLTest.variable

    def test_an_event_that_the_broker_does_not_take_is_not_lost(self) -> None:
        conf, now = self.cluster.conf, self.cluster.engines[0]._clock.now()
        row = records.Outgoing("s", "p", "m", "maintenance.planned", {}, now, now)
        conf.set_override("transport_url", "rabbit://fenix:fenix@127.0.0.1:1/")
        self.addCleanup(conf.clear_override, "transport_url")
        self.assertRaises(exceptions.Unavailable, Publisher(conf).publish, row)
        self.assertEqual("new", row.status)
        self.assertEqual([], db_outbox.heads(self.cluster.database, now, 1))


def load_tests(loader: object, tests: object, pattern: object) -> object:
    """Leave the base class out."""
    import unittest

    suite = unittest.TestSuite()
    for case in (MariaDBSessionTest, PostgreSQLSessionTest):
        suite.addTests(unittest.defaultTestLoader.loadTestsFromTestCase(case))
    return suite
