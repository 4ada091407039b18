"""The outbox: in order per channel, whatever the bus does."""

from __future__ import annotations

import datetime
import tempfile

import testtools
from oslo_config import cfg

from fenix import conf as fenix_conf
from fenix import exceptions, timing
from fenix.db import models, outbox, records, rows, schema
from fenix.db.api import Database
from fenix.engine.outbox import OutboxSender


class Bus:
    """Takes everything but what it is told to refuse."""

    def __init__(self) -> None:
        self.took: list[str] = []
        self.refuses: set[str] = set()

    def publish(self, row: records.Outgoing) -> None:
        if row.message_id in self.refuses:
            raise exceptions.Unavailable(f"no {row.message_id}")
        self.took.append(row.message_id)


class OutboxSenderTest(testtools.TestCase):
    """One sender, one bus."""

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
        self.now = timing.SystemClock().now()
        self.bus = Bus()
        self.sender = OutboxSender(
            conf=conf,
            database=self.database,
            clock=timing.SystemClock(),
            publisher=self.bus,  # type: ignore[arg-type]
            engine_id="e",
        )

    def write(self, channel: str, *names: str, due: float = 0.0, once: bool = False) -> None:
        due_at = self.now + datetime.timedelta(seconds=due)
        made = [
            records.Outgoing(
                "s", channel, n, "maintenance.planned", {}, self.now, due_at, send_once=once
            )
            for n in names
        ]
        with self.database.writer() as session:
            rows.insert(session, models.outbox, made, without=["outbox_id"])

    def pending(self) -> list[str]:
        with self.database.reader() as session:
            where = models.outbox.c.status != outbox.SENT
            return [
                r.message_id for r in rows.select(session, models.outbox, records.Outgoing, where)
            ]

    def test_everything_in_order(self) -> None:
        self.write("p", "p1", "p2")
        self.write("q", "q1")
        self.write("p", "p3")
        self.assertEqual(4, self.sender.send_due())
        self.assertEqual(["p1", "p2", "p3"], [m for m in self.bus.took if m[0] == "p"])
        self.assertEqual([], self.pending())
        self.assertIsNotNone(outbox.left_at(self.database, "p3"))
        self.assertEqual(0, self.sender.send_due())

    def test_what_the_bus_refuses_holds_up_its_channel_only(self) -> None:
        self.write("p", "p1", "p2", "p3")
        self.write("q", "q1")
        self.bus.refuses = {"p2"}
        self.assertEqual(2, self.sender.send_due())
        self.assertEqual({"p1", "q1"}, set(self.bus.took))
        self.assertEqual(["p2", "p3"], self.pending())

    def test_what_is_not_due_holds_up_what_comes_after(self) -> None:
        self.write("p", "p1")
        self.write("p", "p2", due=60)
        self.write("p", "p3")
        self.assertEqual(1, self.sender.send_due())
        self.assertEqual(["p2", "p3"], self.pending())

    def test_what_is_sent_once_is_marked_before(self) -> None:
        """So a sender that dies with others on their way never repeats it."""
        self.write("p", "p1")
        self.write("p", "p2", once=True)
        self.write("p", "p3")
        head = outbox.heads(self.database, self.now, 1)[0]
        self.assertTrue(outbox.take(self.database, head, "dead", self.now, 60.0))
        self.assertEqual([], outbox.following(self.database, head, self.now, 10))
        self.assertEqual(0, self.sender.send_due())
        outbox.failed(self.database, head, "it died", self.now)
        self.assertEqual(3, self.sender.send_due())
        self.assertEqual(["p1", "p2", "p3"], self.bus.took)
