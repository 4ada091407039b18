"""Looking whether hosts were added to the cloud or removed, when no session does."""

from __future__ import annotations

from oslo_config import cfg

from fenix import timing
from fenix.cloud import base
from fenix.db import duties
from fenix.db.api import Database
from fenix.db.store import SqlStore
from fenix.workflow import presence

_DUTY = "hosts"


class HostWatch:
    """One engine at a time lists the hosts; a listing is one call to Nova."""

    def __init__(
        self,
        *,
        conf: cfg.ConfigOpts,
        database: Database,
        clock: timing.Clock,
        cloud: base.Cloud,
        engine_id: str,
    ) -> None:
        self._conf = conf
        self._database = database
        self._clock = clock
        self._cloud = cloud
        self._engine_id = engine_id
        self.interval: float = conf.engine.host_watch_interval

    def look(self) -> None:
        """Look, if it is due and no other engine does.

        :raises CloudError: the cloud does not answer.
        """
        now = self._clock.now()
        if not duties.take(self._database, _DUTY, self._engine_id, now, self.interval):
            return
        found = self._cloud.hosts()
        presence.look(
            SqlStore(self._database),
            self._conf,
            found,
            now=self._clock.now(),
            admin_project=self._cloud.admin_project,
        )
