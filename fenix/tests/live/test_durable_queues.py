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
#: Options of [oslo_messaging_rabbit], and whether a restart keeps what is queued.
_KINDS: dict[str, tuple[dict[str, bool], bool]] = {
    "plain": ({}, False),
    "durable": ({"amqp_durable_queues": True}, True),
    "quorum": ({"rabbit_quorum_queue": True}, True),
}


class _Endpoint:
    """Ceilometer's side: takes what comes."""

    def __init__(self, wanted: int) -> None:
        self.found: list[str] = []
        self.all = threading.Event()
        self._wanted = wanted

    def info(self, _c: Any, _publisher: Any, _type: Any, payload: Any, _metadata: Any) -> None:
        self.found.append(payload["text"])
        if len(self.found) >= self._wanted:
            self.all.set()


class DurableQueuesTest(testtools.TestCase):
    """Ceilometer is away, events pile up in its queue, and the broker crashes."""

    def setUp(self) -> None:
        super().setUp()
        self.neighbours = Private(self, "rabbit")

    def conf(self, kind: str) -> cfg.ConfigOpts:
        """The configuration of both sides; exchanges of two kinds cannot have one name."""
        conf = cfg.ConfigOpts()
        fenix_conf.load([], conf=conf, default_config_files=[])
        transport = oslo_messaging.get_notification_transport(conf, url=self.neighbours.broker)
        self.addCleanup(transport.cleanup)
        conf.set_override("transport_url", self.neighbours.broker)
        conf.set_override("control_exchange", kind)
        conf.set_override("topics", [kind], "notifications")
        for option, value in _KINDS[kind][0].items():
            conf.set_override(option, value, "oslo_messaging_rabbit")
        return conf

    def listen(self, conf: cfg.ConfigOpts, wanted: int) -> tuple[_Endpoint, Any]:
        endpoint = _Endpoint(wanted)
        listener = oslo_messaging.get_notification_listener(
            oslo_messaging.get_notification_transport(conf),
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
        now = timing.SystemClock().now()
        row = records.Outgoing(
            "s", "c", str(uuid.uuid4()), "maintenance.planned", {"text": text}, now, now
        )
        until = time.monotonic() + 120
        while True:
            try:
                publisher.publish(row)
                return
            except exceptions.Unavailable:
                # A connection of before the restart; the outbox tries again, too.
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)

    def test_queued_events_survive_a_restart(self) -> None:
        confs = {kind: self.conf(kind) for kind in _KINDS}
        for kind, conf in confs.items():
            # A queue is made by whoever listens.
            self.end(self.listen(conf, 1)[1])
            publisher = Publisher(conf)
            for number in range(_COUNT):
                self.publish(publisher, f"{kind}-{number}")
        with self.neighbours.away("rabbit", signal.SIGKILL):
            pass
        for kind, (_, kept) in _KINDS.items():
            before = [f"{kind}-{n}" for n in range(_COUNT)] if kept else []
            endpoint, listener = self.listen(confs[kind], len(before) + 1)
            self.addCleanup(self.end, listener)
            self.publish(Publisher(confs[kind]), "last")
            self.assertTrue(endpoint.all.wait(120), (kind, endpoint.found))
            self.assertEqual([*before, "last"], endpoint.found, kind)
