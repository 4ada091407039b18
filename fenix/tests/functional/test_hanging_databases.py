"""A database server that takes what it is sent and answers nothing."""

from __future__ import annotations

import threading
import time
import unittest
from typing import Any

from fenix.api import deploy
from fenix.db.api import PATIENCE, Database
from fenix.tests import base
from fenix.tests.functional import sample, test_databases
from fenix.tests.functional.conformance import Conforming
from fenix.tests.functional.silence import Proxy

RED = {"X-Project-Id": sample.RED}
_PATIENCE = 60.0


class _Hanging(test_databases._OnServer):
    def setUp(self) -> None:
        super().setUp()
        self.service.with_sample()
        url = self.service.database.engine.url
        self.proxy = Proxy(str(url.host), int(url.port or 0))
        self.addCleanup(self.proxy.close)
        through = url.set(host="127.0.0.1", port=self.proxy.port)
        self.service.conf.set_override(
            "connection", through.render_as_string(hide_password=False), group="database"
        )
        database = Database(self.service.conf, patience=PATIENCE)
        self.addCleanup(database.dispose)
        self.addCleanup(self.proxy.go_on)
        self.service.app = Conforming(deploy.make_app(self.service.conf, database))

    def requests(self) -> list[Any]:
        reply = f"/v1/maintenance/{sample.ASKING}/{sample.RED}"
        return [
            ("GET", "/v1/maintenance"),
            ("GET", f"/v1/maintenance/{sample.ASKING}/detail"),
            ("PUT", reply, {"state": "ACK_MAINTENANCE"}, RED),
            ("PUT", "/v1/instance/i", {"lead_time": 1}, RED),
            ("GET", "/healthcheck"),
        ]

    def test_it_is_said_and_goes_on(self) -> None:
        for request in self.requests():
            self.assertEqual(200, self.call(*request).status_int)
        self.proxy.hold()
        answers: list[Any] = []
        threads = [
            threading.Thread(target=lambda r=r: answers.append(self.call(*r)))
            for r in self.requests()
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(_PATIENCE)
        self.assertEqual([503] * len(threads), [a.status_int for a in answers])
        for answer in answers:
            self.assertIn("database", answer.json["error"]["message"])
        self.proxy.go_on()
        until = time.monotonic() + _PATIENCE
        for request in self.requests():
            while (answer := self.call(*request)).status_int != 200:
                self.assertLess(time.monotonic(), until, answer.text)
                time.sleep(0.2)


class MariaDBTest(_Hanging):
    variable = "FENIX_TEST_MYSQL"


class PostgreSQLTest(_Hanging):
    variable = "FENIX_TEST_POSTGRESQL"
    # The server may not have noticed yet that clients have gone.
    dropping = "WITH (FORCE)"


class PatienceTest(base.ApiTestCase):
    """What drivers are told."""

    def options(self, connection: str) -> str:
        from fenix.db import api

        self.service.conf.set_override("connection", connection, group="database")
        return str(api._options(self.service.conf, 30).get("connection_parameters"))

    def test_each_driver_s_words(self) -> None:
        self.assertEqual(
            "charset=utf8mb4&connect_timeout=30&read_timeout=30&write_timeout=30",
            self.options("mysql+pymysql://u:p@h/d"),
        )
        self.assertEqual(
            "connect_timeout=30&tcp_user_timeout=30000", self.options("postgresql://u:p@h/d")
        )
        self.assertEqual("", self.options("sqlite:////x"))

    def test_an_operator_s_own_come_first(self) -> None:
        self.assertEqual(
            "charset=utf8mb4&connect_timeout=30&write_timeout=30",
            self.options("mysql+pymysql://u:p@h/d?read_timeout=5"),
        )


def load_tests(
    loader: unittest.TestLoader, tests: unittest.TestSuite, pattern: str | None
) -> unittest.TestSuite:
    """Not the base classes that are imported."""
    suite = unittest.TestSuite()
    for case in (MariaDBTest, PostgreSQLTest, PatienceTest):
        suite.addTests(loader.loadTestsFromTestCase(case))
    return suite
