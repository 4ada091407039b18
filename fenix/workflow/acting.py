"""Running action plug-ins: a row for each run, carried out by any engine."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Sequence

from fenix.db import records
from fenix.db import runs as db_runs
from fenix.workflow.hold import Hold
from fenix.workflow.outcome import Fatal

LOCALHOST = "localhost"


class Acting:
    """Creates runs, one after the other on each host, and reads their results."""

    def __init__(self, hold: Hold) -> None:
        self._hold = hold
        self._conf = hold.conf.workflow

    def ordered(self, types: Sequence[str]) -> list[records.Action]:
        """The session's actions of these types: by type as given, ``order``, then name."""
        return [
            action
            for kind in types
            for action in sorted(
                (a for a in self._hold.snapshot.actions if a.type == kind),
                key=lambda a: (a.order, a.plugin, a.action_id),
            )
        ]

    def finished(self, types: Sequence[str], hostname: str) -> bool:
        """Run the actions of these types on a host in their order.

        :returns: True when all have ended well; False while one is running.
        :raises Fatal: when one failed as often as configured.
        """
        runs = self._runs(hostname)
        for action in self.ordered(types):
            run = runs.get(self._key(action, hostname))
            if run is None:
                self._add(action, hostname)
                return False
            if run.state == db_runs.FAILED:
                self._again(run)
                return False
            if run.state not in db_runs.FINISHED:
                return False
        return True

    def _runs(self, hostname: str) -> dict[str, records.ActionRun]:
        rows = [*self._hold.snapshot.runs, *self._hold.changes.new_runs]
        return {r.key: r for r in rows if r.hostname == hostname}

    def _key(self, action: records.Action, hostname: str) -> str:
        """The same for every attempt, on every engine."""
        parts = f"{self._hold.session.session_id}|{action.action_id}|{hostname}"
        return hashlib.sha256(parts.encode()).hexdigest()[:32]

    def _add(self, action: records.Action, hostname: str) -> None:
        self._hold.changes.new_runs.append(
            records.ActionRun(
                session_id=self._hold.session.session_id,
                plugin=action.plugin,
                type=action.type,
                hostname=hostname,
                order=action.order,
                meta=action.meta,
                key=self._key(action, hostname),
                created_at=self._hold.now(),
            )
        )
        self._hold.event(
            "action", f"{action.type} action {action.plugin} on {hostname}", host=hostname
        )

    def _again(self, run: records.ActionRun) -> None:
        allowed = self._hold.noted("action_tries", {}).get(run.key, self._conf.action_retries + 1)
        if run.attempt >= allowed:
            raise Fatal(
                f"{run.type} action {run.plugin} failed on {run.hostname} after {run.attempt} "
                f"tries: {run.result or 'it gave no reason'}. Remove the cause, then continue "
                f"the session: the action is run again"
            )
        run.state, run.owner, run.heartbeat_at = db_runs.PENDING, None, None
        self._hold.changes.runs.append(run)
        self._hold.event(
            "action",
            f"{run.type} action {run.plugin} on {run.hostname} failed ({run.result}); again",
            host=run.hostname,
        )

    def allow_again(self, hostname: str | None = None) -> None:
        """Failed actions (of one host) are run as often again as in a new session."""
        tries = {
            r.key: r.attempt + self._conf.action_retries + 1
            for r in self._hold.snapshot.runs
            if r.state == db_runs.FAILED and hostname in (None, r.hostname)
        }
        if tries:
            self._hold.note("action_tries", {**self._hold.noted("action_tries", {}), **tries})

    def unfinished(self) -> list[records.ActionRun]:
        """Runs that an engine is carrying out just now."""
        return [r for r in self._hold.snapshot.runs if r.state == db_runs.RUNNING]

    def give_up_dead(self) -> None:
        """Runs whose engine shows no life are not taken over by another: nothing new starts."""
        lease = datetime.timedelta(seconds=self._hold.conf.engine.lease)
        for run in self.unfinished():
            if run.heartbeat_at is not None and run.heartbeat_at + lease < self._hold.now():
                run.state, run.result = db_runs.FAILED, "withdrawn: its engine showed no life"
                run.finished_at = self._hold.now()
                self._hold.changes.runs.append(run)
