"""What Prometheus sees of an engine: what it did itself, and what stands in the database.

Figures of the database are the same from every engine; take the maximum over engines. Counters
and histograms are of one process; add them up.
"""

from __future__ import annotations

import datetime
import logging
import threading
from collections.abc import Iterator, Mapping

import prometheus_client as prometheus
from oslo_config import cfg
from oslo_db import exception as db_exc
from prometheus_client import core, registry

from fenix import exceptions, states, timing
from fenix.db import advance, figures, outbox
from fenix.db.api import Database

LOG = logging.getLogger(__name__)

_REACTION = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_MOVE = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 3600)
_ALIVE_LEASES = 3


class Metrics:
    """Counters and histograms of one engine process, fed by what it commits."""

    def __init__(self, clock: timing.Clock) -> None:
        self._clock = clock
        self.registry = registry.CollectorRegistry()
        self._reaction = prometheus.Histogram(
            "fenix_reaction_seconds",
            "From a project's reply being stored to an engine having acted on it.",
            buckets=_REACTION,
            registry=self.registry,
        )
        self._moves = prometheus.Histogram(
            "fenix_move_seconds",
            "Duration of instance moves that ended well, by action.",
            ["action"],
            buckets=_MOVE,
            registry=self.registry,
        )
        self._transitions = prometheus.Counter(
            "fenix_session_transitions",
            "State changes of sessions, by the state entered.",
            ["state"],
            registry=self.registry,
        )
        self._failures = prometheus.Counter(
            "fenix_session_failures",
            "Sessions that failed, by the state they failed in.",
            ["state"],
            registry=self.registry,
        )
        # Shown from the start: what appears with its first failure is no increase to Prometheus.
        for state in sorted(states.TABLE.states - states.IDLE):
            self._failures.labels(state)
        self._silences = prometheus.Counter(
            "fenix_project_silences",
            "Questions that a project's manager did not answer in time.",
            registry=self.registry,
        )
        self._commits = prometheus.Counter(
            "fenix_commits", "Transactions that advanced a session.", registry=self.registry
        )

        self._deliveries = prometheus.Counter(
            "fenix_deliveries",
            "Tries to deliver what the outbox holds, by carrier and what became of them.",
            ["carrier", "result"],
            registry=self.registry,
        )

    def delivered(self, carrier: str, result: str) -> None:
        """Count a try: ``sent``, ``failed``, ``unsure`` or ``dead``."""
        self._deliveries.labels(carrier, result).inc()

    def expect(self, carrier: str) -> None:
        """Show a carrier from the start, so that its first failure counts as an increase."""
        for result in ("sent", "failed", outbox.UNSURE, outbox.DEAD):
            self._deliveries.labels(carrier, result)

    def committed(self, changes: advance.Changes) -> None:
        """Count what was just written."""
        self._commits.inc()
        now = self._clock.now()
        for wait, replied_at in changes.waits.values():
            if wait.status == "answered" and replied_at is not None:
                self._reaction.observe(max(0.0, (now - replied_at).total_seconds()))
        for event in changes.events:
            if event.kind == "state":
                self._transitions.labels(event.data.get("after", "")).inc()
            elif event.kind == "failure":
                self._failures.labels(event.data.get("state", "")).inc()
            elif event.kind == "silence":
                self._silences.inc()
            elif event.kind == "move" and "seconds" in event.data:
                action = event.data.get("action") or "default"
                self._moves.labels(action).observe(event.data["seconds"])


class Rows(registry.Collector):
    """Figures of the database, read when somebody scrapes."""

    def __init__(
        self, database: Database, clock: timing.Clock, *, lease: float, max_age: float
    ) -> None:
        self._database = database
        self._clock = clock
        self._alive = datetime.timedelta(seconds=_ALIVE_LEASES * lease)
        self._max_age = max_age
        self._lock = threading.Lock()
        self._read_at: float | None = None
        self._known: figures.Figures | None = None

    def _figures(self) -> figures.Figures | None:
        with self._lock:
            moment = self._clock.monotonic()
            if self._read_at is None or moment - self._read_at >= self._max_age:
                now = self._clock.now()
                try:
                    self._known = figures.read(self._database, now, now - self._alive)
                except db_exc.DBError as error:
                    LOG.warning(
                        "Metrics: no answer of the database: %s", str(error).splitlines()[0]
                    )
                    self._known = None
                self._read_at = moment
            return self._known

    def describe(self) -> Iterator[core.Metric]:
        """Say nothing beforehand: registering must not read the database."""
        return iter(())

    def collect(self) -> Iterator[core.Metric]:
        """All gauges; without the database only that it is away."""
        found = self._figures()
        yield _gauge("fenix_database_up", "Whether the database answered.", int(found is not None))
        if found is None:
            return
        yield _gauges("fenix_sessions", "Sessions, by state.", "state", found.sessions)
        yield _gauges(
            "fenix_session_percent_done",
            "Progress of live sessions, in percent.",
            "session_id",
            found.percent_done,
        )
        yield _gauges("fenix_hosts", "Hosts of live sessions, by phase.", "phase", found.hosts)
        yield _gauges(
            "fenix_instance_moves", "Moves planned or under way, by phase.", "phase", found.moves
        )
        yield _gauges(
            "fenix_action_runs",
            "Runs of host actions of live sessions, by state.",
            "state",
            found.action_runs,
        )
        for name, text, counts in (
            ("fenix_outbox_waiting", "Notifications not sent yet.", found.outbox_waiting),
            (
                "fenix_outbox_unsure",
                "Notifications that may have been sent, and are not sent again.",
                found.outbox_unsure,
            ),
            (
                "fenix_outbox_dead",
                "Notifications that nobody took, and that are not sent again.",
                found.outbox_dead,
            ),
            (
                "fenix_outbox_age_seconds",
                "For how long the oldest notification that is not sent has been due.",
                found.outbox_age,
            ),
        ):
            yield _gauges(name, f"{text[:-1]}, by carrier.", "carrier", counts)
        for name, text, value in (
            ("fenix_project_waits", "Open questions to projects.", found.waits),
            (
                "fenix_project_waits_overdue",
                "Open questions whose time to answer is over.",
                found.waits_overdue,
            ),
            ("fenix_engines", "Engines that are alive.", found.engines),
            ("fenix_leases", "Sessions that an engine works on at this moment.", found.leases),
            (
                "fenix_leases_expired",
                "Sessions whose engine has stopped renewing.",
                found.leases_expired,
            ),
            (
                "fenix_session_late_seconds",
                "For how long the longest waiting session has been due without an engine.",
                found.late,
            ),
        ):
            yield _gauge(name, text, value)


def _gauge(name: str, text: str, value: float) -> core.Metric:
    return core.GaugeMetricFamily(name, text, value=value)


def _gauges(name: str, text: str, label: str, values: Mapping[str, float]) -> core.Metric:
    family = core.GaugeMetricFamily(name, text, labels=[label])
    for key, value in sorted(values.items()):
        family.add_metric([key], value)
    return family


class Server:
    """Serves ``/metrics`` from a thread of its own, as ``[metrics]`` says, until :meth:`close`.

    :raises Unavailable: no port of those configured is free, or TLS cannot be set up.
    """

    def __init__(self, conf: cfg.ConfigOpts, metrics: Metrics) -> None:
        options = conf.metrics
        last: Exception | None = None
        for port in range(options.port, options.port + conf.engine.workers):
            try:
                self._server, self._thread = prometheus.start_http_server(
                    port,
                    addr=options.host,
                    registry=metrics.registry,
                    certfile=options.ssl_cert_file,
                    keyfile=options.ssl_key_file,
                )
            except OSError as error:
                last = error
                continue
            LOG.info("Metrics are served on %s:%d", options.host, port)
            return
        raise exceptions.Unavailable(
            f"[metrics] host={options.host} port={options.port}: cannot serve there: {last}"
        )

    def close(self) -> None:
        """Stop serving and free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
