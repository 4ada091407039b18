"""The API on the databases that are used in earnest; SQLite is lenient where these are not."""

from __future__ import annotations

import concurrent.futures
import os
import threading
import unittest
import uuid
from typing import Any

import sqlalchemy as sa

from fenix.db import models
from fenix.tests import base
from fenix.tests.functional import sample, test_fuzz

RED = {"X-Project-Id": sample.RED}


class _OnServer(base.ApiTestCase):
    """With a database of its own on the server that ``variable`` names."""

    variable = ""
    options = ""
    dropping = ""

    def setUp(self) -> None:
        if self.variable not in os.environ:
            self.skipTest(f"needs {self.variable}, the URL of a database server")
        url = sa.make_url(os.environ[self.variable])
        name = f"fenix_{uuid.uuid4().hex}"
        self._execute(url, f"CREATE DATABASE {name} {self.options}")
        self.addCleanup(self._execute, url, f"DROP DATABASE {name} {self.dropping}")
        own = url.set(database=name).render_as_string(hide_password=False)
        self.sections = {"database": {"connection": own}}
        super().setUp()

    @staticmethod
    def _execute(url: sa.URL, statement: str) -> None:
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sa.text(statement))
        engine.dispose()


class _Checks:
    """What is the same on every database."""

    def test_ids_are_compared_exactly(self) -> None:
        paths = [
            "/v1/instance/a",
            "/v1/instance/A",
            "/v1/instance/%F0%9F%94%A5",
            "/v1/instance/%C3%A4",
        ]
        for path in paths:
            response = self.call("PUT", path, {"instance_name": path}, RED)
            self.assertEqual(200, response.status_int, response.text)
        for path in paths:
            found = self.call("GET", path, headers=RED).json["instance_name"]
            self.assertEqual(path, found)

    def test_bounds_of_numbers(self) -> None:
        for value in (0, 2147483647):
            response = self.call("PUT", "/v1/instance/i", {"lead_time": value}, RED)
            self.assertEqual((200, value), (response.status_int, response.json["lead_time"]))

    def test_a_reply_is_kept_once(self) -> None:
        self.service.with_sample()
        path = f"/v1/maintenance/{sample.EMPTYING}/{sample.RED}"
        for action in ("LIVE_MIGRATE", "MIGRATE"):
            body = {"state": "ACK_PLANNED_MAINTENANCE", "instance_actions": {"red-1": action}}
            self.assertEqual(200, self.call("PUT", path, body, RED).status_int)
        detail = self.call("GET", f"/v1/maintenance/{sample.EMPTYING}/detail").json
        (wait,) = detail["projects"][0]["waits"]
        self.assertEqual({"red-1": "LIVE_MIGRATE"}, wait["reply_actions"])
        self.assertEqual(sample.EMPTYING, detail["session"]["session_id"])

    def at_once(self, *calls: tuple[Any, ...]) -> list[int]:
        """Send all requests at the same moment; their codes."""
        barrier = threading.Barrier(len(calls))

        def send(call: tuple[Any, ...]) -> int:
            barrier.wait()
            return self.call(*call).status_int

        with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
            return list(pool.map(send, calls))

    def test_the_same_constraints_from_everywhere(self) -> None:
        for number in range(5):
            path = f"/v1/instance_group/g-{number}"
            calls = [("PUT", path, {"recovery_time": n}, RED) for n in range(8)]
            self.assertEqual([200] * 8, self.at_once(*calls))
            self.assertIn(self.call("GET", path, headers=RED).json["recovery_time"], range(8))

    def test_the_same_reply_from_everywhere(self) -> None:
        self.service.with_sample()
        path = f"/v1/maintenance/{sample.ASKING}/{sample.RED}"
        states = ["ACK_MAINTENANCE", "NACK_MAINTENANCE"] * 4
        self.assertEqual(
            [200] * 8, self.at_once(*(("PUT", path, {"state": s}, RED) for s in states))
        )
        with self.service.database.reader() as session:
            kinds = list(session.scalars(sa.select(models.session_events.c.kind)))
        self.assertEqual(["ignored"] * 7 + ["reply"], sorted(kinds))


class SQLiteTest(base.ApiTestCase, _Checks):
    pass


class MariaDBTest(_OnServer, _Checks):
    variable = "FENIX_TEST_MYSQL"
    options = "CHARACTER SET utf8mb4"


class PostgreSQLTest(_OnServer, _Checks):
    variable = "FENIX_TEST_POSTGRESQL"


class MariaDBFuzzTest(MariaDBTest, test_fuzz.RawTest):
    pass


class PostgreSQLFuzzTest(PostgreSQLTest, test_fuzz.RawTest):
    pass


def load_tests(
    loader: unittest.TestLoader, tests: unittest.TestSuite, pattern: str | None
) -> unittest.TestSuite:
    """Only the servers' own classes."""
    suite = unittest.TestSuite()
    for case in (SQLiteTest, MariaDBTest, PostgreSQLTest):
        suite.addTests(loader.loadTestsFromTestCase(case))
    for fuzz in (MariaDBFuzzTest, PostgreSQLFuzzTest):
        suite.addTest(fuzz("test_any_request"))
    return suite
