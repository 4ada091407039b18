"""MariaDB and PostgreSQL restarted, deadlocking and full under a session."""

from __future__ import annotations

import signal
import time
from typing import Any

import sqlalchemy as sa

from fenix.tests.live.faults_base import OUTAGE, FaultsTestCase


class _DatabaseFaults(FaultsTestCase):
    """One deployment and three sessions, each with a fault of its own."""

    #: Ends the server at once, without a goodbye to its clients.
    crash = signal.SIGKILL

    def test_restarted_deadlocking_and_full(self) -> None:
        self._away()
        self._deadlocks()
        self._full()

    def _away(self) -> None:
        """The server crashes in the middle of a session and stays away for a while."""
        session_id = self.create()
        self.wait_for(self.moved, "a move")
        with self.neighbours.away(self.database, self.crash):
            until = time.monotonic() + OUTAGE
            for method, path in (("GET", ""), ("GET", f"/{session_id}/detail"), ("POST", "")):
                answer = self.call(method, path, json={} if method == "POST" else None)
                self.unavailable(answer, "the database", "repeat the request")
            time.sleep(max(0.0, until - time.monotonic()))
        self.fenix.wait(lambda: self.fenix.engine.demand_alive() is None, "the engine lives")
        self.fenix.done(session_id)
        self.sound()

    def _deadlocks(self) -> None:
        """Somebody locks rows in the opposite order, over and over."""
        session_id = self.create()
        self.wait_for(lambda: self.fenix.state(session_id) != "MAINTENANCE", "work begins")
        engine = sa.create_engine(self.fenix.conf.database.connection)
        self.addCleanup(engine.dispose)
        hit = sum(self._cross(engine, session_id) for _ in range(20))
        self.fenix.done(session_id)
        self.sound()
        self.assertGreater(hit, 0, "no transaction was crossed")

    def _cross(self, engine: sa.Engine, session_id: str) -> bool:
        """Hold a row that the engine writes last, then want the one that it writes first.

        :returns: whether the engine stood between the two; one of us is then turned away.
        """
        last = sa.text("UPDATE hosts SET details = details WHERE session_id = :s")
        first = sa.text("UPDATE sessions SET reason = reason WHERE session_id = :s")
        try:
            with engine.begin() as connection:
                connection.execute(last, {"s": session_id})
                time.sleep(0.1)
                begun = time.monotonic()
                connection.execute(first, {"s": session_id})
                return time.monotonic() - begun > 0.005
        except sa.exc.DBAPIError:
            return True

    def _full(self) -> None:
        """The server has no room: it says so to every write, until there is some."""
        session_id = self.create()
        self.wait_for(lambda: self.fenix.state(session_id) != "MAINTENANCE", "work begins")
        engine = sa.create_engine(self.fenix.conf.database.connection, isolation_level="AUTOCOMMIT")
        self.addCleanup(engine.dispose)
        with engine.connect() as connection:
            for statement in self.fill:
                connection.execute(sa.text(statement))
            before = self._revision(session_id)
            answer = self.call("POST", json={"hosts": ["controller"]})
            self.unavailable(answer, "the database has no room left")
            project = self.scene.owners[0].project.id
            answer = self.fenix.admin.request(
                f"{self.fenix.url}/v1/instance/i-1",
                "PUT",
                json={"project_id": project},
                raise_exc=False,
            )
            self.unavailable(answer, "the database has no room left")
            self.assertEqual(200, self.call("GET", f"/{session_id}/detail").status_code)
            time.sleep(OUTAGE)
            self.assertEqual(before, self._revision(session_id))
            for statement in self.empty:
                connection.execute(sa.text(statement))
        self.fenix.done(session_id)
        self.sound()

    def _revision(self, session_id: str) -> Any:
        return self.fenix.row(session_id).revision

    fill: tuple[str, ...]
    empty: tuple[str, ...]


class MariaDBFaultsTest(_DatabaseFaults):
    """RabbitMQ and MariaDB. A trigger gives the answer of a server whose disk is full."""

    database = "mysql"
    fill = tuple(
        f"CREATE TRIGGER full_{table}_{verb.lower()} BEFORE {verb} ON {table} FOR EACH ROW "
        f"SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1114, MESSAGE_TEXT = 'The table ''{table}'' "
        f"is full'"
        for table in ("sessions", "outbox", "engines", "project_instances", "host_claims")
        for verb in ("INSERT", "UPDATE")
    )
    empty = tuple(
        f"DROP TRIGGER full_{table}_{verb}"
        for table in ("sessions", "outbox", "engines", "project_instances", "host_claims")
        for verb in ("insert", "update")
    )


class PostgreSQLFaultsTest(_DatabaseFaults):
    """RabbitMQ and PostgreSQL."""

    database = "postgresql"
    fill = (
        "CREATE FUNCTION no_room() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION "
        "'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$ "
        "LANGUAGE plpgsql",
        *(
            f"CREATE TRIGGER full_{table} BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW "
            f"EXECUTE FUNCTION no_room()"
            for table in ("sessions", "outbox", "engines", "project_instances", "host_claims")
        ),
    )
    empty = ("DROP FUNCTION no_room() CASCADE",)


def load_tests(loader: object, tests: object, pattern: object) -> object:
    """Leave the base class out."""
    import unittest

    suite = unittest.TestSuite()
    for case in (MariaDBFaultsTest, PostgreSQLFaultsTest):
        suite.addTests(unittest.defaultTestLoader.loadTestsFromTestCase(case))
    return suite
