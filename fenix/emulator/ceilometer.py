"""From the bus to the webhook: Ceilometer's agent and Aodh's evaluator and notifier."""

import datetime
import json
import logging
import queue
import threading
import time
import uuid
from typing import Any, Protocol

import oslo_messaging
import requests

from fenix.emulator.alarms import Alarm, reason, webhook_body
from fenix.emulator.cloud import Cloud
from fenix.emulator.traits import Event, Notification, convert

LOG = logging.getLogger(__name__)


class Onlooker(Protocol):
    """Sees the webhooks that are posted."""

    def posting(self, url: str, body: bytes) -> None:
        """One is about to be posted."""

    def posted(self, url: str, body: bytes, status: int, seconds: float) -> None:
        """It was: with the HTTP status, 0 where nobody took it, and the time it took."""


class EventRelay:
    """Listens to notifications, converts them to events, fires alarms, posts webhooks.

    With a transport (or ``conf`` and ``transport_url``) it listens on the topic
    ``notifications`` between :meth:`start` and :meth:`stop`; without one use :meth:`deliver`.
    Webhooks of one alarm are sent in order, each tried ``tries`` times,
    ``pause`` real seconds and more apart. ``onlooker`` is told of each of them.
    """

    def __init__(
        self,
        cloud: Cloud,
        conf: Any = None,
        transport_url: str | None = None,
        *,
        transport: Any = None,
        topic: str = "notifications",
        tries: int = 3,
        timeout: float = 10.0,
        pause: float = 0.1,
        workers: int = 4,
        onlooker: Onlooker | None = None,
    ) -> None:
        self.cloud = cloud
        self.topic = topic
        self.tries = tries
        self.timeout = timeout
        self.pause = pause
        self._onlooker = onlooker
        self.events: list[Event] = []
        """Every event that was not dropped."""
        self.dropped: list[Notification] = []
        """Notifications without a definition, or with a value that does not fit its trait."""
        self._transport = transport
        self._own = False
        if transport is None and conf is not None:
            self._transport = oslo_messaging.get_notification_transport(conf, url=transport_url)
            self._own = True
        self._listener: Any = None
        self._queues: list[queue.Queue[tuple[Alarm, str, bytes] | None]] = [
            queue.Queue() for _ in range(workers)
        ]
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._stopping = threading.Event()

    def start(self) -> "EventRelay":
        """Listen, if there is a transport."""
        self._start_workers()
        if self._transport is not None:
            endpoint = _Endpoint(self)
            self._listener = oslo_messaging.get_notification_listener(
                self._transport, [oslo_messaging.Target(topic=self.topic)], [endpoint]
            )
            self._listener.start()
        return self

    def stop(self) -> None:
        """Stop listening; webhooks on their way are still sent, once."""
        if self._listener is not None:
            self._listener.stop()
            self._listener.wait()
            self._listener = None
        self._stopping.set()
        with self._lock:
            threads, self._threads = self._threads, []
        for waiting in self._queues[: len(threads)]:
            waiting.put(None)
        for thread in threads:
            thread.join()
        self._stopping.clear()
        if self._own and self._transport is not None:
            self._transport.cleanup()
            self._transport = None

    def __enter__(self) -> "EventRelay":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def idle(self) -> bool:
        """Whether every webhook has been sent."""
        return all(waiting.unfinished_tasks == 0 for waiting in self._queues)

    def wait_idle(self) -> None:
        """Return when every webhook has been sent."""
        for waiting in self._queues:
            waiting.join()

    def deliver(
        self,
        event_type: str,
        payload: dict[str, Any],
        message_id: str | None = None,
        timestamp: str | None = None,
        *,
        publisher_id: str = "fenix",
        context: dict[str, Any] | None = None,
    ) -> Event | None:
        """Take in a notification; returns the event, None if it was dropped."""
        self._start_workers()
        now = datetime.datetime.now(datetime.UTC).isoformat()
        made = Notification(
            event_type,
            payload,
            message_id or str(uuid.uuid4()),
            timestamp or now,
            publisher_id,
            context or {},
        )
        event = convert(made)
        if event is None:
            self.dropped.append(made)
            return None
        self.events.append(event)
        with self.cloud.at_rest():
            for alarm in self.cloud.alarms.hit(event):
                self._fire(alarm, event)
        return event

    def _fire(self, alarm: Alarm, event: Event) -> None:
        previous = alarm.state
        alarm.set_state("alarm", reason(alarm, event), self.cloud.now)
        body = json.dumps(webhook_body(alarm, event, previous)).encode()
        for action in alarm.alarm_actions:
            url = action.removeprefix("trust+")
            if url.startswith(("http://", "https://")):
                number = uuid.UUID(alarm.id).int % len(self._queues)
                self._queues[number].put((alarm, url, body))

    def _start_workers(self) -> None:
        with self._lock:
            if self._threads:
                return
            for waiting in self._queues:
                thread = threading.Thread(
                    target=self._post_all, args=(waiting,), name="emulator-webhook", daemon=True
                )
                self._threads.append(thread)
                thread.start()

    def _post_all(self, waiting: "queue.Queue[tuple[Alarm, str, bytes] | None]") -> None:
        with requests.Session() as session:
            while (item := waiting.get()) is not None:
                try:
                    self._post(session, *item)
                finally:
                    waiting.task_done()
            waiting.task_done()

    def _post(self, session: requests.Session, alarm: Alarm, url: str, body: bytes) -> None:
        headers = {
            "content-type": "application/json",
            "x-openstack-request-id": f"req-{uuid.uuid4()}",
        }
        status = 0
        begun = time.monotonic()
        if self._onlooker is not None:
            self._onlooker.posting(url, body)
        for attempt in range(self.tries):
            try:
                answer = session.post(url, data=body, headers=headers, timeout=self.timeout)
                status = answer.status_code
                if status < 500:
                    break
            except requests.RequestException as error:
                LOG.warning("webhook of alarm %s to %s: %s", alarm.name, url, error)
            if self._stopping.wait(self.pause * (attempt + 1)):
                break
        with self.cloud.lock:
            self.cloud.record.webhooks.append((self.cloud.now, url, status))
        if self._onlooker is not None:
            self._onlooker.posted(url, body, status, time.monotonic() - begun)


class _Endpoint:
    """What oslo.messaging calls for a notification of priority info."""

    def __init__(self, relay: EventRelay) -> None:
        self._relay = relay

    def info(
        self,
        ctxt: dict[str, Any],
        publisher_id: str,
        event_type: str,
        payload: dict[str, Any],
        metadata: dict[str, Any],
    ) -> None:
        """A notification has come."""
        self._relay.deliver(
            event_type,
            payload,
            metadata.get("message_id"),
            metadata.get("timestamp"),
            publisher_id=publisher_id,
            context=ctxt,
        )
