#!/usr/bin/env python3
"""A sample VNFM: the manager of an application that takes part in its own maintenance.

It receives Aodh's event alarms as webhooks, or is called by Fenix itself (``--webhook``), looks up
which of its instances are meant, and answers on the ``reply_url`` with a token of its own project:

* MAINTENANCE, MAINTENANCE_COMPLETE: agrees; on the latter it scales out to its former size.
* SCALE_IN: deletes as many of its scalable instances as Fenix says it needs, then agrees.
* PREPARE_MAINTENANCE, PLANNED_MAINTENANCE: chooses an action for each instance. It never lets so
  many of a group be cold-migrated at once that the others could not do the work.

Instances whose names begin with ``scalable`` may be deleted and made again; the others are kept.
With ``--constraints`` it also tells Fenix beforehand what each group and instance tolerates, which
the ``vnf`` workflow heeds, and keeps that up to date while it scales. ``vnf.yaml`` beside this file
is a Heat template of an application that it can manage.
Used by the demo, the tests and the acceptance; run ``vnfm.py --help`` to use it on a cloud.
"""

import argparse
import ast
import http.server
import json
import logging
import math
import os
import queue
import re
import secrets
import threading
import time
import uuid

from keystoneauth1 import session as ka_session
from keystoneauth1.identity import v3
from novaclient import client as nova_client
from novaclient import exceptions as nova_exc

from fenix.client import SignatureError, verify

LOG = logging.getLogger("vnfm")

EVENT_TYPE = "maintenance.planned"
MIGRATE = "MIGRATE"
LIVE_MIGRATE = "LIVE_MIGRATE"
_SCALE_TIMEOUT = 300.0
#: Names the ids of groups that are no server groups.
_GROUPS = uuid.UUID("6f1c0d3e-2b4a-4a53-9f57-1d8e7c0b9a64")


def payload_of(body):
    """The event's payload from the body of an alarm: traits are [name, type, text]."""
    traits = body["reason_data"]["event"]["traits"]
    payload = {name: value for name, _type, value in traits}
    for key in ("allowed_actions", "metadata"):
        payload[key] = ast.literal_eval(payload.get(key, "None"))
    return payload


_WHO = {
    "auth-url": "OS_AUTH_URL",
    "username": "OS_USERNAME",
    "password": "OS_PASSWORD",
    "project": "OS_PROJECT_NAME",
}


class VNFM:
    """Manages the instances of one project."""

    def __init__(
        self,
        session,
        *,
        region=None,
        scalable="worker",
        actions=None,
        spare=1.0,
        networks=(),
        constraints=None,
        poll=0.2,
        on_event=None,
        on_reply=None,
    ):
        """Prepare to manage the project that ``session`` works in.

        ``actions``: name prefix -> action; the first allowed one where none matches.
        ``spare``: share of the instances with one prefix that may be down at once; above it they
        are live-migrated. ``networks``: ids, for instances that are made again.
        ``constraints``: name prefix -> ``{"group": {...}, "instance": {...}}``, the fields of
        Fenix's ``/v1/instance_group`` and ``/v1/instance``.
        """
        self.session = session
        self.scalable = scalable
        self.actions = actions or {}
        self.spare = spare
        self.constraints = constraints or {}
        self.nics = [{"net-id": n} for n in networks] or "none"
        self.poll = poll
        self.on_event = on_event or (lambda payload: None)
        self.on_reply = on_reply or (lambda payload, reply: None)
        self.nova = nova_client.Client("2.79", session=session, region_name=region)
        self.project_id = session.get_project_id()
        self.region = region
        self.events = []
        self.replies = []
        self.removed = []
        self._names = {}
        self._down = set()
        self._todo = queue.Queue()
        self._server = None
        self._secret = None

    # The alarm receiver

    def start(self, host="127.0.0.1", port=0):
        """Listen for alarms; returns the URL to subscribe with."""
        receive = self.receive

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                self.send_response(receive(body, self.headers.get("X-Fenix-Signature")))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, form, *args):
                LOG.debug(form, *args)

        self._server = http.server.ThreadingHTTPServer((host, port), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        threading.Thread(target=self._work, daemon=True).start()
        return f"http://{host}:{self._server.server_port}/maintenance"

    def receive(self, body, signature):
        """Take a body in, if it may be believed; returns the status to answer with."""
        if self._secret is not None:
            try:
                verify(body, signature, self._secret)
            except SignatureError as error:
                LOG.warning("refused: %s", error)
                return 403
        self._todo.put(json.loads(body))
        return 200

    def stop(self):
        """Stop listening, after what came in has been answered."""
        self._server.shutdown()
        self._server.server_close()
        self._todo.put(None)

    def subscribe(self, url, event_type=EVENT_TYPE):
        """Make the event alarm that tells Fenix that this project has a manager."""
        alarm = {
            "name": f"{self.project_id[:8]}_{event_type}",
            "type": "event",
            "event_rule": {"event_type": event_type},
            "repeat_actions": True,
            "severity": "moderate",
            "alarm_actions": [url],
        }
        where = {"service_type": "alarming", "region_name": self.region}
        return self.session.post("/v2/alarms", json=alarm, endpoint_filter=where).json()["alarm_id"]

    def register(self, url):
        """Let Fenix call ``url`` itself; from now on only signed calls are believed."""
        self._secret = secrets.token_urlsafe(32)
        body = {"url": url, "secret": self._secret, "event_type": EVENT_TYPE}
        self._maintenance("PUT", f"/subscription/{self.project_id}", body)

    def _work(self):
        while True:
            body = self._todo.get()
            if body is None:
                return
            try:
                self.handle(payload_of(body))
            except Exception:
                LOG.exception("The event could not be handled; Fenix will take it for silence")

    # Events

    def handle(self, payload):
        """Answer one event."""
        self.events.append(payload)
        self.on_event(payload)
        state = payload["state"]
        LOG.info("%s for session %s", state, payload["session_id"])
        if state == "INSTANCE_ACTION_DONE":
            self._down.difference_update(self.instances(payload))
            return
        actions = {}
        if state == "SCALE_IN":
            self.scale_in(payload["metadata"].get("scale_in") or {"instances": 1})
        elif state == "MAINTENANCE_COMPLETE":
            self.scale_out()
        elif payload["allowed_actions"]:
            actions = self.choose(payload)
        self.reply(payload, {"state": f"ACK_{state}", "instance_actions": actions})

    def instances(self, payload):
        """Ids of the instances an event is about."""
        ids = payload["instance_ids"]
        if ids.startswith("["):
            return ast.literal_eval(ids)
        answer = self.session.get(ids, headers={"Content-Type": "application/json"})
        return answer.json()["instance_ids"]

    def choose(self, payload):
        """An action for each instance, by the beginning of its name."""
        ids = self.instances(payload)
        if not self._names.keys() >= set(ids):
            self._names = {s.id: s.name for s in self.servers()}
        return {i: self._action(i, payload["allowed_actions"]) for i in ids}

    def _action(self, instance_id, allowed):
        name = self._names.get(instance_id, "")
        prefix = next((p for p in self.actions if name.startswith(p)), "")
        wanted = self.actions.get(prefix, allowed[0])
        if wanted == MIGRATE:
            group = [i for i, n in self._names.items() if n.startswith(prefix)]
            down = self._down.intersection(group) | {instance_id}
            if len(down) > self.spare * len(group):
                wanted = LIVE_MIGRATE
            else:
                self._down.add(instance_id)
        return wanted if wanted in allowed else allowed[0]

    def reply(self, payload, body):
        """Answer on the event's own URL with a token of this project; a 503 is answered again."""
        body = {"session_id": payload["session_id"], **body}
        self.session.put(payload["reply_url"], json=body, connect_retries=3, status_code_retries=7)
        self.replies.append((payload["state"], body))
        self.on_reply(payload, body)

    # Constraints

    def set_constraints(self):
        """Tell Fenix of every group and instance that constraints were given for."""
        servers = self.servers()
        for prefix, wanted in self.constraints.items():
            members = [s for s in servers if s.name.startswith(prefix)]
            body = {**wanted.get("group", {}), "group_name": prefix, "project_id": self.project_id}
            group_id = self._group_id(prefix, members)
            self._maintenance("PUT", f"/instance_group/{group_id}", {**body, "group_id": group_id})
            for server in members:
                self._constrain(server, prefix, group_id)

    def _constrain(self, server, prefix, group_id):
        body = {
            **self.constraints[prefix].get("instance", {}),
            "instance_id": server.id,
            "instance_name": server.name,
            "project_id": self.project_id,
            "group_id": group_id,
        }
        self._maintenance("PUT", f"/instance/{server.id}", body)

    def _group_id(self, prefix, members):
        """The server group that the members are in, or an id of our own, always the same."""
        ids = {server.id for server in members}
        for group in self.nova.server_groups.list():
            if ids & set(group.members):
                return group.id
        return str(uuid.uuid5(_GROUPS, f"{self.project_id} {prefix}"))

    def _maintenance(self, method, path, body=None):
        self.session.request(
            path,
            method,
            json=body,
            log="secret" not in (body or ()),
            headers={"Content-Type": "application/json"},
            endpoint_filter={"service_type": "maintenance", "region_name": self.region},
        )

    def _prefix(self, name):
        return next((p for p in self.constraints if name.startswith(p)), None)

    # Scaling

    def servers(self):
        """Every instance of the project; in pages, however many there are."""
        return self.nova.servers.list(limit=-1)

    def workers(self):
        """The scalable instances, those with the highest numbers first."""
        found = [s for s in self.servers() if s.name.startswith(self.scalable)]
        return sorted(found, key=_by_number, reverse=True)

    def scale_in(self, need):
        """Delete scalable instances, as many as Fenix says; at least one stays."""
        workers = self.workers()
        count = max(need.get("instances", 0), 0)
        if workers and need.get("cores"):
            count = max(count, math.ceil(need["cores"] / workers[0].flavor["vcpus"]))
        chosen = workers[: min(count, max(len(workers) - 1, 0))]
        for server in chosen:
            image = server.image["id"] if server.image else None
            made = (server.name, server.flavor["original_name"], image, server.metadata)
            self.removed.append(made)
            self.nova.servers.delete(server.id)
            self._names.pop(server.id, None)
            if self._prefix(server.name):
                self._maintenance("DELETE", f"/instance/{server.id}")
        self._until_gone({s.id for s in chosen})

    def _until_gone(self, ids):
        deadline = time.monotonic() + _SCALE_TIMEOUT
        while ids & {s.id for s in self.servers()}:
            if time.monotonic() > deadline:
                raise TimeoutError(f"instances were not deleted: {sorted(ids)}")
            time.sleep(self.poll)

    def scale_out(self):
        """Make again what was deleted for the maintenance."""
        if not self.removed:
            return
        flavors = {f.name: f for f in self.nova.flavors.list()}
        for name, flavor, image, metadata in reversed(self.removed):
            try:
                self.nova.servers.create(
                    name, image, flavors[flavor], meta=metadata, nics=self.nics
                )
            except nova_exc.ClientException as error:
                LOG.warning("%s was not made again: %s", name, error)
        self.removed.clear()
        if self.constraints:
            self.set_constraints()


def _by_number(server):
    """``worker-10`` comes after ``worker-9``."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", server.name)]


def main():
    """Manage a project on a cloud until interrupted."""
    parser = argparse.ArgumentParser(description="Sample VNFM for Fenix")
    for name, variable in _WHO.items():
        value = os.environ.get(variable)
        parser.add_argument(
            f"--{name}", default=value, required=value is None, help=f"default: {variable}"
        )
    parser.add_argument("--domain", default=os.environ.get("OS_USER_DOMAIN_NAME", "Default"))
    parser.add_argument("--region", default=os.environ.get("OS_REGION_NAME"))
    parser.add_argument("--listen", default="127.0.0.1", help="address that Aodh reaches")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--scalable", default="worker", help="prefix of scalable instances")
    parser.add_argument("--action", action="append", default=[], metavar="PREFIX=ACTION")
    parser.add_argument("--spare", type=float, default=0.5, help="share that may be down at once")
    parser.add_argument("--network", action="append", default=[], help="id, for scaling out")
    parser.add_argument(
        "--constraints",
        type=argparse.FileType(),
        metavar="FILE",
        help="JSON: prefix -> group's and instance's constraints",
    )
    parser.add_argument(
        "--no-alarm", action="store_true", help="the alarm is there already, as from vnf.yaml"
    )
    parser.add_argument(
        "--webhook", metavar="URL", help="be called by Fenix itself, where it reaches this manager"
    )
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    auth = v3.Password(
        auth_url=options.auth_url,
        username=options.username,
        password=options.password,
        project_name=options.project,
        user_domain_name=options.domain,
        project_domain_name=options.domain,
    )
    manager = VNFM(
        ka_session.Session(auth=auth, timeout=30),
        region=options.region,
        scalable=options.scalable,
        actions=dict(a.split("=", 1) for a in options.action),
        spare=options.spare,
        networks=options.network,
        constraints=json.load(options.constraints) if options.constraints else {},
    )
    manager.set_constraints()
    url = manager.start(options.listen, options.port)
    if options.webhook:
        manager.register(options.webhook)
    elif not options.no_alarm:
        LOG.info("alarm %s", manager.subscribe(url))
    LOG.info("listening on %s", url)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        manager.stop()


if __name__ == "__main__":
    main()
