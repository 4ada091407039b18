"""One engine process: its parts, and the threads that drive them."""

from __future__ import annotations

import datetime
import logging
import os
import socket
import threading
import uuid
from collections.abc import Callable
from typing import Any

import oslo_messaging
from oslo_config import cfg
from oslo_db import exception as db_exc
from oslo_service import service

from fenix import exceptions, timing, tls, version
from fenix.cloud import aodh, blazar
from fenix.cloud.keystone import ServiceAuth
from fenix.cloud.nova import NovaCloud
from fenix.cloud.shared import SharedCloud
from fenix.conf import service_auth
from fenix.db import advance, claims, engines, records, schema
from fenix.db.api import Database
from fenix.db.store import SqlStore
from fenix.engine import carriers, metrics
from fenix.engine.actions import ActionRunner
from fenix.engine.commands import Commands
from fenix.engine.dispatcher import Dispatcher
from fenix.engine.endings import Endings
from fenix.engine.host_watch import HostWatch
from fenix.engine.leases import Leases
from fenix.engine.outbox import OutboxSender
from fenix.engine.plugins import Plugins
from fenix.engine.runner import Runner
from fenix.engine.skew import Skew
from fenix.notifications.publisher import Publisher
from fenix.notifications.webhook import caller
from fenix.rpc import transport as rpc_transport
from fenix.together import Shared
from fenix.workflow.hold import Ports

LOG = logging.getLogger(__name__)

_FORGET_ENGINE = datetime.timedelta(minutes=10)


def openstack(conf: cfg.ConfigOpts) -> Ports:
    """The ports to OpenStack, with the user of ``[service_auth]``."""
    auth = ServiceAuth(conf)
    alarms = aodh.Aodh(auth)
    return Ports(
        cloud=SharedCloud(NovaCloud(auth, conf.workflow.pci_aliases)),
        managers=Shared(alarms.managers) if conf.notifications.use_aodh else _nobody_knows,
        reservations=Shared(blazar.Blazar(auth).reservations),
    )


def _nobody_knows() -> None:
    return None


class Engine(service.ServiceBase):
    """An engine. Everything that must not be shared between processes is made in ``start``."""

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        *,
        ports: Ports | None = None,
        clock: timing.Clock | None = None,
        plugins: Plugins | None = None,
    ) -> None:
        self._conf = conf
        self._clock = clock or timing.SystemClock()
        self.ports = ports
        self.plugins = plugins or Plugins(conf)
        caller.check(conf)
        tls.check(conf, service_auth.GROUP)
        self._threads: list[threading.Thread] = []
        self._metrics_server: metrics.Server | None = None
        self._stopped = threading.Event()
        self._senders: dict[str, OutboxSender] = {}
        self.engine_id = ""

    def start(self) -> None:
        """Make connections, begin to listen and to work."""
        conf, clock = self._conf, self._clock
        self.engine_id = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        ports = self.ports = self.ports or openstack(conf)
        self.database = Database(conf, patience=conf.engine.database_timeout)
        self.metrics = metrics.Metrics(clock)
        self._leases = Leases(self.database, self.engine_id, clock, conf.engine.lease)
        endings = Endings()
        runner = Runner(
            conf=conf,
            store=SqlStore(self.database),
            clock=clock,
            ports=ports,
            plugins=self.plugins,
            leases=self._leases,
            on_commit=self._committed,
            on_end=endings.tell,
        )
        self._actions = ActionRunner(
            conf=conf,
            database=self.database,
            clock=clock,
            cloud=ports.cloud,
            plugins=self.plugins,
            engine_id=self.engine_id,
        )
        self.dispatcher = Dispatcher(
            conf=conf,
            clock=clock,
            leases=self._leases,
            runner=runner,
            actions=self._actions,
        )
        self.publisher = Publisher(conf)
        self._senders = {
            carrier.name: OutboxSender(
                conf=conf,
                database=self.database,
                clock=clock,
                carrier=carrier,
                engine_id=self.engine_id,
                on_result=self.metrics.delivered,
            )
            for carrier in carriers.every(conf, self.publisher, self.plugins, self.database, clock)
        }
        for name in self._senders:
            self.metrics.expect(name)
        commands = Commands(
            conf=conf,
            database=self.database,
            clock=clock,
            ports=ports,
            plugins=self.plugins,
            nudge=self.dispatcher.nudge,
            endings=endings,
        )
        skew = Skew(self.database, clock, conf.engine.lease)
        self._row = self._own_row()
        self._rpc = oslo_messaging.get_rpc_server(
            rpc_transport.make(conf), rpc_transport.target(self.engine_id), [commands]
        )
        self._beat()
        self._serve_metrics()
        self._rpc.start()
        watch = HostWatch(
            conf=conf,
            database=self.database,
            clock=clock,
            cloud=ports.cloud,
            engine_id=self.engine_id,
        )
        for name, work in (
            ("dispatcher", self.dispatcher.loop),
            ("leases", self._every(conf.engine.lease / 3, self._keep_alive)),
            *([("hosts", self._every(watch.interval, watch.look))] if watch.interval else []),
            ("skew", self._every(conf.engine.lease, skew.look)),
            *((f"outbox-{name}", sender.loop) for name, sender in self._senders.items()),
        ):
            thread = threading.Thread(target=work, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)
        LOG.info("Engine %s runs", self.engine_id)

    def _own_row(self) -> records.Engine:
        now = self._clock.now()
        return records.Engine(
            engine_id=self.engine_id,
            hostname=socket.gethostname(),
            version=version.__version__,
            started_at=now,
            heartbeat_at=now,
            workflows=sorted(self.plugins.workflows),
            actions=sorted(self.plugins.actions),
            made_for=schema.head(),
        )

    def _serve_metrics(self) -> None:
        """Begin to serve metrics; an engine works without being watched, too."""
        conf = self._conf
        if not conf.metrics.port:
            return
        self.metrics.registry.register(
            metrics.Rows(
                self.database, self._clock, lease=conf.engine.lease, max_age=conf.metrics.max_age
            )
        )
        try:
            self._metrics_server = metrics.Server(conf, self.metrics)
        except exceptions.Unavailable as error:
            LOG.error("%s; the engine goes on without metrics", error)

    def _committed(self, changes: advance.Changes) -> None:
        self.metrics.committed(changes)
        for name in {row.carrier for row in changes.outgoing} & self._senders.keys():
            self._senders[name].nudge()
        if changes.new_runs or changes.runs:
            self.dispatcher.runs_wait()

    def _every(self, seconds: float, work: Callable[[], None]) -> Callable[[], None]:
        def loop() -> None:
            while not self._stopped.wait(seconds):
                try:
                    work()
                except (db_exc.DBError, exceptions.FenixError) as error:
                    LOG.warning("%s", error)
                except Exception:
                    # A thread that ends, such as the one that renews leases, nobody would miss.
                    LOG.exception("The engine's upkeep goes on after an error")

        return loop

    def _keep_alive(self) -> None:
        self._leases.renew()
        self._actions.beat()
        self._beat()

    def _beat(self) -> None:
        self._row.heartbeat_at = self._clock.now()
        engines.beat(self.database, self._row, self._row.heartbeat_at - _FORGET_ENGINE)

    def holds(self) -> dict[str, Any]:
        """What the engine is at, for a report."""
        return {
            "engine id": self.engine_id,
            "plug-ins": {
                "workflows": ", ".join(self._row.workflows),
                "actions": ", ".join(self._row.actions),
            },
            "sessions": self._leases.holds(),
            "pools": self.dispatcher.holds(),
            "host actions": self._actions.holds(),
            "senders": ", ".join(self._senders),
        }

    def stop(self) -> None:
        """Hand sessions over at once and end; work of this moment is finished first."""
        if self._stopped.is_set() or not self.engine_id:
            return
        self._rpc.stop()
        try:
            # What it is at may take long; it still beats, and hears no hints any more.
            self._leases.forget()
        except db_exc.DBError as error:
            LOG.warning("Sessions are taken over when they have waited for a lease: %s", error)
        self.dispatcher.stop()
        self._actions.stop()
        self._stopped.set()
        for sender in self._senders.values():
            sender.stop()
        for thread in self._threads:
            thread.join(self._conf.engine.lease)
        self._rpc.wait()
        if self._metrics_server is not None:
            self._metrics_server.close()
        try:
            claims.let_go(self.database, self.engine_id, self._clock.now())
            engines.remove(self.database, self.engine_id)
        except db_exc.DBError as error:
            LOG.warning("Sessions are taken over when their leases end: %s", error)
        self.database.dispose()
        LOG.info("Engine %s stopped", self.engine_id)

    def wait(self) -> None:
        """Block until :meth:`stop` was called."""
        self._stopped.wait()

    def reset(self) -> None:
        """Nothing is re-read on SIGHUP."""
