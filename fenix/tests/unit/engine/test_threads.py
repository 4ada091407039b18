"""The threads of an engine outlive what nobody expects."""

from __future__ import annotations

from unittest import mock

import testtools
from oslo_config import cfg

from fenix import conf as fenix_conf
from fenix.engine.outbox import OutboxSender
from fenix.engine.service import Engine


class ThreadsTest(testtools.TestCase):
    """A thread that ends unseen leaves an engine that renews no lease, or sends nothing."""

    def setUp(self) -> None:
        super().setUp()
        self.conf = cfg.ConfigOpts()
        fenix_conf.load([], conf=self.conf, default_config_files=[])

    def test_leases(self) -> None:
        engine = Engine(self.conf, plugins=mock.Mock())
        tries: list[int] = []

        def work() -> None:
            tries.append(1)
            if len(tries) == 3:
                engine._stopped.set()
            raise RuntimeError("nobody expects this")

        with mock.patch("fenix.engine.service.LOG") as log:
            engine._every(0.001, work)()
        self.assertEqual((3, 3), (len(tries), log.exception.call_count))

    def test_outbox(self) -> None:
        sender = OutboxSender.__new__(OutboxSender)
        sender._poll, sender._stopped = 0.001, False
        sender._nudged, sender._carrier = mock.Mock(), mock.Mock()
        tries: list[int] = []

        def send_due() -> int:
            tries.append(1)
            sender._stopped = len(tries) == 3
            raise RuntimeError("nobody expects this")

        with (
            mock.patch.object(sender, "send_due", send_due),
            mock.patch("fenix.engine.outbox.LOG") as log,
        ):
            sender.loop()
        self.assertEqual((3, 3), (len(tries), log.exception.call_count))
