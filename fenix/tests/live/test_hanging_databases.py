"""A database that stops to answer an engine: connections that hang are given up."""

from __future__ import annotations

import time
from typing import ClassVar

import sqlalchemy as sa

from fenix.tests.functional.sessions.base import SessionTestCase
from fenix.tests.functional.silence import Proxy
from fenix.tests.live.test_databases import MariaDBTest, PostgreSQLTest

_TIMEOUT = 2
_ENDED = ("MAINTENANCE_DONE", "MAINTENANCE_FAILED")


class _Hanging(SessionTestCase):
    server: ClassVar[type[MariaDBTest] | type[PostgreSQLTest]]

    def setUp(self) -> None:
        url = sa.make_url(self.server.connect(self))  # type: ignore[arg-type]
        self.proxy = Proxy(str(url.host), int(url.port or 0))
        self.addCleanup(self.proxy.close)
        through = url.set(host="127.0.0.1", port=self.proxy.port)
        self.settings = {
            "database": {"connection": through.render_as_string(hide_password=False)},
            "engine": {"database_timeout": _TIMEOUT, "lease": 2},
        }
        super().setUp()

    variable = ""

    @staticmethod
    def _drop(server: sa.Engine, name: str) -> None:
        force = " WITH (FORCE)" if server.dialect.name == "postgresql" else ""
        with server.connect() as connection:
            connection.execute(sa.text(f"DROP DATABASE {name}{force}"))
        server.dispose()

    def state(self, session_id: str) -> str:
        return str(self.request("GET", f"/{session_id}").json().get("state"))

    def moved(self) -> int:
        with self.cloud.at_rest():
            return sum(m.done for m in self.cloud.record.moves)

    def test_a_session_goes_on_without_them(self) -> None:
        session_id = self.create(actions=[{"plugin": "dummy", "type": "host"}])
        self.wait_for(self.moved, "a move")
        self.proxy.hold()
        time.sleep(2 * _TIMEOUT)
        self.proxy.only_new()
        # Requests that meet a connection which hangs are answered 503.
        self.wait_for(lambda: self.request("GET").status_code == 200, "the API answers")
        self.wait_for(lambda: self.state(session_id) in _ENDED, "the session ends")
        self.done(session_id)
        self.assert_cloud_sound()
        for worker in self.cloud.servers:
            self.assertLessEqual(self.moves(worker), 2)


class MariaDBHangsTest(_Hanging):
    """PyMySQL bounds every read."""

    server = MariaDBTest
    variable = MariaDBTest.variable


class PostgreSQLHangsTest(_Hanging):
    """The kernel bounds what is not acknowledged, the server what takes long."""

    server = PostgreSQLTest
    variable = PostgreSQLTest.variable


def load_tests(loader: object, tests: object, pattern: object) -> object:
    """Leave the base class out."""
    import unittest

    suite = unittest.TestSuite()
    for case in (MariaDBHangsTest, PostgreSQLHangsTest):
        suite.addTests(unittest.defaultTestLoader.loadTestsFromTestCase(case))
    return suite
