"""The outbox: in order per channel, whatever the bus does."""

from __future__ import annotations

import datetime
import tempfile
import threading
from unittest import mock

import testtools
from oslo_config import cfg

from fenix import conf as fenix_conf
from fenix import exceptions, timing
from fenix.db import models, outbox, records, rows, schema
from fenix.db.api import Database
from fenix.engine.outbox import OutboxSender
from fenix.notifications.carrier import Carrier


class Death(BaseException):
    """SIGKILL."""


class Bus:
    """Takes everything but what it is told to refuse."""

    def __init__(self) -> None:
        self.took: list[str] = []
        self.refuses: set[str] = set()
        self.errors: dict[str, Exception] = {}

    def publish(self, row: records.Outgoing) -> None:
        if row.message_id in self.errors:
            raise self.errors[row.message_id]
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
        self.conf = conf
        self.bus = Bus()
        self.results: list[tuple[str, str]] = []
        self.sender = self.sender_of(Carrier("bus", self.bus.publish, pause=1.0))

    def sender_of(self, carrier: Carrier) -> OutboxSender:
        return OutboxSender(
            conf=self.conf,
            database=self.database,
            clock=timing.SystemClock(),
            carrier=carrier,
            engine_id="e",
            on_result=lambda *result: self.results.append(result),
        )

    def write(
        self,
        channel: str,
        *names: str,
        due: float = 0.0,
        once: bool = False,
        carrier: str = "bus",
        age: float = 0.0,
    ) -> None:
        due_at = self.now + datetime.timedelta(seconds=due)
        made = [
            records.Outgoing(
                "s",
                channel,
                n,
                "maintenance.planned",
                {},
                self.now - datetime.timedelta(seconds=age),
                due_at,
                send_once=once,
                carrier=carrier,
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
        outbox.failed(self.database, head, "dead", "it died", self.now)
        self.assertEqual(3, self.sender.send_due())
        self.assertEqual(["p1", "p2", "p3"], self.bus.took)

    def status(self, message_id: str) -> str:
        with self.database.reader() as session:
            (row,) = rows.select(
                session,
                models.outbox,
                records.Outgoing,
                models.outbox.c.message_id == message_id,
            )
        return row.status

    def history(self) -> list[str]:
        with self.database.reader() as session:
            return [e.message for e in rows.select(session, models.session_events, records.Event)]

    def test_a_carrier_sends_its_own_rows_only(self) -> None:
        self.write("p", "p1")
        self.write("p", "w1", carrier="webhook")
        self.assertEqual(1, self.sender.send_due())
        self.assertEqual(["w1"], self.pending())
        other = self.sender_of(Carrier("webhook", self.bus.publish, pause=1.0))
        self.assertEqual(1, other.send_due())
        self.assertEqual(["p1", "w1"], self.bus.took)

    def test_a_dead_row_is_told_and_lets_others_pass(self) -> None:
        self.write("p", "p1", "p2")
        self.bus.errors = {"p1": exceptions.Undeliverable("nobody lives there")}
        self.sender.send_due()
        self.sender.send_due()
        self.assertEqual(["p2"], self.bus.took)
        self.assertEqual(outbox.DEAD, self.status("p1"))
        self.assertIn("to p did not arrive: nobody lives there", self.history()[0])
        self.assertIn(("bus", "dead"), self.results)
        self.assertIsNotNone(outbox.left_at(self.database, "p1"))

    def test_an_answer_that_stays_away(self) -> None:
        """Is followed by another try, unless what was sent may be sent only once."""
        self.write("p", "again")
        self.write("q", "once", once=True)
        broken = exceptions.Unsure("the connection broke")
        self.bus.errors = {"again": broken, "once": broken}
        self.sender.send_due()
        self.assertEqual(outbox.NEW, self.status("again"))
        self.assertEqual(outbox.UNSURE, self.status("once"))
        self.assertIn("to q may not have arrived: the connection broke", self.history()[0])

    def test_what_is_too_old_is_given_up(self) -> None:
        self.write("p", "young")
        self.write("q", "old", age=100)
        self.bus.refuses = {"young", "old"}
        sender = self.sender_of(Carrier("bus", self.bus.publish, pause=1.0, give_up=60))
        sender.send_due()
        self.assertEqual(outbox.NEW, self.status("young"))
        self.assertEqual(outbox.DEAD, self.status("old"))
        self.assertRegex(self.history()[0], r"given up after 1\d\d s, 1 tries")

    def test_a_sender_that_dies_after_the_bus_took_it(self) -> None:
        """The next sends it again, with its id; what is sent once is looked after instead."""
        self.write("p", "again")
        self.write("q", "once", once=True)

        def dies(*_: object) -> None:
            raise Death

        clock = mock.Mock(wraps=timing.SystemClock())
        with mock.patch.object(outbox, "sent", dies):
            for _ in range(2):
                self.assertRaises(Death, self.sender.send_due)
        self.assertEqual({"again", "once"}, set(self.bus.took))
        lease = datetime.timedelta(seconds=max(self.conf.engine.lease, 4 * 60) + 1)
        later = timing.SystemClock().now() + lease
        clock.now.side_effect = lambda: later
        with mock.patch.object(self.sender, "_clock", clock):
            self.sender.send_due()
            self.sender.send_due()
        self.assertEqual(["again"] * 2, [m for m in self.bus.took if m == "again"])
        self.assertEqual(1, self.bus.took.count("once"))
        self.assertEqual((outbox.SENT, outbox.UNSURE), (self.status("again"), self.status("once")))

    def test_a_slow_channel_delays_itself_only(self) -> None:
        self.write("slow", "s1", "s2")
        for channel in "abc":
            self.write(channel, f"{channel}1", f"{channel}2")
        go, arrived = threading.Event(), threading.Event()

        def deliver(row: records.Outgoing) -> None:
            if row.message_id == "s1":
                go.wait(60)
            self.bus.took.append(row.message_id)
            if {"a2", "b2", "c2"} <= set(self.bus.took):
                arrived.set()

        sender = self.sender_of(Carrier("bus", deliver, pause=1.0, parallel=2))
        thread = threading.Thread(target=sender.loop)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(sender.stop)
        self.addCleanup(go.set)
        self.assertTrue(arrived.wait(60))
        self.assertNotIn("s1", self.bus.took)
        go.set()
        self.assertEqual(6, len([m for m in self.bus.took if m[0] != "s"]))

    def test_a_sender_that_was_too_slow_writes_nothing(self) -> None:
        """Another has taken the row since; that one says what becomes of it."""
        self.write("p", "p1")
        head = outbox.heads(self.database, self.now, 1)[0]
        outbox.take(self.database, head, "other", self.now, 60.0)
        event = records.Event("s", self.now, "warning", "lost")
        outbox.lose(self.database, head, "slow", outbox.DEAD, "no", event)
        outbox.failed(self.database, head, "slow", "no", self.now)
        self.assertEqual(outbox.SENDING, self.status("p1"))
        self.assertEqual([], self.history())
