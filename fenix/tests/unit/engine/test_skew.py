"""Rows of a clock that was an hour ahead."""

from __future__ import annotations

import datetime
import tempfile

import sqlalchemy as sa
import testtools
from oslo_config import cfg

from fenix import conf as fenix_conf
from fenix import states
from fenix.db import claims, lifecycle, models, records, rows, schema
from fenix.db import outbox as db_outbox
from fenix.db import runs as db_runs
from fenix.db.api import Database
from fenix.engine.skew import Skew
from fenix.tests.unit.engine.test_action_runs import START, Clock

LEASE = 10.0
AHEAD = START + datetime.timedelta(hours=1)


class SkewTest(testtools.TestCase):
    """An engine whose clock was an hour ahead died; ours is right."""

    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory(prefix="fenix-test-")
        self.addCleanup(folder.cleanup)
        conf = cfg.ConfigOpts()
        fenix_conf.load([], conf=conf, default_config_files=[])
        conf.set_override("connection", f"sqlite:///{folder.name}/fenix.sqlite", "database")
        self.database = Database(conf)
        self.addCleanup(self.database.dispose)
        schema.upgrade(self.database)
        self.clock = Clock()
        self.skew = Skew(self.database, self.clock, LEASE)

    def session(self, at: datetime.datetime) -> None:
        session = records.Session(
            session_id="s",
            workflow="default",
            state=states.INITIAL,
            created_at=at,
            updated_at=at,
            wake_at=at,
        )
        lifecycle.create(self.database, session, [], [], [], [])

    def look(self, after: float) -> None:
        self.clock.at += datetime.timedelta(seconds=after)
        self.skew.look()

    def due(self) -> list[str]:
        return claims.due(self.database, "e", self.clock.now(), LEASE, 9)

    def test_a_lease_that_nobody_renews(self) -> None:
        self.session(START)
        claims.claim(self.database, "s", "dead", AHEAD, LEASE)
        self.look(0)
        self.look(LEASE - 1)
        self.assertEqual([], self.due())
        self.look(1)
        self.assertEqual(["s"], self.due())

    def test_a_lease_that_is_renewed_by_a_wrong_clock(self) -> None:
        self.session(START)
        claims.claim(self.database, "s", "alive", AHEAD, LEASE)
        for second in range(5):
            later = AHEAD + datetime.timedelta(seconds=second)
            claims.renew(self.database, ["s"], "alive", later, LEASE)
            self.look(LEASE)
        self.assertEqual([], self.due())

    def test_a_session_that_sleeps(self) -> None:
        self.session(AHEAD)
        self.assertEqual([], self.due())
        self.look(0)
        self.assertEqual(["s"], self.due())

    def test_a_session_that_waits_for_its_time(self) -> None:
        self.session(START)
        with self.database.writer() as write:
            write.execute(sa.update(models.sessions).values(wake_at=AHEAD))
        self.look(0)
        self.assertEqual([], self.due())

    def test_notifications(self) -> None:
        rows_of = [
            records.Outgoing("s", c, c, "maintenance.planned", {}, made, AHEAD)
            for c, made in (("future", AHEAD), ("planned", START))
        ]
        with self.database.writer() as write:
            rows.insert(write, models.outbox, rows_of, without=["outbox_id"])
        self.look(0)
        (head,) = db_outbox.heads(self.database, START, 9)
        self.assertEqual("future", head.channel)

    def test_an_action_whose_engine_died(self) -> None:
        run = records.ActionRun("s", "dummy", "host", "compute-1", "k", START)
        with self.database.writer() as write:
            rows.insert(write, models.action_plugin_instances, [run], without=["run_id"])
        (run,) = db_runs.due(self.database, START, LEASE, 1)
        self.assertTrue(db_runs.claim(self.database, run, "dead", AHEAD, LEASE, AHEAD))
        self.assertEqual([], db_runs.due(self.database, START, LEASE, 1))
        self.look(0)
        self.look(LEASE)
        self.assertEqual(1, len(db_runs.due(self.database, self.clock.now(), LEASE, 1)))
