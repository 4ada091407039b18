"""What was queued for Ceilometer when the broker restarts: kept, with the documented options."""

from __future__ import annotations

import signal
import threading
import time
import uuid
from typing import Any

import oslo_messaging
import testtools
from oslo_config import cfg

from fenix import conf as fenix_conf
from fenix import exceptions, timing
from fenix.db import records
from fenix.notifications.publisher import Publisher
from fenix.tests.live.neighbours import Private

_COUNT = 5
_PATIENCE = 120.0
#: Options of [oslo_messaging_rabbit], and whether a restart keeps what is queued.
_KINDS: dict[str, tuple[dict[str, bool], bool]] = {
    "plain": ({}, False),
    "durable": ({"amqp_durable_queues": True}, True),
    "quorum": ({"rabbit_quorum_queue": True}, True),
}


class _Endpoint:
    """Ceilometer's side: takes what comes, until the last."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.all = threading.Event()

    def info(self, _c: Any, _publisher: Any, _type: Any, payload: Any, _metadata: Any) -> None:
        self.found.append(payload["text"])
        if payload["text"] == "last":
            self.all.set()


class DurableQueuesTest(testtools.TestCase):
    """Ceilometer is away, events pile up in its queue, and the broker restarts.

    First it ends as it should, then it is killed. The order matters for quorum queues: RabbitMQ
    3.10 writes down in which files a new one lives when it ends, or within three minutes; killed
    before, the queue finds no leader again, for good.
    """

    def setUp(self) -> None:
        super().setUp()
        self.neighbours = Private(self, "rabbit")
        self.confs = {kind: self.conf(kind) for kind in _KINDS}

    def conf(self, kind: str) -> cfg.ConfigOpts:
        """The configuration of both sides; exchanges of two kinds cannot have one name."""
        conf = cfg.ConfigOpts()
        fenix_conf.load([], conf=conf, default_config_files=[])
        # oslo.messaging registers its options when a transport is made.
        self.transport(conf)
        conf.set_override("transport_url", self.neighbours.broker)
        conf.set_override("control_exchange", kind)
        conf.set_override("topics", [kind], "notifications")
        for option, value in _KINDS[kind][0].items():
            conf.set_override(option, value, "oslo_messaging_rabbit")
        return conf

    def transport(self, conf: cfg.ConfigOpts) -> Any:
        transport = oslo_messaging.get_notification_transport(conf, url=self.neighbours.broker)
        self.addCleanup(transport.cleanup)
        return transport

    def listen(self, conf: cfg.ConfigOpts) -> tuple[_Endpoint, Any]:
        endpoint = _Endpoint()
        listener = oslo_messaging.get_notification_listener(
            self.transport(conf),
            [oslo_messaging.Target(topic=conf.notifications.topics[0])],
            [endpoint],
            executor="threading",
        )
        listener.start()
        return endpoint, listener

    @staticmethod
    def end(listener: Any) -> None:
        listener.stop()
        listener.wait()

    def publish(self, publisher: Publisher, text: str) -> None:
        """Publish until the broker takes it, as the outbox does: it was away for a while."""
        now = timing.SystemClock().now()
        row = records.Outgoing(
            "s", "c", str(uuid.uuid4()), "maintenance.planned", {"text": text}, now, now
        )
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                publisher.publish(row)
                return
            except exceptions.Unavailable:
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)

    def queue(self, word: str) -> list[str]:
        """Events that nobody reads for now, to every kind."""
        texts = [f"{word}-{number}" for number in range(_COUNT)]
        for conf in self.confs.values():
            publisher = Publisher(conf)
            for text in texts:
                self.publish(publisher, text)
        return texts

    def test_queued_events_survive_restarts(self) -> None:
        for conf in self.confs.values():
            # A queue is made by whoever listens.
            self.end(self.listen(conf)[1])
        before = self.queue("ended")
        with self.neighbours.away("rabbit", signal.SIGTERM):
            pass
        self.end(self.listen(self.confs["plain"])[1])
        before += self.queue("killed")
        with self.neighbours.away("rabbit", signal.SIGKILL):
            pass
        for kind, conf in self.confs.items():
            endpoint, listener = self.listen(conf)
            self.addCleanup(self.end, listener)
            self.publish(Publisher(conf), "last")
            self.assertTrue(endpoint.all.wait(_PATIENCE), (kind, endpoint.found))
            kept = before if _KINDS[kind][1] else []
            self.assertEqual([*kept, "last"], endpoint.found, kind)
