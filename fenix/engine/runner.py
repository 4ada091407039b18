"""Advancing one session: claim, run the handler of its state, write what it did, give back."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import logging
from collections.abc import Callable
from typing import Protocol

from oslo_config import cfg

from fenix import context, exceptions, states, timing
from fenix.db import advance, lifecycle, records, runs, trouble
from fenix.db.store import Store
from fenix.workflow import resuming
from fenix.workflow.base import BaseWorkflow
from fenix.workflow.hold import Hold, Ports
from fenix.workflow.outcome import Fatal, Go, Retry, Wait
from fenix.workflow.snapshot import Snapshot

LOG = logging.getLogger(__name__)

_CACHED = 64
_STEPS = 100
_FIRST_PAUSE = 1.0
_TIDY_PAUSE = 2.0
_LONGEST_PAUSE = 30.0
#: A session whose runs take long rests for so many times as long, up to so many seconds, unless
#: something comes in: fifty large ones that look once a second would keep each other from working.
_LONG_RUN = 0.5
_REST = 2.0
_LONGEST_REST = 10.0


class Workflows(Protocol):
    """Workflow classes by name."""

    def workflow(self, name: str) -> type[BaseWorkflow]:
        """The class of a workflow. :raises Unprocessable: listing those available."""
        ...


class Claims(Protocol):
    """The sessions that this engine holds."""

    def take(self, session_id: str) -> records.Session | None:
        """Claim a session; None when it is not due, or held."""
        ...

    def drop(self, session_id: str) -> None:
        """This engine has finished with a session."""
        ...

    def check(self, session_id: str) -> None:
        """Make sure that a session is still held. :raises LostLease: it may not be."""
        ...


class Runner:
    """Runs handlers. Several threads may use it, each for another session."""

    def __init__(
        self,
        *,
        conf: cfg.ConfigOpts,
        store: Store,
        clock: timing.Clock,
        ports: Ports,
        plugins: Workflows,
        leases: Claims,
        on_commit: Callable[[advance.Changes], None],
        on_end: Callable[[str], None] = lambda session_id: None,
    ) -> None:
        self._conf = conf
        self._on_end = on_end
        self._store = store
        self._clock = clock
        self._ports = ports
        self._plugins = plugins
        self._leases = leases
        self._on_commit = on_commit
        self._cache: collections.OrderedDict[str, Snapshot] = collections.OrderedDict()

    def run(self, session_id: str) -> datetime.datetime | None:
        """Advance a session as far as it goes now.

        :returns: when it has something to do again, as far as this engine knows.
        """
        session = self._leases.take(session_id)
        if session is None:
            return None
        with context.working(session_id, session.request_id):
            return self._run(session)

    def _run(self, session: records.Session) -> datetime.datetime | None:
        session_id = session.session_id
        try:
            return self._advance(session)
        except exceptions.LostLease as error:
            LOG.warning("Stopped: %s", error)
        except advance.Stale:
            LOG.info("Session %s: a reply or command came in; looking again", session_id)
            self._let_go(session)
            return self._clock.now()
        finally:
            self._leases.drop(session_id)
        self._cache.pop(session_id, None)
        return None

    def _let_go(self, session: records.Session) -> None:
        """Nothing that was recorded is kept: the next holder reads the rows."""
        self._cache.pop(session.session_id, None)
        fresh = self._store.session(session.session_id)
        if fresh.owner != session.owner:
            return
        release = advance.Release(self._clock.now())
        self._store.commit(fresh, advance.Changes(), self._clock.now(), release)

    def _snapshot(self, session: records.Session) -> Snapshot:
        """The rows of a session; those only its holder writes are kept from last time."""
        known = self._cache.pop(session.session_id, None)
        if known is not None and known.session.revision == session.revision - 1:
            unfinished = [r.run_id for r in known.runs if r.state not in runs.DONE]
            known.waits, fresh = self._store.written_by_others(session.session_id, unfinished)
            changed = {r.run_id: r for r in fresh}
            known.runs = [changed.get(r.run_id, r) for r in known.runs]
            known.session = session
            snapshot = known
        else:
            detail = self._store.detail(session.session_id)
            snapshot = Snapshot(dataclasses.replace(detail, session=session))
        return snapshot

    def _keep(self, snapshot: Snapshot) -> None:
        self._cache[snapshot.session.session_id] = snapshot
        while len(self._cache) > _CACHED:
            self._cache.popitem(last=False)

    def _advance(self, session: records.Session) -> datetime.datetime | None:
        begun = self._clock.monotonic()
        snapshot = self._snapshot(session)
        hold = Hold(
            snapshot=snapshot,
            store=self._store,
            conf=self._conf,
            clock=self._clock,
            ports=self._ports,
            check_lease=lambda: self._leases.check(session.session_id),
            on_commit=self._on_commit,
        )
        for _ in range(_STEPS):
            if session.command == lifecycle.DELETE:
                until = self._delete(hold)
                if until is None:
                    return None
            elif session.command == lifecycle.ABORT:
                until = self._abort(hold)
            elif session.state in states.IDLE:
                until = self._settle(hold)
            elif session.paused_at is not None:
                until = self._until(self._tidy(hold, "pause"))
            else:
                outcome = self._step(hold)
                if outcome is None:
                    continue
                until = self._rested(outcome.until, begun)
            hold.release(until)
            self._keep(snapshot)
            return self._again(session, until)
        hold.release(self._clock.now())
        self._keep(snapshot)
        return self._clock.now()

    def _rested(self, until: datetime.datetime | None, begun: float) -> datetime.datetime | None:
        """When to look again after a run that began at ``begun``, on the steady clock."""
        took = self._clock.monotonic() - begun
        if until is None or took < _LONG_RUN:
            return until
        rest = datetime.timedelta(seconds=min(_REST * took, _LONGEST_REST))
        return max(until, self._clock.now() + rest)

    def _again(
        self, session: records.Session, until: datetime.datetime | None
    ) -> datetime.datetime | None:
        """When the session is due: at once when something came in while it was worked on."""
        row = self._store.wakes(session.session_id)
        return self._clock.now() if row is not None and row != session.wakes else until

    # One run of a handler

    def _step(self, hold: Hold) -> Wait | None:
        """Run the handler once. :returns: what to wait for; None when the state changed."""
        session = hold.session
        try:
            workflow = self._plugins.workflow(session.workflow)(hold)
        except exceptions.FenixError as error:
            self._fail(hold, str(error))
            return None
        try:
            outcome = workflow.handle()
            if hold.noted("trouble_since"):
                hold.note("trouble_since", None)
        except Fatal as error:
            self._fail(hold, str(error))
            return None
        except (exceptions.LostLease, advance.Stale, *trouble.PASSING):
            raise
        except (Retry, exceptions.CloudError) as error:
            return self._trouble(hold, error)
        except exceptions.FenixError as error:
            self._fail(hold, str(error))
            return None
        except Exception as error:
            LOG.exception("Session %s: the workflow raised", session.session_id)
            self._fail(
                hold,
                f"internal error in state {session.state}: {type(error).__name__}: {error}; the "
                f"engine's log has the trace. Report it, then continue the session",
            )
            return None
        if isinstance(outcome, Go):
            self._move(hold, workflow.table.after(session.state, outcome.event))
            return None
        return outcome

    def _move(self, hold: Hold, state: str) -> None:
        session = hold.session
        LOG.info("Session %s: %s -> %s", session.session_id, session.state, state)
        hold.event("state", f"{session.state} -> {state}", before=session.state, after=state)
        session.prev_state, session.state = session.state, state
        if state == states.MAINTENANCE_DONE:
            session.percent_done = 100
            hold.changes.release_claims.update(h.hostname for h in hold.snapshot.session_hosts())
        hold.changes.session = True
        hold.tell_session()
        hold.save()

    def _fail(self, hold: Hold, reason: str) -> None:
        session = hold.session
        LOG.error("Session %s failed in %s: %s", session.session_id, session.state, reason)
        session.failed_state, session.reason = session.state, reason
        hold.note(resuming.STOPPED, hold.now().isoformat())
        for wait in hold.snapshot.waits:
            if wait.status == "open":
                wait.status = "withdrawn"
                hold.touch_wait(wait, wait.replied_at)
        hold.event("failure", reason, state=session.state)
        hold.changes.release_claims.update(
            h.hostname
            for h in hold.snapshot.session_hosts()
            if h.phase == "pending" and not h.disabled
        )
        self._move(hold, states.MAINTENANCE_FAILED)

    def _trouble(self, hold: Hold, error: exceptions.FenixError) -> Wait | None:
        """Something outside does not work just now: try again, for a bounded time."""
        session, now = hold.session, self._clock.now()
        known = hold.noted("trouble_since")
        since = datetime.datetime.fromisoformat(known["at"]) if known else now
        pause = min(known["pause"] * 2, _LONGEST_PAUSE) if known else _FIRST_PAUSE
        if isinstance(error, Retry):
            pause = error.delay
        limit = self._conf.workflow.cloud_retry_time
        refused = isinstance(error, exceptions.CloudError) and not error.retriable
        if refused or (now - since).total_seconds() > limit:
            tried = "" if refused else f" (tried for {limit} s)"
            self._fail(
                hold,
                f"in state {session.state}: {error}{tried}. Remove the cause, then continue the "
                f"session",
            )
            return None
        LOG.warning("Session %s: %s; again in %.1f s", session.session_id, error, pause)
        if known is None:
            hold.event("warning", f"{error}; trying again")
        hold.note("trouble_since", {"at": since.isoformat(), "pause": pause})
        return Wait(now + datetime.timedelta(seconds=pause), str(error))

    def _settle(self, hold: Hold) -> datetime.datetime | None:
        """After a failure: what the cloud still works on comes to its end, nothing new starts."""
        if not hold.snapshot.under_way() and not hold.noted("impacts"):
            return None
        return self._until(self._tidy(hold, "settle"))

    @staticmethod
    def _until(wait: Wait | None) -> datetime.datetime | None:
        return None if wait is None else wait.until

    def _tidy(self, hold: Hold, verb: str) -> Wait | None:
        session = hold.session
        try:
            workflow = self._plugins.workflow(session.workflow)(hold)
            done: Wait | None = getattr(workflow, verb)()
        except (exceptions.LostLease, advance.Stale):
            raise
        except exceptions.FenixError as error:
            LOG.warning("Session %s: %s does not work yet: %s", session.session_id, verb, error)
            return Wait(self._clock.now() + datetime.timedelta(seconds=_TIDY_PAUSE), str(error))
        return done

    def _abort(self, hold: Hold) -> datetime.datetime | None:
        """Carry out ``abort``. :returns: when to look again; None when all is put back."""
        wait = self._tidy(hold, "stop")
        if wait is not None:
            return wait.until
        session = hold.session
        if session.state != states.MAINTENANCE_FAILED:
            session.failed_state = session.state
            hold.note(resuming.STOPPED, hold.now().isoformat())
        session.command, session.reason = None, resuming.ABORTED
        hold.changes.release_claims.update(h.hostname for h in hold.snapshot.session_hosts())
        hold.event("end", "aborted: every host is put back")
        if session.state == states.MAINTENANCE_FAILED:
            hold.changes.session = True
        else:
            self._move(hold, states.MAINTENANCE_FAILED)
        LOG.info("Session %s is aborted", session.session_id)
        return None

    def _delete(self, hold: Hold) -> datetime.datetime | None:
        """Carry out DELETE. :returns: when to look again; None when the session is erased."""
        wait = self._tidy(hold, "stop")
        if wait is not None:
            return wait.until
        hold.event("end", "deleted")
        hold.save()
        self._store.erase(hold.session)
        LOG.info("Session %s is deleted", hold.session.session_id)
        self._on_end(hold.session.session_id)
        return None
