"""Carrying out runs of action plug-ins, in threads of their own."""

from __future__ import annotations

import datetime
import itertools
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
_BEAT_PAUSE = 0.5
#: A run that ends by itself when its time is over says more than that it is over.
_GRACE = datetime.timedelta(seconds=1)
_TEXT = 4000
#: Seconds between tries to write a result.
_PAUSES = (0.2, 1.0, 5.0)


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
        #: Until when, on the steady clock, nobody else can have taken a run.
        self._until: dict[int, float] = {}
        #: Given up, and not yet written so.
        self._late: list[records.ActionRun] = []
        self._stopped = threading.Event()
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
        now, until = self._clock.now(), self._clock.monotonic() + self.patience
        deadline = now + datetime.timedelta(seconds=self._limit(run))
        if not db_runs.claim(self._database, run, self._engine_id, now, self.patience, deadline):
            return False
        with self._lock:
            self._alive[run.run_id] = run
            self._until[run.run_id] = until
        return True

    def _limit(self, run: records.ActionRun) -> float:
        plugin = self._plugins.actions.get(run.plugin)
        return float((plugin and plugin.timeout) or self._conf.workflow.action_timeout)

    def hand_back(self, run: records.ActionRun) -> None:
        """Let another engine have a run that was claimed and not begun."""
        self._forget(run)
        db_runs.hand_back(self._database, run)

    def execute(self, run: records.ActionRun) -> None:
        """Run the plug-in and write its result, however long the database is away.

        A result that is lost makes the host action run a second time. Nothing is written by whom
        the run was taken from meanwhile.
        """
        try:
            result = self._outcome(run)
            pauses = itertools.chain(_PAUSES, itertools.repeat(_PAUSES[-1]))
            while self._is_alive(run) and not self._finish(run, result):
                self._stopped.wait(next(pauses))
                if self._stopped.is_set():
                    return
        except exceptions.LostLease as error:
            LOG.warning("%s action %s on %s: %s", run.type, run.plugin, run.hostname, error)
        finally:
            self._forget(run)

    def _forget(self, run: records.ActionRun) -> None:
        with self._lock:
            self._alive.pop(run.run_id, None)
            self._until.pop(run.run_id, None)

    def holds(self) -> dict[str, str]:
        """What runs where, for a report. Takes no lock: the asker may have it."""
        return {
            str(run.run_id): f"{run.plugin} ({run.type}) on {run.hostname}, try {run.attempt}, "
            f"session {run.session_id}, until {run.deadline}"
            for run in self._alive.copy().values()
        }

    def stop(self) -> None:
        """Wait for the database no longer."""
        self._stopped.set()

    def _is_alive(self, run: records.ActionRun) -> bool:
        with self._lock:
            return run.run_id in self._alive

    def _finish(self, run: records.ActionRun, result: Result) -> bool:
        """Write a result. :returns: whether the database answered."""
        now, text = self._clock.now(), _text(result.message)
        try:
            db_runs.finish(self._database, run, result.state.value, text, now)
        except db_exc.DBError as error:
            LOG.warning("The result of %s is not written yet: %s", run.plugin, error)
            return False
        return True

    def _too_late(self, run: records.ActionRun) -> Result:
        return Result(State.FAILED, f"not finished within {self._limit(run):g} s")

    def _outcome(self, run: records.ActionRun) -> Result:
        try:
            action = self._plugins.action(run.plugin)(self._task(run))
            if action.done():
                # Perhaps an engine died between the run and the gate: the gate still counts.
                result = Result(State.SKIPPED, "the goal holds already")
            else:
                # done() may have taken long, or the process stood still.
                self._check(run)
                result = action.run()
            if not isinstance(result, Result):
                raise TypeError(f"run() returned {type(result).__name__}, not a Result")
            ill = None if result.state is State.FAILED else self._ill(action, run)
            return result if ill is None else Result(State.FAILED, ill)
        except exceptions.LostLease:
            raise
        except Exception as error:
            LOG.exception("%s action %s on %s raised", run.type, run.plugin, run.hostname)
            return Result(State.FAILED, f"{type(error).__name__}: {error}")

    def _ill(self, action: BaseAction, run: records.ActionRun) -> str | None:
        """Wait for the host to be well. :returns: None when it is, else what to tell of it."""
        while True:
            why = ""
            try:
                if action.health():
                    return None
            except Exception as error:  # noqa: BLE001 - a host that boots answers in many ways
                why = f" ({type(error).__name__}: {error})"
            left = (run.deadline - self._clock.now()).total_seconds() if run.deadline else 0.0
            if left <= 0:
                return f"{run.hostname} was not well in time after the action{why}"
            time.sleep(min(_HEALTH_PAUSE, left))

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
        """Make sure that nobody else carries out the run; waits for the database to say so.

        :raises LostLease: another engine has it, it was given up, or nobody knows in time.
        """
        while True:
            with self._lock:
                until = self._until.get(run.run_id)
            if until is None:
                raise exceptions.LostLease(f"the run of {run.plugin} was given up")
            if self._clock.monotonic() < until:
                return
            if run.deadline is not None and self._clock.now() > run.deadline:
                raise exceptions.LostLease(f"nobody knows whose the run of {run.plugin} is")
            if not self._show_life([run.run_id]):
                time.sleep(_BEAT_PAUSE)

    def beat(self) -> None:
        """Show life of everything that runs; give up what is past its time."""
        now = self._clock.now()
        with self._lock:
            late = [r for r in self._alive.values() if r.deadline and now > r.deadline + _GRACE]
            for run in late:
                del self._alive[run.run_id]
                self._until.pop(run.run_id, None)
            alive = list(self._alive)
        self._late += late
        for run in late:
            LOG.error(
                "%s action %s on %s is given up; until it ends it takes one of [engine] pool_size",
                run.type,
                run.plugin,
                run.hostname,
            )
        self._late = [run for run in self._late if not self._finish(run, self._too_late(run))]
        self._show_life(alive)

    def _show_life(self, run_ids: list[int]) -> bool:
        """Write heartbeats; forget what is another engine's. False: the database is away."""
        until = self._clock.monotonic() + self.patience
        try:
            lost = db_runs.beat(self._database, run_ids, self._engine_id, self._clock.now())
        except db_exc.DBError as error:
            LOG.warning("The heartbeat of %d actions was not written: %s", len(run_ids), error)
            return False
        with self._lock:
            for run_id in set(run_ids) & self._until.keys():
                self._until[run_id] = until
            for run_id in lost:
                self._until.pop(run_id, None)
                gone = self._alive.pop(run_id, None)
                if gone is not None:
                    LOG.warning(
                        "%s action %s on %s was given to another engine, or deleted",
                        gone.type,
                        gone.plugin,
                        gone.hostname,
                    )
        return True


def _text(message: object) -> str:
    """What a column of text can hold: not every database takes NUL or half a surrogate."""
    text = str(message).replace("\0", "").encode("utf-8", "replace").decode()
    return text[:_TEXT]
