"""Finding work: hints and timers at once, the database once in a poll interval."""

from __future__ import annotations

import datetime
import heapq
import logging
import threading

import futurist
from oslo_config import cfg
from oslo_db import exception as db_exc

from fenix import context, exceptions, timing
from fenix.db import records
from fenix.engine.actions import ActionRunner
from fenix.engine.leases import Leases
from fenix.engine.runner import Runner

LOG = logging.getLogger(__name__)


class Dispatcher:
    """Gives sessions to a bounded pool of threads, and action runs to another.

    A full pool takes nothing more, so that other engines can. One session is worked on by one
    thread of this engine at a time.
    """

    def __init__(
        self,
        *,
        conf: cfg.ConfigOpts,
        clock: timing.Clock,
        leases: Leases,
        runner: Runner,
        actions: ActionRunner,
    ) -> None:
        self._size = conf.engine.pool_size
        self._most = min(conf.engine.session_threads, self._size)
        self._poll = conf.engine.poll_interval
        self._leases = leases
        self._clock = clock
        self._runner = runner
        self._actions = actions
        self._sessions = futurist.ThreadPoolExecutor(max_workers=self._most)
        self._runs = futurist.ThreadPoolExecutor(max_workers=self._size)
        self._changed = threading.Condition()
        self._stopping = False
        #: In the order in which they came: none is passed over while all threads are busy.
        self._nudged: dict[str, None] = {}
        self._running: set[str] = set()
        self._timers: list[tuple[float, str]] = []
        self._busy_runs = 0
        self._look_for_runs = True
        self._next_poll = 0.0

    def nudge(self, session_id: str) -> None:
        """A session may have something to do."""
        with self._changed:
            self._nudged.setdefault(session_id)
            self._changed.notify()

    def runs_wait(self) -> None:
        """Action runs were written."""
        with self._changed:
            self._look_for_runs = True
            self._changed.notify()

    def holds(self) -> dict[str, str]:
        """How full the pools are, for a report. Takes no lock: the asker may have it."""
        return {
            "sessions at work": f"{len(self._running)} of {self._most}",
            "sessions that wait for a thread": ", ".join(self._nudged.copy()) or "none",
            "host actions at work": f"{self._busy_runs} of {self._size}",
            "timers": str(len(self._timers)),
        }

    def stop(self) -> None:
        """Take nothing more, and let what runs come to its end."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._sessions.shutdown(wait=True)
        self._runs.shutdown(wait=False)

    def loop(self) -> None:
        """Run until :meth:`stop`."""
        while True:
            with self._changed:
                while not self._has_work():
                    # Anew each time: what ended meanwhile may have set an earlier timer.
                    self._changed.wait(self._patience())
                if self._stopping:
                    return
            try:
                self._dispatch()
            except db_exc.DBError as error:
                LOG.warning("The database does not answer: %s", error)
                self._pause()
            except Exception:
                LOG.exception("The dispatcher goes on after an error")
                self._pause()

    def _pause(self) -> None:
        with self._changed:
            self._next_poll = self._clock.monotonic() + self._poll
            self._changed.wait(self._poll)

    def _has_work(self) -> bool:
        now = self._clock.monotonic()
        return bool(
            self._stopping
            or self._look_for_runs
            or (self._nudged.keys() - self._running and len(self._running) < self._most)
            or now >= self._next_poll
            or (self._timers and self._timers[0][0] <= now)
        )

    def _patience(self) -> float:
        until = self._next_poll
        if self._timers:
            until = min(until, self._timers[0][0])
        return max(0.0, until - self._clock.monotonic())

    def _dispatch(self) -> None:
        now = self._clock.monotonic()
        with self._changed:
            while self._timers and self._timers[0][0] <= now:
                self._nudged.setdefault(heapq.heappop(self._timers)[1])
            look, self._look_for_runs = self._look_for_runs, False
            free = self._most - len(self._running)
        if now >= self._next_poll:
            self._next_poll = now + self._poll
            look = True
            due = self._leases.due(free)
            with self._changed:
                self._nudged.update(dict.fromkeys(due))
        with self._changed:
            waiting = tuple(self._nudged)
        for session_id in waiting:
            self._begin(session_id)
        if look:
            self._begin_runs()

    def _begin(self, session_id: str) -> None:
        with self._changed:
            if self._stopping:
                return
            if session_id in self._running or len(self._running) >= self._most:
                return
            self._nudged.pop(session_id, None)
            self._running.add(session_id)
            self._sessions.submit(self._work, session_id)

    def _work(self, session_id: str) -> None:
        with context.working(session_id):
            self._advance(session_id)

    def _advance(self, session_id: str) -> None:
        until: datetime.datetime | None = None
        try:
            until = self._runner.run(session_id)
        except (db_exc.DBError, exceptions.FenixError) as error:
            LOG.warning("Session %s is taken up again later: %s", session_id, error)
        except Exception:
            LOG.exception("Session %s is taken up again later", session_id)
        with self._changed:
            self._running.discard(session_id)
            if until is not None:
                self._remember(session_id, until)
            self._changed.notify()

    def _remember(self, session_id: str, until: datetime.datetime) -> None:
        """Keep a timer for what is due before the next poll would find it."""
        delay = (until - self._clock.now()).total_seconds()
        if delay <= self._poll:
            heapq.heappush(self._timers, (self._clock.monotonic() + max(0.0, delay), session_id))

    def _begin_runs(self) -> None:
        with self._changed:
            free = self._size - self._busy_runs
        for run in self._actions.due(free):
            if not self._actions.claim(run):
                continue
            with self._changed:
                begins = not self._stopping
                if begins:
                    self._busy_runs += 1
                    self._runs.submit(self._carry_out, run)
            if not begins:
                self._actions.hand_back(run)

    def _carry_out(self, run: records.ActionRun) -> None:
        try:
            with context.working(run.session_id):
                self._actions.execute(run)
        finally:
            with self._changed:
                self._busy_runs -= 1
        self.nudge(run.session_id)
        self.runs_wait()
