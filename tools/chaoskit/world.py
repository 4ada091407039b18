"""One cloud and one database with engines and APIs around them, and what an admin asks of it."""

import time

import sqlalchemy as sa
from benchmarks.service.deployment import IDLE, Deployment
from keystoneauth1 import exceptions as ka_exc
from oslo_db import exception as db_exc

from chaoskit.managers import Managers
from chaoskit.record import PREFIX, Record
from fenix.db import models

LEASE = 2
ENGINES, APIS = 4, 3
_ACTION_SECONDS = 0.3
_PATIENCE = 240
_PAUSE = 0.2
_SETTINGS = {
    "engine": {"lease": LEASE, "poll_interval": 0.5, "cloud_poll_interval": 0.3, "pool_size": 8},
    "api": {"rpc_timeout": 10, "threads": 8},
    "database": {"max_retries": 3, "max_pool_size": 8},
    "oslo_messaging_rabbit": {"amqp_durable_queues": True, "kombu_reconnect_delay": 0.5},
    "workflow": {
        "project_maintenance_reply": 30,
        "project_scale_in_reply": 30,
        "scale_in_settle_time": 2,
        "move_retry_interval": 0.5,
        "nack_retry_interval": 0.5,
        "cloud_retry_time": 600,
        "live_migration_retries": 50,
        "action_retries": 20,
        "max_parallel_moves_per_host": 4,
    },
    "notifications": {"retry_interval": 0.2},
}


class World(Deployment):
    """Use it in a ``with`` block."""

    def __init__(self, scene, neighbours, database_url, folder, brood):
        self.brood = brood
        self.record = Record(scene.cloud)
        managers = Managers(scene.owners, self.record)
        super().__init__(scene, neighbours, database_url, folder, _SETTINGS, managers)
        self.neighbours = neighbours

    def _port(self):
        return self.brood.port

    def _start_service(self):
        self.brood.conf = self._folder / "fenix.conf"
        self._stops.append(self.brood.end_all)
        for kind, count in (("engine", ENGINES), ("api", APIS)):
            for _ in range(count):
                self.brood.wait_ready(self.brood.bear(kind))

    def _demand_alive(self):
        """They are killed on purpose."""

    def _around(self, application):
        return super()._around(self.record.around(application))

    def _heard(self, event_type, payload, message_id):
        super()._heard(event_type, payload, message_id)
        if event_type.startswith(("maintenance.planned", "maintenance.scheduled")):
            self.record.note_event(message_id, payload)

    # The admin, who repeats what was not answered

    def insist(self, method, path="", body=None, gone=False):
        """Ask the API until it answers; returns the body."""
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                return self.admin.request(
                    f"{self.url}/v1/maintenance{path}", method, json=body
                ).json()
            except ka_exc.NotFound:
                if gone:
                    return {}
                raise
            except ka_exc.ClientException as error:
                status = getattr(error, "http_status", 0) or 500
                if (status < 500 or status == 509) or time.monotonic() > until:
                    raise
            time.sleep(_PAUSE)

    def begin(self, part):
        """Start the session of a part of the scene; returns its id.

        A create that was not answered may have been carried out: it is looked up by its hosts.
        """
        actions = [
            {
                "plugin": plugin,
                "type": "host",
                "metadata": {
                    "url": f"{self._emulator.url}{PREFIX.rstrip('/')}",
                    "seconds": _ACTION_SECONDS,
                },
            }
            for plugin in ("chaos_reinstall", "chaos_reboot")
        ]
        body = {"hosts": part.hosts, "workflow": part.workflow, "actions": actions}
        before = set(self.insist("GET")["session_id"])
        while True:
            try:
                return self.admin.post(f"{self.url}/v1/maintenance", json=body).json()["session_id"]
            except ka_exc.ClientException as error:
                if (getattr(error, "http_status", 0) or 500) < 500:
                    found = set(self.insist("GET")["session_id"]) - before
                    for session_id in found:
                        detail = self.insist("GET", f"/{session_id}/detail")
                        if detail["session"]["workflow"] == part.workflow:
                            return session_id
                    raise
            time.sleep(_PAUSE)

    def is_over(self, session_ids):
        """Whether all sessions are idle; asked of the database, which may be away."""
        found = self.rows(session_ids)
        return found is not None and all(row.state in IDLE for row in found)

    def rows(self, session_ids):
        """State and last step of sessions; None while the database cannot be asked.

        A step is a row of the history, such as a try at a host action, or a new revision.
        """
        table, events = models.sessions, models.session_events
        last = (
            sa.select(sa.func.max(events.c.event_id))
            .where(events.c.session_id == table.c.session_id)
            .scalar_subquery()
        )
        try:
            with self.database.reader() as read:
                return read.execute(
                    sa.select(
                        table.c.session_id, table.c.state, table.c.revision, last.label("event_id")
                    ).where(table.c.session_id.in_(session_ids))
                ).all()
        except db_exc.DBError:
            return None

    def events(self, session_id):
        """A session's whole history, oldest first."""
        found, marker = [], ""
        while True:
            page = self.insist("GET", f"/{session_id}/events?limit=1000{marker}")["events"]
            found += page
            if len(page) < 1000:
                return found
            marker = f"&marker={page[-1]['event_id']}"
