"""Publishing to the notification bus, with failures that are seen.

oslo.messaging's ``Notifier`` logs a failure and returns as if it had sent; an event must count
as sent only after the broker took it.
"""

from __future__ import annotations

from typing import Any

import oslo_messaging
from oslo_config import cfg
from oslo_messaging.notify import messaging

from fenix import exceptions
from fenix.db import records

PUBLISHER = "fenix"
_PRIORITY = "info"
_RETRIES = 1


class _RaisingDriver(messaging.MessagingV2Driver):
    """oslo.messaging's driver for format 2.0, without its log-and-forget."""

    def notify(self, ctxt: Any, message: Any, priority: str, retry: int | None) -> None:
        """Send to every topic. :raises MessagingException: when one could not be sent."""
        for topic in self.topics:
            target = oslo_messaging.Target(topic=f"{topic}.{priority}")
            self.transport._send_notification(
                target, ctxt, message, version=self.version, retry=retry
            )


class Publisher:
    """Sends outbox rows; make it after forking."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        transport = oslo_messaging.get_notification_transport(conf)
        self._driver = _RaisingDriver(
            conf, topics=list(conf.notifications.topics), transport=transport
        )

    def publish(self, row: records.Outgoing) -> None:
        """Send one notification; its ``message_id`` is the row's, also when it is sent again.

        The message context is empty: with a project in it, Ceilometer would overwrite the
        event's own.

        :raises Unavailable: when the broker did not take it.
        """
        message = {
            "message_id": row.message_id,
            "publisher_id": PUBLISHER,
            "event_type": row.event_type,
            "priority": _PRIORITY.upper(),
            "payload": row.payload,
            "timestamp": str(row.created_at),
        }
        try:
            self._driver.notify({}, message, _PRIORITY, _RETRIES)
        except Exception as error:
            raise exceptions.Unavailable(
                f"the message bus did not take {row.event_type} ({error})"
            ) from error
