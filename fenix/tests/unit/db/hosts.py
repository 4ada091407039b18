"""Statements about hosts outside sessions: who is there, whose turn it is to look, and notes."""

from __future__ import annotations

import datetime
import threading

import sqlalchemy as sa

from fenix.db import duties, known_hosts, models, observers, records
from fenix.db.known_hosts import Change
from fenix.tests.unit.db import base

_SECOND = datetime.timedelta(seconds=1)


class HostsMixin(base.StatementsMixin):
    """Several engines that look at the same time."""

    def told(self) -> int:
        with self.database.reader() as session:
            return int(session.scalar(sa.select(sa.func.count()).select_from(models.outbox)) or 0)

    def test_a_change_is_written_and_told_once(self) -> None:
        known_hosts.write(self.database, Change(added=frozenset({"a", "b"})), self.now)
        won: list[bool] = []
        for change in (
            Change(added=frozenset({"c"}), missing=frozenset({"a"})),
            Change(added=frozenset({"d"}), removed=frozenset({"a"})),
        ):
            won.clear()
            barrier = threading.Barrier(4)

            def write(
                number: int, change: Change = change, barrier: threading.Barrier = barrier
            ) -> None:
                row = records.Outgoing(
                    session_id="",
                    channel="admin",
                    message_id=f"m{number}",
                    event_type="maintenance.host",
                    payload={},
                    created_at=self.now,
                    due_at=self.now,
                )
                barrier.wait(10)
                won.append(known_hosts.write(self.database, change, self.now, [row]))

            self.race(4, write)
            self.assertEqual(1, sum(won))
        self.assertEqual({"b": None, "c": None, "d": None}, known_hosts.known(self.database))
        self.assertEqual(2, self.told())

    def test_missing_and_back(self) -> None:
        known_hosts.write(self.database, Change(added=frozenset({"a"})), self.now)
        known_hosts.write(self.database, Change(missing=frozenset({"a"})), self.now)
        self.assertEqual({"a": self.now}, known_hosts.known(self.database))
        known_hosts.write(self.database, Change(back=frozenset({"a"})), self.now)
        self.assertEqual({"a": None}, known_hosts.known(self.database))

    def test_a_duty_is_done_by_one_until_it_is_due_again(self) -> None:
        for now in (self.now, self.now + 60 * _SECOND):
            turns: list[bool] = []
            barrier = threading.Barrier(4)

            def take(
                number: int,
                now: datetime.datetime = now,
                turns: list[bool] = turns,
                barrier: threading.Barrier = barrier,
            ) -> None:
                barrier.wait(10)
                turns.append(duties.take(self.database, "look", f"engine-{number}", now, 60))

            self.race(4, take)
            self.assertEqual(1, sum(turns))
        self.assertFalse(duties.take(self.database, "look", "engine", self.now + 90 * _SECOND, 60))

    def test_notes_of_observers(self) -> None:
        self.assertIsNone(observers.recall(self.database, "masakari", "a"))
        for note in ({"on_maintenance": True}, {"on_maintenance": False}):
            observers.keep(self.database, "masakari", "a", note)
            self.assertEqual(note, observers.recall(self.database, "masakari", "a"))
        self.assertIsNone(observers.recall(self.database, "vitrage", "a"))
        observers.keep(self.database, "masakari", "a", None)
        self.assertIsNone(observers.recall(self.database, "masakari", "a"))
