#!/usr/bin/env python3
"""A sample administrator: starts a maintenance session, and follows it to its end.

The session is read from a JSON file: the body of ``POST /v1/maintenance``. What the session does
is shown as it happens, from the notifications ``maintenance.session`` and ``maintenance.host`` when
the message bus is named, else from the API. Exit code: 0 done, 1 failed (the reason is printed).

    tools/infra_admin.py session.json --transport-url rabbit://user:password@controller:5672/
    tools/infra_admin.py --continue SESSION_ID
    tools/infra_admin.py --delete SESSION_ID

Who it is comes from the environment, as for the openstack client: OS_AUTH_URL, OS_USERNAME,
OS_PASSWORD, OS_PROJECT_NAME and, where they are not "default", OS_USER_DOMAIN_ID and
OS_PROJECT_DOMAIN_ID; OS_REGION_NAME.
"""

import argparse
import json
import os
import queue
import sys
import time

import kombu
from keystoneauth1 import session as ka_session
from keystoneauth1.identity import v3
from oslo_config import cfg
from oslo_service import backend

backend.init_backend(backend.BackendType.THREADING)  # before oslo.messaging asks for it
import oslo_messaging  # noqa: E402

DONE, FAILED = "MAINTENANCE_DONE", "MAINTENANCE_FAILED"
EVENT_TYPES = r"^maintenance\.(session|host)$"
#: Fenix's, unless its configuration has another control_exchange.
EXCHANGE = "fenix"
#: A queue of our own: without one, each notification would reach us or Ceilometer, not both.
POOL = "infra_admin"


class Listener:
    """Calls ``on_event(event_type, payload, timestamp)`` for each notification to administrators.

    The queue named ``pool`` exists until :meth:`stop`: one that is only left behind goes on
    collecting notifications.
    """

    def __init__(self, transport_url, on_event, topics=("notifications",), pool=POOL):
        self._url, self._pool = transport_url, pool
        self._on_event = on_event
        self.filter_rule = oslo_messaging.NotificationFilter(
            publisher_id="^fenix$", event_type=EVENT_TYPES
        )
        # oslo.messaging wants the global configuration; nothing is read from files.
        cfg.CONF([], project="infra_admin", default_config_files=[], default_config_dirs=[])
        self._listener = oslo_messaging.get_notification_listener(
            oslo_messaging.get_notification_transport(cfg.CONF, url=transport_url),
            [oslo_messaging.Target(topic=topic, exchange=EXCHANGE) for topic in topics],
            [self],
            executor="threading",
            pool=pool,
        )

    def info(self, _context, _publisher, event_type, payload, metadata):
        """One notification; oslo.messaging calls this."""
        self._on_event(event_type, payload, metadata["timestamp"])

    def start(self):
        """Make the queue and listen, in threads."""
        self._listener.start()

    def stop(self):
        """Stop listening, and remove the queue."""
        self._listener.stop()
        self._listener.wait()
        with kombu.Connection(self._url.replace("rabbit://", "amqp://", 1)) as connection:
            connection.default_channel.queue_delete(self._pool)


class InfraAdmin:
    """Fenix's API as an administrator uses it."""

    def __init__(self, session, region=None):
        self._session = session
        self._where = {"service_type": "maintenance", "region_name": region}

    def _call(self, method, path, body=None):
        answer = self._session.request(
            f"/maintenance{path}",
            method,
            json=body,
            headers={"Content-Type": "application/json"},
            endpoint_filter=self._where,
            raise_exc=False,
        )
        if answer.status_code != 200:
            message = answer.json()["error"]["message"]
            raise SystemExit(f"{method} /maintenance{path}: {answer.status_code}: {message}")
        return answer.json()

    def create(self, body):
        """Start a session; returns its id."""
        return self._call("POST", "", body)["session_id"]

    def go_on(self, session_id):
        """Continue a session that failed, where it failed."""
        self._call("PUT", f"/{session_id}", {})

    def delete(self, session_id):
        """End a session; what it disabled is enabled again."""
        self._call("DELETE", f"/{session_id}")

    def detail(self, session_id):
        """Everything about a session."""
        return self._call("GET", f"/{session_id}/detail")

    def follow(self, session_id, on_look, pause=0.5):
        """Wait for a session to end; returns its last detail.

        :param on_look: is called with the detail after each look.
        """
        while True:
            detail = self.detail(session_id)
            on_look(detail)
            if detail["session"]["state"] in (DONE, FAILED):
                return detail
            time.sleep(pause)


def from_environment():
    """A session of the user that OS_* names."""
    env = os.environ
    missing = [
        name
        for name in ("OS_AUTH_URL", "OS_USERNAME", "OS_PASSWORD", "OS_PROJECT_NAME")
        if not env.get(name)
    ]
    if missing:
        raise SystemExit(f"not in the environment: {', '.join(missing)}")
    auth = v3.Password(
        auth_url=env["OS_AUTH_URL"],
        username=env["OS_USERNAME"],
        password=env["OS_PASSWORD"],
        project_name=env["OS_PROJECT_NAME"],
        user_domain_id=env.get("OS_USER_DOMAIN_ID", "default"),
        project_domain_id=env.get("OS_PROJECT_DOMAIN_ID", "default"),
    )
    return ka_session.Session(auth=auth, timeout=60)


class Screen:
    """Prints what happens in a session: what the bus tells, or else what the API shows."""

    def __init__(self, transport_url=None, topics=("notifications",)):
        self._came = queue.SimpleQueue()
        self._seen = None
        self._listener = None
        if transport_url:
            self._listener = Listener(transport_url, lambda *event: self._came.put(event), topics)

    def __enter__(self):
        if self._listener:
            self._listener.start()
        return self

    def __exit__(self, *_):
        if self._listener:
            self._listener.stop()

    def look(self, detail):
        """Print what is new."""
        if self._listener:
            self._notifications(detail["session"]["session_id"])
            return
        now = (detail["session"]["state"], detail["percent_done"])
        if now != self._seen:
            print(f"{time.strftime('%T', time.gmtime())} {now[0]}, {now[1]} %", flush=True)
        self._seen = now

    def _notifications(self, session_id):
        while not self._came.empty():
            event_type, payload, timestamp = self._came.get()
            if payload["session_id"] != session_id:
                continue
            if event_type == "maintenance.host":
                what = f"{payload['host']}: {payload['state']}"
            else:
                what = f"{payload['state']}, {payload['percent_done']} %"
            print(f"{timestamp[11:19]} {event_type:<20} {what}", flush=True)

    def end(self, detail):
        """Print how it ended; returns the exit code."""
        if self._listener:
            time.sleep(1.0)  # the last notification is on its way
            self.look(detail)
        for host in detail["hosts"]:
            print(f"{host['hostname']}: {'maintained' if host['maintained'] else host['phase']}")
        session = detail["session"]
        if session["state"] == DONE:
            return 0
        print(f"failed: {session['reason']}")
        print(f"to go on: tools/infra_admin.py --continue {session['session_id']}")
        return 1


def main():
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("file", nargs="?", help="JSON: the body of POST /v1/maintenance")
    what.add_argument("--continue", dest="go_on", metavar="SESSION_ID")
    what.add_argument("--delete", metavar="SESSION_ID")
    parser.add_argument("--transport-url", help="the message bus, as in fenix.conf")
    parser.add_argument("--topic", action="append", help="default: notifications")
    options = parser.parse_args()
    admin = InfraAdmin(from_environment(), os.environ.get("OS_REGION_NAME"))
    if options.delete:
        admin.delete(options.delete)
        return 0
    with Screen(options.transport_url, options.topic or ["notifications"]) as screen:
        if options.go_on:
            session_id = options.go_on
            admin.go_on(session_id)
        else:
            with open(options.file) as file:
                session_id = admin.create(json.load(file))
            print(f"session {session_id}", flush=True)
        return screen.end(admin.follow(session_id, screen.look))


if __name__ == "__main__":
    sys.exit(main())
