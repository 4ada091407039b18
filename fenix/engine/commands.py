"""Commands of admins, as the API hands them over; answered after the rows are written."""

from __future__ import annotations

import datetime
import functools
import logging
import threading
import uuid
from collections.abc import Callable
from typing import Any

import oslo_messaging
from oslo_config import cfg
from oslo_db import exception as db_exc

from fenix import context, exceptions, states, timing
from fenix.cloud import base as cloud_base
from fenix.db import lifecycle, records, trouble
from fenix.db import sessions as db_sessions
from fenix.db.api import Database
from fenix.engine import control
from fenix.engine.endings import Endings
from fenix.engine.planning import Planning
from fenix.engine.plugins import Plugins
from fenix.rpc.transport import VERSION
from fenix.workflow import choice
from fenix.workflow.hold import Ports

LOG = logging.getLogger(__name__)

_SETTINGS = (
    "max_parallel_hosts",
    "max_failed_hosts",
    "canary_hosts",
    "canary_soak",
    "window_end",
    "parameters",
    "reserved_hosts",
)
#: Part of [api] rpc_timeout in which a DELETE is waited for.
_PATIENCE = 0.8


def _expected(function: Callable[..., Any]) -> Callable[..., Any]:
    """Errors of the service cross the bus as themselves, and so does a database that fails."""

    @functools.wraps(function)
    def told(self: Commands, request: dict[str, Any], *args: Any, **more: Any) -> Any:
        session_id = more.get("session_id") or next((a for a in args if isinstance(a, str)), None)
        try:
            with context.working(session_id, told=request):
                return function(self, request, *args, **more)
        except db_exc.DBError as error:
            why = trouble.reason(error)
            if why is None:
                raise
            LOG.warning("%s: %s", function.__name__, error)
            raise exceptions.Unavailable(f"of the engine that took the command, {why}") from error

    wrapped: Callable[..., Any] = oslo_messaging.expected_exceptions(exceptions.FenixError)(told)
    return wrapped


class Commands:
    """The RPC endpoint of an engine."""

    target = oslo_messaging.Target(version=VERSION)

    def __init__(
        self,
        *,
        conf: cfg.ConfigOpts,
        database: Database,
        clock: timing.Clock,
        ports: Ports,
        plugins: Plugins,
        nudge: Callable[[str], None],
        endings: Endings,
    ) -> None:
        self._conf = conf
        self._database = database
        self._clock = clock
        self._cloud = ports.cloud
        self._planning = Planning(conf, database, clock, ports)
        self._plugins = plugins
        self._nudge = nudge
        self._endings = endings
        self._control = control.Control(
            database, clock, lambda name: plugins.workflow(name).table.resumable
        )

    @_expected
    def create_session(
        self, context: dict[str, Any], session_id: str, body: dict[str, Any], deadline: str
    ) -> None:
        """See :meth:`fenix.rpc.client.EngineClient.create_session`."""
        self._in_time(deadline)
        self._plugins.check_parameters(self._workflow(body), body.get("parameters") or {})
        actions = self._actions(session_id, body)
        limit = self._conf.engine.max_sessions
        if lifecycle.live_count(self._database) >= limit:
            raise exceptions.SessionLimit(
                f"{limit} sessions are live already ([engine] max_sessions); wait for one to "
                f"end, or delete one"
            )
        hosts = self._hosts(session_id, body)
        self._in_time(deadline)
        session = self._session(session_id, body, context)
        lifecycle.create(
            self._database,
            session,
            hosts,
            actions,
            [self._event(session_id, "created", f"created for {len(hosts)} hosts", context)],
            [],
        )
        LOG.info("Session %s is created for %d hosts", session_id, len(hosts))
        self._nudge(session_id)

    @_expected
    def plan(self, context: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        """See :meth:`fenix.rpc.client.EngineClient.plan`."""
        self._in_time(context.get("deadline"))
        session_id = str(uuid.uuid4())
        workflow = self._plugins.workflow(self._workflow(body))
        self._plugins.check_parameters(self._workflow(body), body.get("parameters") or {})
        actions = self._actions(session_id, body)
        hosts = self._hosts(session_id, body)
        lifecycle.demand_free(self._database, [h.hostname for h in hosts])
        session = self._session(session_id, body, context)
        return self._planning.plan(workflow, session, hosts, actions)

    def _workflow(self, body: dict[str, Any]) -> str:
        return str(body.get("workflow") or self._conf.engine.default_workflow)

    def _actions(self, session_id: str, body: dict[str, Any]) -> list[records.Action]:
        name = self._workflow(body)
        return [self._action(session_id, name, a) for a in body.get("actions", [])]

    def _hosts(self, session_id: str, body: dict[str, Any]) -> list[records.Host]:
        found = choice.in_cloud(self._cloud, list(body.get("hosts") or []))
        return [_host(session_id, h) for h in found]

    def _session(
        self, session_id: str, body: dict[str, Any], context: dict[str, Any]
    ) -> records.Session:
        now = self._clock.now()
        return records.Session(
            session_id=session_id,
            workflow=self._workflow(body),
            state=states.INITIAL,
            created_at=now,
            updated_at=now,
            wake_at=now,
            maintenance_at=_time(body.get("maintenance_at")),
            meta=body.get("metadata") or {},
            settings={k: body[k] for k in _SETTINGS if k in body},
            request_id=context.get("request_id"),
        )

    def _in_time(self, deadline: str | None) -> None:
        if deadline is not None and self._clock.now() > timing.parse(deadline):
            raise exceptions.Unavailable(
                "the command came too late; its sender does not wait any more"
            )

    def _action(self, session_id: str, workflow: str, action: dict[str, Any]) -> records.Action:
        meta = action.get("metadata") or {}
        self._plugins.check_type(workflow, action["type"])
        self._plugins.check_action(action["plugin"], meta)
        return records.Action(
            session_id, action["plugin"], action["type"], action.get("order", 0), meta
        )

    def _event(
        self, session_id: str, kind: str, message: str, context: dict[str, Any]
    ) -> records.Event:
        return records.Event(
            session_id,
            self._clock.now(),
            kind,
            message,
            data={k: context.get(k) for k in ("request_id", "user_id")},
        )

    @_expected
    def command_session(
        self,
        context: dict[str, Any],
        session_id: str,
        command: str,
        host: str | None = None,
        state: str | None = None,
    ) -> dict[str, Any]:
        """See :meth:`fenix.rpc.client.EngineClient.command_session`."""
        self._in_time(context.get("deadline"))
        answer = self._control.give(context, session_id, command, host=host, state=state)
        self._nudge(session_id)
        return answer

    @_expected
    def delete_session(self, context: dict[str, Any], session_id: str) -> None:
        """See :meth:`fenix.rpc.client.EngineClient.delete_session`."""
        self._in_time(context.get("deadline"))
        with self._endings.awaited(session_id) as ended:
            self._control.give(context, session_id, control.DELETE)
            self._nudge(session_id)
            if not self._has_ended(session_id, ended):
                LOG.info("Session %s ends later: something is under way", session_id)

    def _has_ended(self, session_id: str, ended: threading.Event) -> bool:
        """Wait for the end; that of a session which another engine holds shows in the database."""
        patience = self._clock.monotonic() + self._conf.api.rpc_timeout * _PATIENCE
        while (left := patience - self._clock.monotonic()) > 0:
            if ended.wait(min(left, self._conf.engine.poll_interval)):
                return True
            if db_sessions.wakes(self._database, session_id) is None:
                return True
        return False

    def wake(self, context: dict[str, Any], session_id: str) -> None:
        """Look at a session now."""
        self._nudge(session_id)


def _time(text: str | None) -> datetime.datetime | None:
    return None if text is None else timing.parse(text)


def _host(session_id: str, host: cloud_base.CloudHost) -> records.Host:
    return records.Host(
        session_id,
        host.hostname,
        ",".join(sorted(host.roles)),
        service_id=host.service_id,
        found_disabled=not host.enabled,
    )
