"""Vitrage: a host in maintenance has an alarm of its own, which templates can take account of.

Its ``doctor`` data source takes any event with a host name and a status ``down`` or ``up``, by
``POST /v1/event``, and makes of it an alarm on the host, which lasts until ``up``. No template of
others knows the alarm's name, so nothing is deduced from it that was not meant to be.
"""

from __future__ import annotations

from oslo_config import cfg

from fenix.cloud.keystone import ServiceAuth, guarded
from fenix.notifications import payloads
from fenix.workflow.observer import BaseHostObserver, HostEvent, Memory

_STATUS = {
    payloads.IN_MAINTENANCE: "down",
    payloads.HOST_COMPLETE: "up",
    payloads.HOST_REMOVED: "up",
}


class Observer(BaseHostObserver):
    """Posts events to Vitrage."""

    def __init__(self, conf: cfg.ConfigOpts, auth: ServiceAuth) -> None:
        super().__init__(conf, auth)
        self._http = auth.adapter_of("vitrage")

    def observe(self, event: HostEvent, memory: Memory) -> str | None:
        """See :class:`.BaseHostObserver`."""
        status = _STATUS.get(event.state)
        if status is None or (event.state == payloads.HOST_REMOVED and memory.recall() is None):
            return None
        if status == "down":
            memory.keep({"alarm": self.conf.vitrage.alarm_name})
        # Vitrage forgets at its restart which alarms are raised, and takes the end only of one
        # that it knows: so at the end it is told of both.
        self._post(event, "down")
        if status == "up":
            self._post(event, "up")
            memory.keep(None)
        name = self.conf.vitrage.alarm_name
        return f"alarm {name} {'raised' if status == 'down' else 'ended'}"

    def _post(self, event: HostEvent, status: str) -> None:
        body = {
            "time": event.at.strftime("%Y-%m-%dT%H:%M:%S.%f"),
            "type": self.conf.vitrage.alarm_name,
            "details": {
                "hostname": event.hostname,
                "source": payloads.SERVICE,
                "cause": event.state,
                "severity": self.conf.vitrage.severity,
                "status": status,
                "monitor_id": payloads.SERVICE,
                "monitor_event_id": event.event_id,
                "session_id": event.session_id,
            },
        }
        # Vitrage answers "Failed to post event" with 404 whatever was wrong: that is tried again.
        guarded(
            f"Vitrage: post {event.state} of {event.hostname}",
            lambda: self._http.post("/v1/event", json=body),
        )
