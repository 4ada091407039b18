"""Tries in the lab: notification -> Ceilometer -> Aodh -> HTTP receiver, for all types of event."""

import http.server
import json
import os
import queue
import threading
import time

import oslo_messaging
from aodhclient import client as aodh_client
from clients import keystone
from oslo_config import cfg

SESSION = "76e55df8-1c51-11e8-9928-0242ac110002"
URL = f"http://127.0.0.1:{os.environ['LAB_PORT_FENIX']}/v1/maintenance/{SESSION}"
TEXT, INTEGER, TIME = 1, 2, 4
COMMON = {"service": "fenix", "session_id": SESSION}
TO_PROJECT = {
    **COMMON,
    "state": "MAINTENANCE",
    "instance_ids": URL,
    "reply_url": URL,
    "allowed_actions": ["MIGRATE", "LIVE_MIGRATE", "OWN_ACTION"],
    "reply_at": "2026-01-02 03:04:05",
    "actions_at": "2026-01-02 03:05:05",
    "metadata": {"openstack_release": "Epoxy"},
}
PAYLOADS = {
    "maintenance.planned": TO_PROJECT,
    "maintenance.scheduled": TO_PROJECT,
    "maintenance.host": {**COMMON, "host": "compute-1", "state": "IN_MAINTENANCE"},
    "maintenance.session": {**COMMON, "state": "START_MAINTENANCE", "percent_done": 40},
}


def as_trait(key, value):
    """What Ceilometer makes of a value: [name, type, value]."""
    if key in ("reply_at", "actions_at"):
        return [key, TIME, value.replace(" ", "T")]
    return [key, INTEGER, value] if isinstance(value, int) else [key, TEXT, str(value)]


def receiver(came):
    """Starts an HTTP server that puts each body into a queue; returns it."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            came.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def prove(notifier, aodh, project, event_type, url, came):
    """Makes an alarm, notifies, compares what came."""
    alarm = aodh.alarm.create(
        {
            "name": f"prove-{event_type}",
            "type": "event",
            "event_rule": {"event_type": event_type},
            "repeat_actions": True,
            "alarm_actions": [url],
        }
    )
    try:
        payload = {**PAYLOADS[event_type], "project_id": project}
        begin = time.monotonic()
        notifier.info({}, event_type, payload)
        event = came.get(timeout=30)["reason_data"]["event"]
        taken = time.monotonic() - begin
    finally:
        aodh.alarm.delete(alarm["alarm_id"])
    expected = sorted(as_trait(*item) for item in payload.items())
    if sorted(event["traits"]) != expected:
        raise SystemExit(f"WRONG: {event_type}: {event['traits']} is not {expected}")
    print(f"{time.strftime('%T')} {event_type} came with {len(expected)} traits {taken:.2f} s")


def main():
    conf = cfg.ConfigOpts()
    conf([], default_config_files=[])
    transport = oslo_messaging.get_notification_transport(conf, os.environ["LAB_TRANSPORT_URL"])
    notifier = oslo_messaging.Notifier(
        transport, "fenix", driver="messagingv2", topics=["notifications"]
    )
    session = keystone("demo")
    aodh = aodh_client.Client(2, session)
    came = queue.Queue()
    server = receiver(came)
    url = f"http://127.0.0.1:{server.server_port}/"
    for event_type in PAYLOADS:
        prove(notifier, aodh, session.get_project_id(), event_type, url, came)


if __name__ == "__main__":
    main()
