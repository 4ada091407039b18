"""Sending notifications after they were committed, in order per channel."""

from __future__ import annotations

import datetime
import logging

from oslo_config import cfg

from fenix import exceptions, timing
from fenix.db import outbox as db_outbox
from fenix.db import records
from fenix.db.api import Database
from fenix.notifications.publisher import Publisher

LOG = logging.getLogger(__name__)

_BATCH = 200
_LONGEST_PAUSE = 30.0


class OutboxSender:
    """Sends what is due; any engine may, a row is sent by the one that marks it."""

    def __init__(
        self,
        *,
        conf: cfg.ConfigOpts,
        database: Database,
        clock: timing.Clock,
        publisher: Publisher,
        engine_id: str,
    ) -> None:
        self._database = database
        self._clock = clock
        self._publisher = publisher
        self._engine_id = engine_id
        self._pause = conf.notifications.retry_interval
        # A sender that says nothing for so long is taken for dead.
        self._patience = conf.engine.lease

    def send_due(self) -> int:
        """Send what is due of every channel until nothing is left.

        :returns: how many were sent.
        """
        count = 0
        while True:
            heads = db_outbox.heads(self._database, self._clock.now(), _BATCH)
            sent = sum(self._send_channel(head) for head in heads)
            count += sent
            if not sent:
                return count

    def _send_channel(self, head: records.Outgoing) -> int:
        """Send the first of a channel and what may follow it at once, while it is ours."""
        now, until = self._clock.now(), self._clock.monotonic() + self._patience / 4
        if not db_outbox.take(self._database, head, self._engine_id, now, self._patience):
            return 0
        row_after_row = [head]
        if not head.send_once:
            row_after_row += db_outbox.following(self._database, head, now, _BATCH)
        taken: dict[int, datetime.datetime] = {}
        for row in row_after_row:
            if self._clock.monotonic() > until or not self._publish(row):
                break
            taken[row.outbox_id] = self._clock.now()
        if taken:
            db_outbox.sent(self._database, taken)
        return len(taken)

    def _publish(self, row: records.Outgoing) -> bool:
        try:
            self._publisher.publish(row)
        except exceptions.Unavailable as error:
            pause = min(self._pause * 2 ** min(row.attempts, 10), _LONGEST_PAUSE)
            again = self._clock.now() + datetime.timedelta(seconds=pause)
            LOG.warning("%s; again in %.1f s", error, pause)
            db_outbox.failed(self._database, row, str(error), again)
            return False
        return True
