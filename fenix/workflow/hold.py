"""One engine's hold on one session: what handlers see, and how their effects are kept.

Every effect on the world is *look, do, record*. Changes are collected and written behind a
compare-and-swap; whoever has lost the session writes nothing. Reaching for :attr:`Hold.cloud`
checks the lease first, so no call leaves for a session that another engine may have taken over.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import uuid
from collections.abc import Callable
from typing import Any

from oslo_config import cfg

from fenix import timing
from fenix.cloud import aodh, blazar
from fenix.cloud import base as cloud_base
from fenix.conf import api as conf_api
from fenix.db import advance, records
from fenix.db.store import Store
from fenix.notifications import payloads
from fenix.workflow import host_events
from fenix.workflow.host_events import ADMIN
from fenix.workflow.snapshot import Snapshot


@dataclasses.dataclass(frozen=True)
class Ports:
    """The outside: a cloud, who manages what (None where there is no Aodh), what is reserved."""

    cloud: cloud_base.Cloud
    managers: Callable[[], dict[str, aodh.Manager] | None]
    reservations: Callable[[], list[blazar.Reservation]]


class Hold:
    """A session, its rows, and the ports; valid for one run of a handler."""

    def __init__(
        self,
        *,
        snapshot: Snapshot,
        store: Store,
        conf: cfg.ConfigOpts,
        clock: timing.Clock,
        ports: Ports,
        check_lease: Callable[[], None],
        on_commit: Callable[[advance.Changes], None],
    ) -> None:
        self.snapshot = snapshot
        self.store = store
        self.conf = conf
        self.clock = clock
        self.changes = advance.Changes()
        self._ports = ports
        self._check_lease = check_lease
        self._on_commit = on_commit

    @property
    def session(self) -> records.Session:
        """The session's row."""
        return self.snapshot.session

    @property
    def cloud(self) -> cloud_base.Cloud:
        """The cloud. :raises LostLease: when the session may be another engine's by now."""
        self._check_lease()
        return self._ports.cloud

    def managers(self) -> dict[str, aodh.Manager] | None:
        """Managers by project; None where there is no Aodh."""
        self._check_lease()
        return self._ports.managers()

    def reservations(self) -> list[blazar.Reservation]:
        """What is reserved of hosts; nothing where there is no Blazar."""
        self._check_lease()
        return self._ports.reservations()

    def now(self) -> datetime.datetime:
        """The present time."""
        return self.clock.now()

    def after(self, seconds: float) -> datetime.datetime:
        """The time in so many seconds."""
        return self.now() + datetime.timedelta(seconds=seconds)

    # Recording

    def save(self) -> None:
        """Write what was recorded so far; called before a call whose intent must survive.

        :raises LostLease: another engine has the session; stop at once.
        """
        if self.changes:
            self._commit(None)

    def release(self, wake_at: datetime.datetime | None) -> None:
        """Write what was recorded, and give the session back until ``wake_at``."""
        self._commit(advance.Release(wake_at))

    def _commit(self, release: advance.Release | None) -> None:
        changes, self.changes = self.changes, advance.Changes()
        self.store.commit(self.session, changes, self.now(), release)
        snapshot = self.snapshot
        snapshot.waits = [w for w in snapshot.waits if w.status == "open"] + changes.new_waits
        snapshot.runs.extend(changes.new_runs)
        self._on_commit(changes)

    def touch(self, *rows: records.Host | records.Instance | records.Project) -> None:
        """Rows of the snapshot were changed and are to be written."""
        for row in rows:
            if isinstance(row, records.Host):
                self.changes.hosts[row.hostname] = row
            elif isinstance(row, records.Instance):
                self.changes.instances[row.instance_id] = row
            else:
                self.changes.projects[row.project_id] = row

    def touch_wait(self, wait: records.Wait, seen: datetime.datetime | None) -> None:
        """A question was closed, or changed.

        :param seen: its ``replied_at`` as it was read: a later reply makes this a stale view.
        """
        self.changes.waits[wait.wait_id] = (wait, seen)

    def add_host(self, host: records.Host) -> None:
        """A host comes into view."""
        self.snapshot.hosts[host.hostname] = host
        self.changes.new_hosts.append(host)

    def add_instance(self, instance: records.Instance) -> None:
        """An instance comes into view."""
        self.snapshot.add(instance)
        self.changes.new_instances.append(instance)

    def project(self, project_id: str) -> records.Project:
        """The row of a project, made when it is not there yet."""
        found = self.snapshot.projects.get(project_id)
        if found is None:
            found = records.Project(self.session.session_id, project_id)
            self.snapshot.projects[project_id] = found
            self.changes.new_projects.append(found)
        return found

    def note(self, key: str, value: Any) -> None:
        """Keep something of the workflow's own with the session (JSON)."""
        progress = self.session.progress
        if value is None:
            progress.pop(key, None)
        else:
            progress[key] = value
        self.changes.session = True

    def noted(self, key: str, default: Any = None) -> Any:
        """What :meth:`note` kept."""
        return self.session.progress.get(key, default)

    def event(
        self,
        kind: str,
        message: str,
        *,
        host: str | None = None,
        project_id: str | None = None,
        instance_id: str | None = None,
        **data: Any,
    ) -> None:
        """Add a line to the session's history."""
        self.changes.events.append(
            records.Event(
                session_id=self.session.session_id,
                at=self.now(),
                kind=kind,
                message=message,
                host=host,
                project_id=project_id,
                instance_id=instance_id,
                data=data,
            )
        )

    # Telling others

    def _send(
        self,
        channel: str,
        event_type: str,
        payload: dict[str, Any],
        *,
        due_at: datetime.datetime | None = None,
        send_once: bool = False,
        carrier: str = records.BUS,
    ) -> str:
        now, message_id = self.now(), str(uuid.uuid4())
        self.changes.outgoing.append(
            records.Outgoing(
                session_id=self.session.session_id,
                channel=channel,
                message_id=message_id,
                event_type=event_type,
                # A copy: what is shared with a row must not change what was said.
                payload=json.loads(json.dumps(payload)),
                created_at=now,
                due_at=due_at or now,
                send_once=send_once,
                carrier=carrier,
            )
        )
        return message_id

    def tell_project(
        self,
        project: records.Project,
        state: str,
        *,
        allowed_actions: list[str],
        reply_at: datetime.datetime,
        actions_at: datetime.datetime,
        metadata: dict[str, Any],
        instance_id: str | None = None,
        due_at: datetime.datetime | None = None,
        send_once: bool = False,
    ) -> str | None:
        """Send an event to a project's manager: by every name that its alarms listen to, or to
        the webhook that it has registered.

        :returns: the id of the last notification.
        """
        payload = payloads.for_project(
            endpoint=conf_api.public_endpoint(self.conf),
            session_id=self.session.session_id,
            project_id=project.project_id,
            state=state,
            allowed_actions=allowed_actions,
            reply_at=reply_at,
            actions_at=actions_at,
            metadata=metadata,
            instance_id=instance_id,
        )
        sent = {
            event_type: self._send(
                project.project_id,
                event_type,
                payload,
                due_at=due_at,
                send_once=send_once,
                carrier=project.carrier,
            )
            for event_type in project.event_types
        }
        self.event(
            "notification",
            f"{state} to project {project.project_id}",
            project_id=project.project_id,
            instance_id=instance_id,
            state=state,
            reply_at=timing.wire(reply_at),
            messages=sent,
            carrier=project.carrier,
        )
        return list(sent.values())[-1] if sent else None

    def tell_session(self) -> None:
        """``maintenance.session``, after a change of state or a finished host."""
        session = self.session
        message_id = self._send(
            ADMIN,
            payloads.SESSION,
            payloads.session(
                session_id=session.session_id,
                state=session.state,
                percent_done=session.percent_done,
                project_id=self.admin_project(),
            ),
        )
        self.event(
            "notification",
            f"{payloads.SESSION}: {session.state}, {session.percent_done} %",
            state=session.state,
            messages={payloads.SESSION: message_id},
        )

    def tell_host(self, host: records.Host, state: str) -> None:
        """``maintenance.host``, to the admin project, those configured, and observers."""
        told = host_events.outgoing(
            self.conf,
            hostname=host.hostname,
            state=state,
            session_id=self.session.session_id,
            admin_project=self.admin_project(),
            now=self.now(),
        )
        self.changes.outgoing.extend(told)
        for row in told:
            if row.carrier == records.BUS:
                self.event(
                    "notification",
                    f"{payloads.HOST}: {host.hostname} {state}",
                    host=host.hostname,
                    state=state,
                    messages={payloads.HOST: row.message_id},
                )

    def admin_project(self) -> str:
        """Id of the project that the workflow's admin user works in; asked once a session."""
        known: str | None = self.noted("admin_project")
        if known is None:
            known = self.cloud.admin_project()
            self.note("admin_project", known)
        return known
