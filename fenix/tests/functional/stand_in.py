"""An engine's answers without an engine: it writes the rows that a client can see.

Some workflow names make it misbehave as engines can: ``silent`` never answers, ``slow`` answers
after the client's patience has ended, ``defect`` fails, ``full`` has too many sessions.
"""

from __future__ import annotations

import json
import threading
from typing import Any

import oslo_messaging
import sqlalchemy as sa
from oslo_config import cfg

from fenix import exceptions, states, timing
from fenix.api.controllers import limits
from fenix.db import models, records, rows
from fenix.db import sessions as db_sessions
from fenix.db.api import Database
from fenix.engine import control
from fenix.rpc import transport as rpc_transport
from fenix.tests.functional import sample

_WORKFLOWS = ("default", "vnf", "silent", "slow", "defect", "full")

#: Of a cloud without hosts.
EMPTY_PLAN: dict[str, Any] = {
    **{k: [] for k in ("waves", "moves", "groups", "blocked_hosts", "outside_window")},
    **{k: [] for k in ("obstacles", "projects", "reservations")},
    **{k: {} for k in ("bounds", "totals", "ratios")},
    "workflow": "default",
    "scale_in": None,
    "duration": {
        "seconds": 0,
        "phases": {},
        "ends_at": "2026-11-21 12:00:00",
        "times": {},
        "parallel_moves_per_host": 1,
    },
}


class Endpoint:
    """The methods of an engine that the API calls."""

    def __init__(self, database: Database, patience: float) -> None:
        self._database = database
        self._patience = patience
        self._clock = timing.SystemClock()
        # The engine's own decisions; only nobody acts on them.
        self._control = control.Control(
            database, self._clock, lambda workflow: states.TABLE.resumable
        )
        self.stopped = threading.Event()
        #: Every call that came, in order: (method, context, arguments).
        self.calls: list[tuple[str, dict[str, Any], dict[str, Any]]] = []
        self.woken = threading.Event()

    @oslo_messaging.expected_exceptions(exceptions.FenixError)
    def create_session(
        self, context: dict[str, Any], session_id: str, body: dict[str, Any], deadline: str
    ) -> None:
        self.calls.append(("create_session", context, {"session_id": session_id, "body": body}))
        workflow = body.get("workflow", "default")
        if workflow not in _WORKFLOWS:
            raise exceptions.Unprocessable(
                f"workflow: no plug-in {workflow!r}; there are default, vnf"
            )
        if workflow == "full":
            raise exceptions.SessionLimit("20 sessions are live already")
        if workflow == "defect":
            raise RuntimeError("the password is swordfish")
        if workflow != "silent":
            self._write(session_id, body)
        if workflow in ("silent", "slow"):
            self.stopped.wait(self._patience * 2)

    @oslo_messaging.expected_exceptions(exceptions.FenixError)
    def plan(self, context: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        self.calls.append(("plan", context, {"body": body}))
        workflow = body.get("workflow", "default")
        if workflow not in _WORKFLOWS:
            raise exceptions.Unprocessable(
                f"workflow: no plug-in {workflow!r}; there are default, vnf"
            )
        if workflow == "silent":
            self.stopped.wait(self._patience * 2)
        return {**EMPTY_PLAN, "workflow": workflow, "obstacles": [json.dumps(body)] * 2}

    def _write(self, session_id: str, body: dict[str, Any]) -> None:
        now = self._clock.now()
        at = body.get("maintenance_at")
        hostnames = body.get("hosts") or ["compute-1", "compute-2"]
        session = records.Session(
            session_id,
            body.get("workflow", "default"),
            states.INITIAL,
            now,
            now,
            maintenance_at=timing.parse(at) if at else None,
            meta=body.get("metadata", {}),
            settings={k: body[k] for k in limits.PROPERTIES if k in body},
        )
        with self._database.reader() as transaction:
            for hostname in hostnames:
                holder = transaction.scalar(
                    sa.select(models.host_claims.c.session_id).where(
                        models.host_claims.c.hostname == hostname
                    )
                )
                if holder:
                    raise exceptions.Conflict(f"session {holder} holds host {hostname}")
        actions = [
            records.Action(
                session_id, a["plugin"], a["type"], a.get("order", 0), a.get("metadata", {})
            )
            for a in body.get("actions", [])
        ]
        with self._database.writer() as transaction:
            rows.insert(transaction, models.sessions, [session])
            rows.insert(
                transaction,
                models.hosts,
                [records.Host(session_id, h, "compute") for h in hostnames],
            )
            rows.insert(transaction, models.action_plugins, actions, without=["action_id"])
            transaction.execute(
                sa.insert(models.host_claims),
                [{"hostname": h, "session_id": session_id} for h in hostnames],
            )

    @oslo_messaging.expected_exceptions(exceptions.FenixError)
    def command_session(
        self,
        context: dict[str, Any],
        session_id: str,
        command: str,
        host: str | None,
        state: str | None,
    ) -> dict[str, Any]:
        given = {"session_id": session_id, "command": command, "host": host, "state": state}
        self.calls.append(("command_session", context, given))
        return self._control.give(context, session_id, command, host=host, state=state)

    @oslo_messaging.expected_exceptions(exceptions.FenixError)
    def delete_session(self, context: dict[str, Any], session_id: str) -> None:
        self.calls.append(("delete_session", context, {"session_id": session_id}))
        found = db_sessions.get(self._database, session_id)
        if found.workflow == "silent":
            self.stopped.wait(self._patience * 2)
            return
        with self._database.writer() as transaction:
            for table in models.OF_A_SESSION:
                transaction.execute(sa.delete(table).where(table.c.session_id == session_id))
        if found.workflow == "slow":
            self.stopped.wait(self._patience * 2)

    def wake(self, context: dict[str, Any], session_id: str) -> None:
        self.calls.append(("wake", context, {"session_id": session_id}))
        self.woken.set()


class StandIn:
    """An RPC server with that endpoint, in threads of this process."""

    def __init__(self, conf: cfg.ConfigOpts, database: Database) -> None:
        self.endpoint = Endpoint(database, conf.api.rpc_timeout)
        self._server = oslo_messaging.get_rpc_server(
            rpc_transport.make(conf), rpc_transport.target(sample.ENGINE_ID), [self.endpoint]
        )

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        self.endpoint.stopped.set()
        self._server.stop()
        self._server.wait()
