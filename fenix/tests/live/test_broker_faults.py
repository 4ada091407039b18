"""RabbitMQ restarted, and away for a while, under a session."""

from __future__ import annotations

import datetime
import signal
import time
import uuid

import sqlalchemy as sa

from fenix import timing
from fenix.db import models, records, rows
from fenix.tests.live.faults_base import OUTAGE, FaultsTestCase

#: What an engine may grow by while notifications pile up; a copy of each would take twice that.
_GROWTH = 16.0
_WAITING = 4000
_CHANNELS = 100


class BrokerFaultsTest(FaultsTestCase):
    """The same deployment for all, because each start of a broker takes seconds."""

    settings = {"oslo_messaging_rabbit": {"amqp_durable_queues": "true"}}

    def test_restarted_and_away(self) -> None:
        self._restarted()
        self._away()
        self._memory_stays()

    def _restarted(self) -> None:
        """A session goes on after the broker was restarted in its middle."""
        session_id = self.create()
        self.wait_for(self.moved, "a move")
        self.neighbours.down("rabbit", signal.SIGTERM)
        self.neighbours.up("rabbit")
        self.fenix.done(session_id)
        self.sound()

    def _away(self) -> None:
        """Nothing is lost while nobody takes a notification; the API says what is wrong."""
        before = self.moved()
        with self.neighbours.away("rabbit", signal.SIGKILL):
            until = time.monotonic() + OUTAGE
            begun = time.monotonic()
            answer = self.call("POST", json={"hosts": self.scene.computes})
            self.assertLess(time.monotonic() - begun, 30)
            self.unavailable(answer, "no engine answered within", "message bus")
            self.assertEqual(200, self.call("GET").status_code)
            time.sleep(max(0.0, until - time.monotonic()))
        self.wait_for(lambda: self.call("GET").status_code == 200, "the API")
        # The command that got 503 was not carried out late, and does not hold the hosts.
        session_id = self.wait_for(self._created, "an engine answers")
        self.fenix.done(session_id)
        self.assertGreater(self.moved(), before)
        self.sound()

    def _created(self) -> str | None:
        self.begun_at = len(self.scene.cloud.record.moves)
        answer = self.call("POST", json={"hosts": self.scene.computes})
        if answer.status_code == 503:
            return None
        self.assertEqual(200, answer.status_code, answer.text)
        return str(answer.json()["session_id"])

    def _memory_stays(self) -> None:
        """Notifications wait in the database, not in the engine; then all leave, in order."""
        with self.neighbours.away("rabbit", signal.SIGKILL):
            self._outgoing(_WAITING)
            time.sleep(OUTAGE / 2)
            early = self.fenix.engine.memory()
            time.sleep(OUTAGE)
            late = self.fenix.engine.memory()
        self.assertLess(late - early, _GROWTH, f"{early:.0f} -> {late:.0f} MiB")
        self.wait_for(lambda: self._waiting() == 0, "every notification leaves")
        self.assertLess(self.fenix.engine.memory() - early, 2 * _GROWTH)

    def _outgoing(self, count: int) -> None:
        now = timing.SystemClock().now() - datetime.timedelta(seconds=1)
        filler = {"service": "fenix", "text": "x" * 8000}
        found = [
            records.Outgoing(
                "flood", f"channel-{n % _CHANNELS}", str(uuid.uuid4()), "load", filler, now, now
            )
            for n in range(count)
        ]
        with self.fenix.database.writer() as write:
            rows.insert(write, models.outbox, found, without=["outbox_id"])

    def _waiting(self) -> int:
        table = models.outbox
        where = table.c.status.in_(("new", "sending"))
        return int(
            self.fenix.scalar(sa.select(sa.func.count()).select_from(table).where(where)) or 0
        )
