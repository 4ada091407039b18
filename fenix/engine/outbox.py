"""Sending what was committed, in order per channel: one sender for each carrier."""

from __future__ import annotations

import datetime
import logging
import threading
from collections.abc import Callable

import futurist
from oslo_config import cfg
from oslo_db import exception as db_exc

from fenix import exceptions, timing
from fenix.db import outbox as db_outbox
from fenix.db import records
from fenix.db.api import Database
from fenix.notifications.carrier import Carrier

LOG = logging.getLogger(__name__)

_BATCH = 200

#: What became of a try.
SENT = "sent"
FAILED = "failed"


class OutboxSender:
    """Sends what is due by one carrier; any engine may, a row is sent by the one that marks it.

    :param on_result: told the carrier and what became of each try: ``sent``, ``failed`` (it is
        tried again), ``unsure`` or ``dead``.
    """

    def __init__(
        self,
        *,
        conf: cfg.ConfigOpts,
        database: Database,
        clock: timing.Clock,
        carrier: Carrier,
        engine_id: str,
        on_result: Callable[[str, str], None] = lambda _carrier, _result: None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._carrier = carrier
        self._engine_id = engine_id
        self._on_result = on_result
        self._poll = conf.engine.poll_interval
        # A sender that says nothing for so long is taken for dead.
        self._patience = max(conf.engine.lease, 4 * carrier.time_limit)
        self._pool = (
            futurist.ThreadPoolExecutor(max_workers=carrier.parallel)
            if carrier.parallel > 1
            else None
        )
        self._lock = threading.Lock()
        self._busy: set[str] = set()
        self._nudged = threading.Event()
        self._stopped = False

    # Driving

    def nudge(self) -> None:
        """Something was written."""
        self._nudged.set()

    def stop(self) -> None:
        """Take nothing more, and let what is being sent come to its end."""
        self._stopped = True
        self._nudged.set()
        if self._pool is not None:
            self._pool.shutdown(wait=True)

    def loop(self) -> None:
        """Run until :meth:`stop`."""
        while not self._stopped:
            self._nudged.wait(self._poll)
            self._nudged.clear()
            try:
                self.send_due()
            except (db_exc.DBError, exceptions.FenixError) as error:
                LOG.warning("The outbox waits: %s", error)
                self._nudged.wait(self._poll)
            except Exception:
                LOG.exception("The outbox goes on after an error")
                self._nudged.wait(self._poll)

    # Sending

    def send_due(self) -> int:
        """Send what is due until nothing is left; with more than one thread, begin to.

        :returns: how many were sent, or how many channels were begun with.
        """
        if self._pool is not None:
            return self._begin(self._pool)
        count = 0
        while not self._stopped:
            sent = sum(self._send_channel(head) for head in self._heads())
            count += sent
            if not sent:
                break
        return count

    def _heads(self, busy: set[str] | None = None) -> list[records.Outgoing]:
        now = self._clock.now()
        return db_outbox.heads(self._database, now, _BATCH, self._carrier.name, busy or ())

    def _begin(self, pool: futurist.ThreadPoolExecutor) -> int:
        """Hand channels to free threads: one thread a channel, so that a slow one delays itself."""
        with self._lock:
            busy = set(self._busy)
        begun = 0
        if len(busy) >= self._carrier.parallel:
            return 0
        for head in self._heads(busy):
            with self._lock:
                if self._stopped or len(self._busy) >= self._carrier.parallel:
                    break
                if head.channel in self._busy:
                    continue
                self._busy.add(head.channel)
            pool.submit(self._work, head)
            begun += 1
        return begun

    def _work(self, head: records.Outgoing) -> None:
        try:
            self._send_channel(head)
        except (db_exc.DBError, exceptions.FenixError) as error:
            LOG.warning("The outbox waits: %s", error)
        except Exception:
            LOG.exception("Sending by %s goes on after an error", self._carrier.name)
        finally:
            with self._lock:
                self._busy.discard(head.channel)
            self._nudged.set()

    def _send_channel(self, head: records.Outgoing) -> int:
        """Send the first of a channel and what may follow it at once, while it is ours."""
        now, until = self._clock.now(), self._clock.monotonic() + self._patience / 4
        if not db_outbox.take(self._database, head, self._engine_id, now, self._patience):
            return 0
        head.attempts += 1
        row_after_row = [head]
        if not head.send_once:
            row_after_row += db_outbox.following(self._database, head, now, _BATCH)
        taken: dict[int, datetime.datetime] = {}
        for row in row_after_row:
            if self._clock.monotonic() > until or not self._deliver(row):
                break
            taken[row.outbox_id] = self._clock.now()
        if taken:
            db_outbox.sent(self._database, taken)
        return len(taken)

    def _deliver(self, row: records.Outgoing) -> bool:
        try:
            self._carrier.deliver(row)
        except exceptions.Unsure as error:
            if row.send_once:
                self._lose(row, db_outbox.UNSURE, str(error))
            else:
                self._again(row, str(error))
        except exceptions.Unavailable as error:
            self._again(row, str(error))
        except exceptions.Undeliverable as error:
            self._lose(row, db_outbox.DEAD, str(error))
        else:
            self._on_result(self._carrier.name, SENT)
            return True
        return False

    def _again(self, row: records.Outgoing, error: str) -> None:
        carrier, now = self._carrier, self._clock.now()
        age = (now - row.created_at).total_seconds()
        if carrier.give_up is not None and age > carrier.give_up:
            self._lose(
                row, db_outbox.DEAD, f"{error}; given up after {age:.0f} s, {row.attempts} tries"
            )
            return
        pause = min(carrier.pause * 2 ** min(max(row.attempts - 1, 0), 10), carrier.longest_pause)
        LOG.warning("%s; again in %.1f s", error, pause)
        again = now + datetime.timedelta(seconds=pause)
        text = f"{self._what(row)} is not taken: {error}; {carrier.trying}"
        event = self._line(row, text, FAILED) if row.attempts == carrier.warn_after else None
        db_outbox.failed(self._database, row, self._engine_id, error, again, event)
        self._on_result(carrier.name, FAILED)

    def _lose(self, row: records.Outgoing, status: str, error: str) -> None:
        what = "may not have arrived" if status == db_outbox.UNSURE else "did not arrive"
        text = "; ".join(filter(None, (f"{self._what(row)} {what}: {error}", self._carrier.remedy)))
        event = self._line(row, text, status)
        LOG.error("Session %s: %s", event.session_id, text)
        db_outbox.lose(self._database, row, self._engine_id, status, error, event)
        self._on_result(self._carrier.name, status)

    def _what(self, row: records.Outgoing) -> str:
        return f"{row.event_type} by {self._carrier.name} to {row.channel}"

    def _line(self, row: records.Outgoing, text: str, status: str) -> records.Event:
        """A line for the history of the session that a row is about."""
        return records.Event(
            session_id=row.session_id or _text(row.payload.get("session_id")) or "",
            at=self._clock.now(),
            kind="warning",
            message=text,
            host=_text(row.payload.get("host")),
            project_id=_text(row.payload.get("project_id")),
            data={"message_id": row.message_id, "status": status},
        )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
