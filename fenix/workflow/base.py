"""The contract of workflow plug-ins, and the verbs that they are written with.

A workflow has one method per state, named like the state in lower case. Each runs to a point
where it has nothing to do, and answers with an outcome; it is run again when a reply or a
result comes in or its time has come, on this engine or another. So a method must find out from
the rows how far it got: the verbs here do.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Sequence
from typing import Any, ClassVar

from fenix import exceptions, states
from fenix.db import records
from fenix.db import runs as db_runs
from fenix.planner.model import Times
from fenix.planner.plan import Plan
from fenix.workflow import progress
from fenix.workflow.acting import LOCALHOST, Acting
from fenix.workflow.asking import Asking
from fenix.workflow.hold import Hold
from fenix.workflow.inventory import Inventory
from fenix.workflow.moving import OWN, PLANNED, Moving
from fenix.workflow.outcome import Fatal, Outcome, Wait
from fenix.workflow.outside import Outside
from fenix.workflow.reserved import Reserved
from fenix.workflow.resuming import ONE_HOST, Resuming
from fenix.workflow.upkeep import Upkeep
from fenix.workflow.watching import Watching

_LONG = 60.0


class BaseWorkflow:
    """What every workflow can do; a plug-in inherits it and adds its states."""

    #: States and moves; ``states.Table.of({...})``, or ``states.TABLE.extended({...})``. There is
    #: a method for each state but the last two.
    table: ClassVar[states.Table] = states.TABLE
    #: JSON schema of a session's ``parameters``; None: it takes none.
    parameters: ClassVar[dict[str, Any] | None] = None
    #: Types of actions that it runs; a session with another type is refused.
    action_types: ClassVar[frozenset[str]] = frozenset(
        {"pre", "host", "controller", "compute", "post"}
    )

    def __init__(self, hold: Hold) -> None:
        self.hold = hold
        self.conf = hold.conf.workflow
        self.snapshot = hold.snapshot
        self.asking = Asking(hold)
        self.acting = Acting(hold)
        self.inventory = Inventory(hold)
        self.reserved = Reserved(hold)
        self.moving = Moving(hold, self.inventory)
        self.watching = Watching(hold, self.inventory, self.moving)
        self.upkeep = Upkeep(hold, self.acting, Outside(hold, self.inventory))
        self.resuming = Resuming(hold, self.upkeep, self.acting)

    def plan(self, times: Times) -> Plan:
        """What the session would do, found out without doing anything.

        Called instead of :meth:`handle`, on a session that is never written.

        :param times: how long things take, in seconds.
        :raises Unprocessable: the workflow cannot tell; one that can overrides this.
        """
        raise exceptions.Unprocessable(
            f"workflow: {self.session.workflow} cannot tell beforehand what it does"
        )

    def obstacles(self) -> list[str]:
        """Why the session would stop before any work, whatever the hosts; after :meth:`plan`."""
        return []

    @property
    def session(self) -> records.Session:
        """The session's row."""
        return self.hold.session

    @property
    def given(self) -> dict[str, Any]:
        """The session's ``parameters``, which fit the schema of the workflow."""
        found: dict[str, Any] = self.session.settings.get("parameters") or {}
        return found

    def handle(self) -> Outcome:
        """Run the method of the session's state.

        :raises Fatal: the session fails with that reason.
        :raises Retry: the method is run again later.
        """
        if not self.hold.noted("announced"):
            self.hold.tell_session()
            self.hold.note("announced", True)
        self.resuming.take_up()
        if self.hold.noted("continued"):
            self.continued()
            self.hold.note("continued", None)
        method = getattr(self, self.session.state.lower(), None)
        if method is None:
            raise Fatal(f"the workflow {self.session.workflow} has no state {self.session.state}")
        outcome: Outcome = method()
        return outcome

    def continued(self) -> None:
        """The admin continues the session after it failed: try again what had failed.

        When he named a host to retry or skip, other hosts that have failed stay so.
        """
        state = self.session.state
        if self.hold.noted("continued") != ONE_HOST:
            for host in self.snapshot.session_hosts():
                self.upkeep.retry(host)
        self.acting.allow_again()
        for instance in self.snapshot.alive():
            self.resuming.ask_again(instance)
        if self.hold.noted("discovered"):
            # The admin may have freed capacity, or added a host.
            self.inventory.discover()
            self.snapshot.tried.clear()
        if state == states.MAINTENANCE_COMPLETE:
            # Asking again would make managers scale again: going on is what the admin wants.
            self.hold.note(f"settled_{state}", True)
            self.asking.wait_no_longer(state)
            return
        for project in self.snapshot.projects.values():
            if project.state in (f"SILENT_{state}", f"NACK_{state}"):
                project.state = None
                self.hold.touch(project)

    # Verbs

    def soon(self) -> datetime.datetime:
        """When to look at the cloud again while something happens there."""
        return self.hold.after(self.hold.conf.engine.cloud_poll_interval)

    def for_a_result(self, why: str) -> Wait:
        """Wait for an action; its end wakes the session."""
        return Wait(self.hold.after(_LONG), why)

    def run_once(self, kind: str) -> bool:
        """Run the actions of a type that are not for a host (``pre``, ``post``).

        :returns: True when all have ended well.
        """
        return self.acting.finished([kind], LOCALHOST)

    def ask_everyone(
        self,
        state: str,
        *,
        seconds: float | None = None,
        not_before: datetime.datetime | None = None,
        metadata: dict[str, dict[str, Any]] | None = None,
        also_without_instances: bool = False,
        only: Collection[str] | None = None,
    ) -> Wait | None:
        """Ask every project with instances (of ``only``), and wait for all of them.

        :returns: the wait; None when every project has answered or its time is over.
        """
        due = self.asking.everyone(
            state,
            seconds=self.conf.project_maintenance_reply if seconds is None else seconds,
            not_before=not_before,
            metadata=metadata,
            also_without_instances=also_without_instances,
            only=only,
        )
        return None if due is None else Wait(due, f"projects answer {state}")

    def progress(self) -> None:
        """Bring ``percent_done`` up to date."""
        self.session.percent_done = progress.percent(self.snapshot.session_hosts())
        self.hold.changes.session = True

    def settle(self) -> Wait | None:
        """The session has failed: let moves that Nova still works on come to their end.

        Nothing new starts, and no cold migration is left unconfirmed.

        :returns: when to look again; None when nothing is under way any more.
        """
        self._withdraw()
        self._watch_only()
        if self.snapshot.under_way():
            return Wait(self.soon(), "moves under way end")
        return None

    def _watch_only(self) -> None:
        self.watching.watch(
            on_fatal=lambda _, error: self.hold.event("warning", str(error)), begin=False
        )

    def stop(self) -> Wait | None:
        """Take the session back: moves under way end, hosts are put back as they were.

        Each host is put back as soon as nothing happens on it any more.

        :returns: when to look again; None when everything is as it was before.
        """
        wait = self.settle()
        self.acting.give_up_dead()
        busy = {run.hostname for run in self.acting.unfinished()}
        for host in self.snapshot.session_hosts():
            if host.hostname not in busy and not self.moving.leaving(host.hostname):
                self.upkeep.put_back(host)
        if wait is None and busy:
            return Wait(self.hold.after(self.hold.conf.engine.lease), "host actions end")
        return wait

    def pause(self) -> Wait | None:
        """Moves under way come to their end; nothing new starts, nobody's silence counts.

        A move that cannot go on is given up, and planned anew when the session is resumed.

        :returns: when to look again; None when nothing is under way any more.
        """
        self._watch_only()
        if any(i.move_phase != PLANNED for i in self.snapshot.under_way()):
            return Wait(self.soon(), "moves under way end")
        return None

    def _withdraw(self) -> None:
        for wait in self.snapshot.waits:
            self.asking.withdraw(wait)
        for run in self.snapshot.runs:
            if run.state == db_runs.PENDING:
                run.state, run.result = db_runs.FAILED, "withdrawn"
                self.hold.changes.runs.append(run)
        for instance in self.snapshot.under_way():
            if instance.move_phase in (PLANNED, OWN):
                self.snapshot.set_phase(instance, None)
                self.hold.touch(instance)

    def names(self, hosts: Sequence[records.Host]) -> str:
        """Host names for a message."""
        return ", ".join(sorted(h.hostname for h in hosts))
