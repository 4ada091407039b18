"""Tests of statements, run on SQLite here and on real databases by the live suite."""

from __future__ import annotations

import concurrent.futures
import datetime
import tempfile
import threading
from typing import Any

import sqlalchemy as sa
import testtools
from alembic import autogenerate, migration
from oslo_config import cfg

from fenix import conf as fenix_conf
from fenix import exceptions, states, timing
from fenix.db import (
    advance,
    claims,
    constraints,
    disruptions,
    lifecycle,
    models,
    outbox,
    records,
    replies,
    runs,
    schema,
)
from fenix.db import sessions as db_sessions
from fenix.db.api import Database
from fenix.engine import control

LEASE = 10.0


class StatementsMixin(testtools.TestCase):
    """Everything that several processes do to the same rows at once."""

    connection = ""

    def setUp(self) -> None:
        super().setUp()
        conf = cfg.ConfigOpts()
        fenix_conf.load([], conf=conf, default_config_files=[])
        conf.set_override("connection", self.connect(), "database")
        self.database = Database(conf)
        self.addCleanup(self.database.dispose)
        schema.upgrade(self.database)
        self.now = timing.SystemClock().now()

    def connect(self) -> str:
        folder = tempfile.TemporaryDirectory(prefix="fenix-test-")
        self.addCleanup(folder.cleanup)
        return f"sqlite:///{folder.name}/fenix.sqlite"

    def make(self, session_id: str = "s1", hosts: tuple[str, ...] = ("h1",)) -> None:
        lifecycle.create(
            self.database,
            records.Session(
                session_id, "default", states.INITIAL, self.now, self.now, wake_at=self.now
            ),
            [records.Host(session_id, h, "compute") for h in hosts],
            [],
            [],
            [],
        )

    def take(self, owner: str = "a", later: float = 1.0) -> records.Session | None:
        now = self.now + datetime.timedelta(seconds=later)
        return claims.claim(self.database, "s1", owner, now, LEASE)

    def due(self, owner: str, later: float = 0.0) -> list[str]:
        now = self.now + datetime.timedelta(seconds=later)
        return claims.due(self.database, owner, now, LEASE, 10)

    def wait_row(self) -> records.Wait:
        return records.Wait("s1", "p", states.MAINTENANCE, self.now, self.now, self.now)

    def race(self, count: int, work: Any) -> list[Any]:
        with concurrent.futures.ThreadPoolExecutor(count) as pool:
            return list(pool.map(work, range(count)))

    # Schema

    def test_migrations_make_what_the_models_say(self) -> None:
        with self.database.engine.connect() as connection:
            context = migration.MigrationContext.configure(connection, opts={"compare_type": False})
            self.assertEqual([], autogenerate.compare_metadata(context, models.metadata))
        self.assertEqual(schema.head(), schema.current(self.database))
        schema.upgrade(self.database)

    def test_times_keep_their_microseconds(self) -> None:
        self.make()
        found = db_sessions.get(self.database, "s1")
        self.assertEqual(self.now, found.created_at)

    # Claims

    def test_one_engine_wins_a_claim(self) -> None:
        self.make()
        won = self.race(8, lambda n: self.take(f"engine-{n}"))
        self.assertEqual(1, sum(1 for w in won if w is not None))

    def test_a_claim_ends_with_its_lease(self) -> None:
        self.make()
        self.assertIsNotNone(self.take("a"))
        self.assertIsNone(self.take("b", LEASE / 2))
        taken = self.take("b", 2 * LEASE)
        self.assertIsNotNone(taken)
        self.assertEqual("b", taken.owner)

    def test_a_renewed_lease_is_kept_and_a_lost_one_is_not_got_back(self) -> None:
        self.make()
        self.take("a")
        later = self.now + datetime.timedelta(seconds=LEASE)
        claims.renew(self.database, ["s1"], "a", later, LEASE)
        self.assertIsNone(self.take("b", 1.5 * LEASE))
        self.take("b", 3 * LEASE)
        claims.renew(self.database, ["s1"], "a", later, LEASE)
        self.assertEqual(set(), claims.held(self.database, ["s1"], "a"))
        self.assertEqual({"s1"}, claims.held(self.database, ["s1"], "b"))

    def test_a_stopping_engine_hands_over_at_once(self) -> None:
        self.make()
        self.take("a")
        claims.let_go(self.database, "a", self.now)
        self.assertEqual(["s1"], self.due("b"))

    # Advancing

    def test_whoever_lost_the_session_writes_nothing(self) -> None:
        self.make()
        old = self.take("a")
        self.take("b", 2 * LEASE)
        changes = advance.Changes(events=[records.Event("s1", self.now, "state", "from the past")])
        old.state = states.SCALE_IN
        self.assertRaises(
            exceptions.LostLease, advance.commit, self.database, old, changes, self.now
        )
        self.assertEqual(states.INITIAL, db_sessions.get(self.database, "s1").state)
        with self.database.reader() as session:
            count = session.scalar(sa.select(sa.func.count(models.session_events.c.event_id)))
        self.assertEqual(0, count)

    def test_a_wake_during_the_work_is_not_slept_over(self) -> None:
        self.make()
        session = self.take()
        db_sessions.wake(self.database, "s1", self.now)
        far = self.now + datetime.timedelta(hours=1)
        advance.commit(self.database, session, advance.Changes(), self.now, advance.Release(far))
        self.assertEqual(self.now, db_sessions.get(self.database, "s1").wake_at)

    def test_a_session_sleeps_until_its_time(self) -> None:
        self.make()
        session = self.take()
        far = self.now + datetime.timedelta(hours=1)
        advance.commit(self.database, session, advance.Changes(), self.now, advance.Release(far))
        self.assertEqual(far, db_sessions.get(self.database, "s1").wake_at)
        self.assertEqual([], self.due("b"))

    def _open(self) -> tuple[records.Session, records.Wait]:
        self.make()
        session = self.take()
        wait = self.wait_row()
        advance.commit(self.database, session, advance.Changes(new_waits=[wait]), self.now)
        self.assertNotEqual(0, wait.wait_id)
        return session, wait

    def test_a_reply_is_never_closed_over(self) -> None:
        session, wait = self._open()
        self.assertTrue(replies.record(self.database, wait, "ACK_MAINTENANCE", {}, self.now))
        wait.status = "silent"
        changes = advance.Changes(waits={wait.wait_id: (wait, None)})
        self.assertRaises(advance.Stale, advance.commit, self.database, session, changes, self.now)

    def test_the_first_of_many_replies_counts(self) -> None:
        _session, wait = self._open()
        taken = self.race(
            6,
            lambda n: replies.record(
                self.database, wait, "ACK_MAINTENANCE", {"i": str(n)}, self.now
            ),
        )
        self.assertEqual(1, sum(taken))

    def test_a_closed_question_takes_no_reply(self) -> None:
        session, wait = self._open()
        wait.status = "silent"
        advance.commit(
            self.database, session, advance.Changes(waits={wait.wait_id: (wait, None)}), self.now
        )
        self.assertFalse(replies.record(self.database, wait, "ACK_MAINTENANCE", {}, self.now))

    # Life of sessions

    def test_one_session_for_a_host_also_when_made_at_once(self) -> None:
        def make(number: int) -> bool:
            try:
                self.make(f"s{number}", ("h1", f"other-{number}"))
            except exceptions.Conflict as error:
                self.assertIn("h1 (session s", str(error))
                return False
            return True

        self.assertEqual(1, sum(self.race(6, make)))
        self.assertEqual(1, len(db_sessions.ids(self.database)))

    # Commands

    def control(self) -> control.Control:
        return control.Control(self.database, timing.SystemClock(), lambda _: states.TABLE.states)

    def test_of_two_admins_one_continues_a_session(self) -> None:
        self.make()

        def go_on(number: int) -> bool:
            try:
                self.control().give({"request_id": f"req-{number}"}, "s1", "continue")
            except exceptions.Conflict as error:
                self.assertIn("can be continued", str(error))
                return False
            return True

        self.assertFalse(go_on(0))
        session = self.take()
        session.state = states.MAINTENANCE_FAILED
        advance.commit(self.database, session, advance.Changes(), self.now, advance.Release(None))
        self.assertEqual(1, sum(self.race(4, go_on)))

    def test_whoever_is_late_is_told_what_happened(self) -> None:
        self.make()
        self.control().give({"request_id": "req-1", "user_id": "ann"}, "s1", "pause")
        late = self.assertRaises(
            exceptions.Conflict, self.control().give, {"request_id": "req-2"}, "s1", "pause"
        )
        self.assertIn("is in state MAINTENANCE and paused since", str(late))
        self.assertIn("last command was 'pause'", str(late))
        self.assertIn("by user ann in req-1", str(late))

    def test_a_command_is_not_lost_on_whoever_is_at_work(self) -> None:
        self.make()
        session = self.take()
        self.control().give({}, "s1", "abort")
        changes = advance.Changes(events=[records.Event("s1", self.now, "state", "too late")])
        self.assertRaises(advance.Stale, advance.commit, self.database, session, changes, self.now)
        found = db_sessions.get(self.database, "s1")
        self.assertEqual(("abort", "a"), (found.command, found.owner))
        with self.database.reader() as reader:
            kinds = list(reader.scalars(sa.select(models.session_events.c.kind)))
        self.assertEqual(["command"], kinds)

    def test_one_of_many_different_commands_wins(self) -> None:
        self.make()

        def command(number: int) -> str | None:
            name = ("pause", "abort")[number % 2]
            try:
                self.control().give({}, "s1", name)
            except exceptions.Conflict:
                return None
            return name

        done = [name for name in self.race(6, command) if name is not None]
        self.assertEqual(1, done.count("abort"))
        self.assertLessEqual(done.count("pause"), 1)
        found = db_sessions.get(self.database, "s1")
        self.assertEqual(("abort", None), (found.command, found.paused_at))

    def test_no_action_begins_in_a_session_that_waits(self) -> None:
        self.make()
        session = self.take()
        run = records.ActionRun("s1", "dummy", "host", "h1", "k1", self.now)
        changes = advance.Changes(new_runs=[run])
        advance.commit(self.database, session, changes, self.now, advance.Release(self.now))
        self.assertEqual(1, len(runs.due(self.database, self.now, LEASE, 10)))
        self.control().give({}, "s1", "pause")
        self.assertEqual([], runs.due(self.database, self.now, LEASE, 10))
        self.assertFalse(runs.claim(self.database, run, "a", self.now, LEASE, self.now))
        self.control().give({}, "s1", "resume")
        self.assertTrue(runs.claim(self.database, run, "a", self.now, LEASE, self.now))

    # Outbox and runs

    def test_a_notification_is_sent_by_one_engine_and_in_order(self) -> None:
        self.make()
        session = self.take()
        rows = [
            records.Outgoing(
                "s1", "p", f"m{n}", "maintenance.planned", {"n": n}, self.now, self.now
            )
            for n in range(2)
        ]
        advance.commit(self.database, session, advance.Changes(outgoing=rows), self.now)
        heads = outbox.heads(self.database, self.now, 10)
        self.assertEqual(["m0"], [h.message_id for h in heads])
        taken = self.race(
            4, lambda n: outbox.take(self.database, heads[0], f"e{n}", self.now, LEASE)
        )
        self.assertEqual(1, sum(taken))
        self.assertEqual([], outbox.heads(self.database, self.now, 10))
        outbox.sent(self.database, {heads[0].outbox_id: self.now})
        self.assertEqual(self.now, outbox.left_at(self.database, "m0"))
        heads = outbox.heads(self.database, self.now, 10)
        self.assertEqual(["m1"], [h.message_id for h in heads])

    def test_what_must_be_sent_once_is_not_sent_again_after_a_crash(self) -> None:
        self.make()
        session = self.take()
        row = records.Outgoing(
            "s1", "p", "m", "maintenance.planned", {}, self.now, self.now, send_once=True
        )
        advance.commit(self.database, session, advance.Changes(outgoing=[row]), self.now)
        head = outbox.heads(self.database, self.now, 1)[0]
        self.assertTrue(outbox.take(self.database, head, "dead", self.now, LEASE))
        later = self.now + datetime.timedelta(seconds=2 * LEASE)
        orphan = outbox.heads(self.database, later, 1)[0]
        self.assertFalse(outbox.take(self.database, orphan, "alive", later, LEASE))
        self.assertEqual([], outbox.heads(self.database, later, 1))
        self.assertEqual(self.now, outbox.left_at(self.database, "m"))

    def test_a_run_is_carried_out_by_one_engine_and_taken_over_when_it_dies(self) -> None:
        self.make()
        session = self.take()
        run = records.ActionRun("s1", "dummy", "host", "h1", "key", self.now)
        advance.commit(self.database, session, advance.Changes(new_runs=[run]), self.now)
        found = runs.due(self.database, self.now, LEASE, 10)

        def claim(number: int) -> bool:
            mine = runs.due(self.database, self.now, LEASE, 10)
            return bool(mine) and runs.claim(
                self.database, mine[0], f"e{number}", self.now, LEASE, self.now
            )

        self.assertEqual(1, len(found))
        self.assertEqual(1, sum(self.race(4, claim)))
        later = self.now + datetime.timedelta(seconds=2 * LEASE)
        orphan = runs.due(self.database, later, LEASE, 10)[0]
        self.assertTrue(runs.claim(self.database, orphan, "new", later, LEASE, later))
        self.assertEqual(2, orphan.attempt)
        stale = found[0]
        stale.attempt, stale.owner = 1, "e0"
        self.assertFalse(runs.finish(self.database, stale, "SUCCEEDED", "", later))
        self.assertTrue(runs.finish(self.database, orphan, "SUCCEEDED", "fine", later))

    def test_constraints_belong_to_their_owner(self) -> None:
        table = constraints.INSTANCE
        self.race(
            4, lambda n: constraints.put(self.database, table, f"o{n}", "i", {"lead_time": n})
        )
        self.assertEqual(
            {"instance_id": "i", "lead_time": 2}, constraints.get(self.database, table, "o2", "i")
        )
        constraints.delete(self.database, table, "o2", "i")
        self.assertIsNone(constraints.get(self.database, table, "o2", "i"))
        self.assertIsNotNone(constraints.get(self.database, table, "o1", "i"))

    def test_one_of_several_takes_the_last_place_of_a_group(self) -> None:
        self.make()
        won: list[bool] = []

        def take(number: int) -> None:
            found = disruptions.of_projects(self.database, ["p"])
            row = found.get(("p", "g")) or records.Disruption("p", "g")
            member = {"session": "s1", "since": "2026-11-22T01:00:00", "ended": None}
            row.members = {**row.members, f"i{number}-{row.revision}": member}
            self.barrier.wait(10)
            won.append(disruptions.write(self.database, row))

        for present in (1, 2):
            self.barrier = threading.Barrier(4)
            won.clear()
            self.race(4, take)
            self.assertEqual(1, sum(won))
            row = disruptions.of_projects(self.database, ["p", "other"])["p", "g"]
            self.assertEqual((present, present), (row.revision, len(row.members)))

    def test_what_a_deleted_session_left_does_not_count(self) -> None:
        gone = {"session": "gone", "since": "2026-11-22T01:00:00", "ended": None}
        over = {**gone, "ended": "2026-11-22T01:00:05"}
        disruptions.write(
            self.database, records.Disruption("p", "g", members={"i": gone, "j": over})
        )
        row = disruptions.of_projects(self.database, ["p"])["p", "g"]
        self.assertEqual({"j": over}, row.members)
