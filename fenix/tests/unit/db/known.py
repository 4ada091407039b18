"""Statements about sessions that an engine knows, because it worked on them last."""

from __future__ import annotations

import datetime
from unittest import mock

import sqlalchemy as sa

from fenix.db import advance, claims, engines, models, orders, records
from fenix.db import sessions as db_sessions
from fenix.engine import leases
from fenix.tests.unit.db import failed
from fenix.tests.unit.db.base import LEASE


class KnownMixin(failed.FailedMixin):
    """One that ``a`` worked on, and that another engine finds."""

    def beat(self, owner: str, later: float) -> None:
        at = self.now + datetime.timedelta(seconds=later)
        row = records.Engine(owner, "controller", "1", at, at)
        engines.beat(self.database, row, self.now - datetime.timedelta(days=1))

    def rest(self, owner: str = "a") -> None:
        """An engine works on a session, and gives it back; it is due again ten leases later."""
        self.make()
        self.beat(owner, 0)
        held = self.take(owner)
        wake_at = self.now + datetime.timedelta(seconds=10 * LEASE)
        advance.commit(
            self.database, held, advance.Changes(), self.now, advance.Release(wake_at=wake_at)
        )

    def test_a_session_is_left_to_the_engine_that_knows_it(self) -> None:
        self.rest("a")
        soon = 10 * LEASE + 1
        self.beat("a", soon)
        self.assertEqual(([], ["s1"]), (self.due("b", soon), self.due("a", soon)))
        self.assertIsNone(self.take("b", soon))
        self.assertIsNotNone(self.take("a", soon))

    def test_an_engine_that_shows_no_life_loses_its_sessions(self) -> None:
        self.rest("a")
        self.beat("a", 9 * LEASE - 1)
        due = 10 * LEASE
        self.assertEqual(["s1"], self.due("b", due))
        self.assertEqual("b", self.take("b", due).owner)

    def test_a_session_that_waits_for_long_is_anybodys(self) -> None:
        """An engine may live and have too much to do."""
        self.rest("a")
        late = 11 * LEASE
        self.beat("a", late)
        self.assertEqual(([], ["s1"]), (self.due("b", late - 0.1), self.due("b", late)))
        self.assertEqual("b", self.take("b", late).owner)

    def listed(self, owner: str, later: float, limit: int) -> list[str]:
        now = self.now + datetime.timedelta(seconds=later)
        return claims.due(self.database, owner, now, LEASE, limit)

    def test_what_another_knows_comes_last(self) -> None:
        self.many(2)
        late = 11 * LEASE
        self.beat("a", late)
        self.make("new", hosts=("other",))
        with self.database.writer() as write:
            write.execute(
                sa.update(models.sessions)
                .where(models.sessions.c.session_id == "new")
                .values(wake_at=self.now + datetime.timedelta(seconds=late))
            )
        self.assertEqual(["new"], self.listed("b", late, 1))
        self.assertEqual(["new", "s1", "s2"], sorted(self.due("b", late)))

    def test_nobody_waits_for_ever_for_an_engine(self) -> None:
        self.many(2)
        self.assertIsNotNone(self.take("b", 10 * LEASE))
        self.rest_at("b", 12.9 * LEASE)
        late = 13 * LEASE
        for engine in ("a", "b"):
            self.beat(engine, late)
        # Its own is due, and another's has waited for three leases.
        self.assertEqual(["s2"], self.listed("b", late, 1))

    def test_what_a_dead_engine_knew_comes_like_ones_own(self) -> None:
        """Whoever has enough to do must not pass it over."""
        self.many(2)
        self.assertIsNotNone(self.take("b", 10 * LEASE))
        self.rest_at("b", 10.2 * LEASE)
        self.assertEqual(["s2"], self.listed("b", 10.3 * LEASE, 1))

    def rest_at(self, owner: str, wake_at: float) -> None:
        held = db_sessions.get(self.database, "s1")
        self.assertEqual(owner, held.owner)
        at = self.now + datetime.timedelta(seconds=wake_at)
        advance.commit(
            self.database, held, advance.Changes(), self.now, advance.Release(wake_at=at)
        )

    def test_who_waits_longest_is_kept_when_more_comes_in(self) -> None:
        self.rest("a")
        db_sessions.wake(self.database, "s1", self.now + datetime.timedelta(seconds=15 * LEASE))
        due = self.now + datetime.timedelta(seconds=10 * LEASE)
        self.assertEqual(due, db_sessions.get(self.database, "s1").wake_at)
        later = 16 * LEASE
        self.beat("a", later)
        self.assertEqual(["s1"], self.due("b", later))

    def test_an_engine_that_begins_to_stop_knows_nothing_any_more(self) -> None:
        self.rest("a")
        soon = 10 * LEASE + 1
        self.beat("a", soon)
        claims.forget(self.database, "a")
        self.assertEqual(["s1"], self.due("b", soon))

    def test_a_command_is_carried_out_by_whoever_was_asked(self) -> None:
        self.rest("a")
        soon = self.now + datetime.timedelta(seconds=2)
        self.beat("a", 2)
        seen = db_sessions.get(self.database, "s1")
        event = records.Event("s1", soon, orders.COMMAND, "pause")
        self.assertTrue(orders.give(self.database, seen, {"paused_at": soon}, [event]))
        self.assertEqual(["s1"], self.due("b", 2))
        self.assertIsNotNone(self.take("b", 2))

    def test_a_stopping_engine_leaves_nothing_to_itself(self) -> None:
        self.rest("a")
        soon = 10 * LEASE + 1
        self.beat("a", soon)
        claims.let_go(self.database, "a", self.now)
        self.assertEqual(["s1"], self.due("b", soon))

    def many(self, count: int) -> None:
        """That many sessions which ``a`` knows, due at the same time."""
        self.rest("a")
        for number in range(2, count + 1):
            name = f"s{number}"
            self.make(name, hosts=(f"{name}-host",))
            held = claims.claim(
                self.database, name, "a", self.now + datetime.timedelta(seconds=1), LEASE
            )
            wake_at = self.now + datetime.timedelta(seconds=10 * LEASE)
            advance.commit(
                self.database, held, advance.Changes(), self.now, advance.Release(wake_at=wake_at)
            )

    def adopt(self, owner: str, later: float) -> str | None:
        return claims.adopt(self.database, owner, self.now + datetime.timedelta(seconds=later))

    def test_an_engine_that_knows_few_adopts_of_what_waits(self) -> None:
        self.many(4)
        soon = 10 * LEASE + 1
        self.beat("a", soon)
        self.beat("b", soon)
        adopted = [self.adopt("b", soon) for _ in range(4)]
        self.assertEqual(2, len(set(adopted) - {None}))
        self.assertEqual([None, None], adopted[2:])
        self.assertEqual(set(adopted[:2]), set(self.due("b", soon)))
        self.assertEqual(2, len(self.due("a", soon)))

    def test_nothing_is_adopted_that_does_not_wait(self) -> None:
        self.many(4)
        self.assertIsNone(self.adopt("b", 9 * LEASE))
        soon = self.now + datetime.timedelta(seconds=10 * LEASE + 1)
        for name in ("s1", "s2", "s3", "s4"):
            self.assertIsNotNone(claims.claim(self.database, name, "a", soon, LEASE))
        self.assertIsNone(self.adopt("b", 10 * LEASE + 1))

    def test_one_is_adopted_from_whom_somebody_waits_for(self) -> None:
        """The engine that knows most may sleep, or be dead."""
        self.many(4)
        with self.database.writer() as write:
            sleeping = models.sessions.c.session_id.in_(("s1", "s2", "s3", "s4"))
            later = self.now + datetime.timedelta(days=1)
            write.execute(sa.update(models.sessions).where(sleeping).values(wake_at=later))
        for name in ("t1", "t2"):
            self.make(name, hosts=(f"{name}-host",))
            soon = self.now + datetime.timedelta(seconds=1)
            held = claims.claim(self.database, name, "c", soon, LEASE)
            advance.commit(
                self.database, held, advance.Changes(), self.now, advance.Release(wake_at=soon)
            )
        self.assertIn(self.adopt("b", 2), ("t1", "t2"))

    def test_who_has_no_free_thread_adopts_nothing(self) -> None:
        self.many(4)
        soon = 10 * LEASE + 1
        self.beat("a", soon)
        clock = mock.Mock(now=lambda: self.now + datetime.timedelta(seconds=soon))
        held = leases.Leases(self.database, "b", clock, LEASE)
        self.assertEqual([], held.due(0))
        self.assertEqual(1, len(held.due(1)))

    def test_one_session_more_is_even(self) -> None:
        self.rest("a")
        self.assertIsNone(self.adopt("b", 10 * LEASE + 1))
