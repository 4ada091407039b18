"""Carrying out runs of action plug-ins, in threads of their own."""

from __future__ import annotations

import datetime
import logging
import threading
import time

from oslo_config import cfg
from oslo_db import exception as db_exc

from fenix import exceptions, timing
from fenix.cloud import base as cloud_base
from fenix.db import records
from fenix.db import runs as db_runs
from fenix.db.api import Database
from fenix.engine.plugins import Plugins
from fenix.workflow.action import BaseAction, Result, State, Task

LOG = logging.getLogger(__name__)

_HEALTH_PAUSE = 1.0
_TEXT = 4000


class ActionRunner:
    """Claims runs and executes them. A run that shows no life is taken over by another."""

    def __init__(
        self,
        *,
        conf: cfg.ConfigOpts,
        database: Database,
        clock: timing.Clock,
        cloud: cloud_base.Cloud,
        plugins: Plugins,
        engine_id: str,
    ) -> None:
        self._conf = conf
        self._database = database
        self._clock = clock
        self._cloud = cloud
        self._plugins = plugins
        self._engine_id = engine_id
        self._alive: dict[int, records.ActionRun] = {}
        self._lock = threading.Lock()
        self.patience = conf.engine.lease

    def due(self, limit: int) -> list[records.ActionRun]:
        """Runs that wait to be carried out."""
        if limit <= 0:
            return []
        found = db_runs.due(self._database, self._clock.now(), self.patience, limit)
        with self._lock:
            return [r for r in found if r.run_id not in self._alive]

    def claim(self, run: records.ActionRun) -> bool:
        """Take a run; to be followed by :meth:`execute`."""
        now = self._clock.now()
        deadline = now + datetime.timedelta(seconds=self._limit(run))
        if not db_runs.claim(self._database, run, self._engine_id, now, self.patience, deadline):
            return False
        with self._lock:
            self._alive[run.run_id] = run
        return True

    def _limit(self, run: records.ActionRun) -> float:
        plugin = self._plugins.actions.get(run.plugin)
        return float((plugin and plugin.timeout) or self._conf.workflow.action_timeout)

    def execute(self, run: records.ActionRun) -> None:
        """Run the plug-in and write its result."""
        try:
            result = self._outcome(run)
        finally:
            with self._lock:
                self._alive.pop(run.run_id, None)
        self._finish(run, result)

    def _finish(self, run: records.ActionRun, result: Result) -> None:
        for pause in (0.2, 1.0, 5.0, 0.0):
            try:
                db_runs.finish(
                    self._database,
                    run,
                    result.state.value,
                    result.message[:_TEXT],
                    self._clock.now(),
                )
                return
            except db_exc.DBError as error:
                LOG.warning("The result of %s was not written: %s", run.plugin, error)
                time.sleep(pause)

    def _outcome(self, run: records.ActionRun) -> Result:
        try:
            action = self._plugins.action(run.plugin)(self._task(run))
            if action.done():
                return Result(State.SKIPPED, "the goal holds already")
            result = action.run()
            if result.state is not State.FAILED and not self._healthy(action, run):
                return Result(State.FAILED, f"{run.hostname} was not well in time after the action")
            return result
        except Exception as error:
            LOG.exception("%s action %s on %s raised", run.type, run.plugin, run.hostname)
            return Result(State.FAILED, f"{type(error).__name__}: {error}")

    def _healthy(self, action: BaseAction, run: records.ActionRun) -> bool:
        while not action.health():
            if run.deadline is None or self._clock.now() >= run.deadline:
                return False
            time.sleep(_HEALTH_PAUSE)
        return True

    def _task(self, run: records.ActionRun) -> Task:
        return Task(
            session_id=run.session_id,
            hostname=run.hostname,
            type=run.type,
            metadata=run.meta,
            key=run.key,
            attempt=run.attempt,
            conf=self._conf,
            cloud=self._cloud,
            heartbeat=lambda: self._check(run),
        )

    def _check(self, run: records.ActionRun) -> None:
        with self._lock:
            if run.run_id not in self._alive:
                raise exceptions.LostLease(f"the run of {run.plugin} was given up")

    def beat(self) -> None:
        """Show life of everything that runs; give up what is past its time."""
        now = self._clock.now()
        with self._lock:
            late = [r for r in self._alive.values() if r.deadline and now > r.deadline]
            for run in late:
                del self._alive[run.run_id]
            alive = list(self._alive)
        for run in late:
            self._finish(run, Result(State.FAILED, f"not finished within {self._limit(run):g} s"))
        try:
            db_runs.beat(self._database, alive, self._engine_id, now)
        except db_exc.DBError as error:
            LOG.warning("The heartbeat of %d actions was not written: %s", len(alive), error)
