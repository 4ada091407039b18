"""DELETE waits for the end of a session, wherever it ends."""

from __future__ import annotations

import tempfile
import threading
from typing import Any

import testtools
from oslo_config import cfg

from fenix import conf as fenix_conf
from fenix import states, timing
from fenix.db import claims, lifecycle, records, schema
from fenix.db import sessions as db_sessions
from fenix.db.api import Database
from fenix.engine.commands import Commands
from fenix.engine.endings import Endings
from fenix.workflow.hold import Ports


class DeleteTest(testtools.TestCase):
    """The command, with an engine that does nothing by itself."""

    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory(prefix="fenix-test-")
        self.addCleanup(folder.cleanup)
        self.conf = cfg.ConfigOpts()
        fenix_conf.load([], conf=self.conf, default_config_files=[])
        self.conf.set_override("connection", f"sqlite:///{folder.name}/fenix.sqlite", "database")
        self.database = Database(self.conf)
        self.addCleanup(self.database.dispose)
        schema.upgrade(self.database)
        self.clock = timing.SystemClock()
        now = self.clock.now()
        session = records.Session("s1", "default", states.INITIAL, now, now, wake_at=now)
        lifecycle.create(self.database, session, [], [], [], [])
        self.endings = Endings()
        self.nudged = threading.Event()
        self.commands = Commands(
            conf=self.conf,
            database=self.database,
            clock=self.clock,
            ports=Ports(cloud=None, managers=dict, reservations=list),  # type: ignore[arg-type]
            plugins=None,  # type: ignore[arg-type]
            nudge=lambda session_id: self.nudged.set(),
            endings=self.endings,
        )

    def delete(self) -> threading.Thread:
        """Send the command; returns when the engine would begin to carry it out."""
        thread = threading.Thread(target=self.commands.delete_session, args=({}, "s1"))
        thread.start()
        self.nudged.wait(10)
        return thread

    def erase(self) -> None:
        now = self.clock.now()
        held: Any = claims.claim(self.database, "s1", "e", now, 10)
        lifecycle.erase(self.database, held, [])

    def test_an_end_here_is_known_at_once(self) -> None:
        # The database would not be asked for longer than the test waits.
        self.conf.set_override("poll_interval", 60.0, "engine")
        thread = self.delete()
        self.assertTrue(thread.is_alive())
        self.erase()
        self.endings.tell("s1")
        thread.join(20)
        self.assertFalse(thread.is_alive())
        self.assertEqual({}, self.endings._waiting)

    def test_an_end_elsewhere_is_looked_up(self) -> None:
        self.conf.set_override("poll_interval", 0.05, "engine")
        thread = self.delete()
        self.erase()
        thread.join(20)
        self.assertFalse(thread.is_alive())

    def test_nobody_waits_for_longer_than_the_caller(self) -> None:
        self.conf.set_override("rpc_timeout", 1, "api")
        self.commands.delete_session({}, "s1")
        self.assertIsNotNone(db_sessions.wakes(self.database, "s1"))

    def test_only_those_who_wait_for_it_are_told(self) -> None:
        with self.endings.awaited("s1") as one, self.endings.awaited("s2") as other:
            self.endings.tell("s1")
            self.assertTrue(one.is_set())
            self.assertFalse(other.is_set())
