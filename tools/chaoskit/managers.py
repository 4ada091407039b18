"""Managers that do not give up: what is answered 5xx, or not at all, is said again."""

import functools
import time

import vnfm
from keystoneauth1 import exceptions as ka_exc

from chaoskit import scene

_UNTIL = 180
_PAUSE = 0.2


class Insistent(vnfm.VNFM):
    """The sample VNFM for one project of the scene."""

    def __init__(self, session, owner, record):
        super().__init__(
            session,
            scalable=scene.WORKER,
            actions={scene.HA: vnfm.LIVE_MIGRATE, scene.WORKER: vnfm.MIGRATE},
            constraints=scene.DEMANDS if owner.zone == "full" else None,
            poll=0.1,
        )
        self._owner = owner
        self._record = record
        # What is made again has to stay in its zone.
        servers = self.nova.servers
        servers.create = functools.partial(servers.create, availability_zone=owner.zone)

    def scale_in(self, need):
        """Scale in, and let the record know by how much."""
        before = len(self.removed)
        super().scale_in(need)
        self._record.scaled[self._session_id, self.project_id] += len(self.removed) - before

    def handle(self, payload):
        """Answer one event."""
        self._session_id = payload["session_id"]
        super().handle(payload)

    def _action(self, instance_id, allowed):
        """By the name alone: a question that is heard again gets the same answer."""
        name = self._names.get(instance_id, "")
        wanted = next((a for p, a in self.actions.items() if name.startswith(p)), allowed[0])
        return wanted if wanted in allowed else allowed[0]

    def instances(self, payload):
        """Ids of the instances an event is about."""
        return self._insist(super().instances, payload)

    def reply(self, payload, body):
        """Answer until it is answered; a session that is gone needs no answer."""
        tries = []

        def say():
            tries.append(1)
            self.session.put(
                payload["reply_url"], json={"session_id": payload["session_id"], **body}
            )

        if self._insist(say, gone=True) is not _GONE:
            actions = body.get("instance_actions") or {}
            self._record.note_reply(payload, self.project_id, actions, len(tries) > 1)

    def _maintenance(self, method, path, body=None):
        self._insist(super()._maintenance, method, path, body)

    def _insist(self, call, *arguments, gone=False):
        until = time.monotonic() + _UNTIL
        while True:
            try:
                return call(*arguments)
            except ka_exc.NotFound:
                if gone:
                    return _GONE
                raise
            except ka_exc.ClientException as error:
                status = getattr(error, "http_status", 0) or 500
                if status < 500 or time.monotonic() > until:
                    self._record.trouble(f"{self._owner.project.name}: {error}")
                    raise
            time.sleep(_PAUSE)


_GONE = object()


class Managers:
    """Those of all projects; with what :class:`benchmarks.service.deployment.Deployment` uses."""

    def __init__(self, owners, record):
        self._owners = {o.project.id: o for o in owners}
        self._record = record
        self._all = []
        self.failures = []

    def start(self):
        """Each listens on its own."""

    def manage(self, project_id, session):
        """Begin to manage a project."""
        manager = Insistent(session, self._owners[project_id], self._record)
        manager.subscribe(manager.start())
        manager.set_constraints()
        self._all.append(manager)

    def stop(self):
        """Stop listening."""
        for manager in self._all:
            manager.stop()
